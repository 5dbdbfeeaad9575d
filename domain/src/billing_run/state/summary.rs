//! What people are shown of a billing run: the run without what grows with the number of parties and differences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::{BillingRunEvent, RunCounts, StartedRun};
use super::{BillingRun, ParkedAccount, RunStatus};

/// How many parked accounts are named; all of them are counted.
pub const PARKED_NAMED: usize = 100;

/// Folded from the same events as [`BillingRun`], and equal to what is made of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    pub started: StartedRun,
    pub status: RunStatus,
    pub counts: RunCounts,
    /// How many billed parties are done.
    pub parties: u32,
    /// Those with the lowest ids, at most [`PARKED_NAMED`].
    pub parked: BTreeMap<Uuid, ParkedAccount>,
    pub parked_accounts: u32,
    pub discrepancies: u32,
    /// Those nobody has resolved.
    pub open_discrepancies: u32,
}

impl From<&BillingRun> for RunSummary {
    fn from(run: &BillingRun) -> Self {
        let parked = run.parked.iter().take(PARKED_NAMED);
        Self {
            started: run.started.clone(),
            status: run.status,
            counts: run.counts,
            parties: count(run.done.len()),
            parked: parked.map(|(account_id, parked)| (*account_id, parked.clone())).collect(),
            parked_accounts: count(run.parked.len()),
            discrepancies: count(run.discrepancies.len()),
            open_discrepancies: count(run.open_discrepancies().count()),
        }
    }
}

impl RunSummary {
    /// Folds one event on; `None` is a run that nobody has started.
    pub fn evolve(summary: &mut Option<Self>, event: &BillingRunEvent) {
        match (&mut *summary, event) {
            (summary, BillingRunEvent::BillingRunStarted(started)) => *summary = Some(Self::new(started)),
            (Some(summary), event) => summary.go_on(event),
            // A stream begins with its start; without it there is nothing to fold into.
            (
                None,
                BillingRunEvent::ProviderChargesImported { .. }
                | BillingRunEvent::BillingDiscrepancyFound(_)
                | BillingRunEvent::BillingDiscrepancyResolved { .. }
                | BillingRunEvent::AccountParked { .. }
                | BillingRunEvent::PartiesBilled { .. }
                | BillingRunEvent::BillingRunCompleted { .. }
                | BillingRunEvent::BillingRunRetried {},
            ) => {}
        }
    }

    fn new(started: &StartedRun) -> Self {
        Self {
            started: started.clone(),
            status: RunStatus::Waiting,
            counts: RunCounts::default(),
            parties: 0,
            parked: BTreeMap::new(),
            parked_accounts: 0,
            discrepancies: 0,
            open_discrepancies: 0,
        }
    }

    fn go_on(&mut self, event: &BillingRunEvent) {
        match event {
            // It begins the run anew, see above.
            BillingRunEvent::BillingRunStarted(_) => {}
            BillingRunEvent::ProviderChargesImported { lines, .. } => {
                self.status = RunStatus::Running;
                self.counts.imported = self.counts.imported.saturating_add(count(lines.len()));
            }
            BillingRunEvent::BillingDiscrepancyFound(_) => {
                self.discrepancies = self.discrepancies.saturating_add(1);
                self.open_discrepancies = self.open_discrepancies.saturating_add(1);
            }
            BillingRunEvent::BillingDiscrepancyResolved { .. } => {
                self.open_discrepancies = self.open_discrepancies.saturating_sub(1);
            }
            BillingRunEvent::AccountParked { account_id, customer_id, reason } => {
                self.status = RunStatus::Running;
                self.parked_accounts = self.parked_accounts.saturating_add(1);
                let parked = ParkedAccount { customer_id: *customer_id, reason: reason.clone() };
                self.parked.insert(*account_id, parked);
                if self.parked.len() > PARKED_NAMED {
                    self.parked.pop_last();
                }
            }
            BillingRunEvent::PartiesBilled { parties } => {
                self.status = RunStatus::Running;
                self.parties = self.parties.saturating_add(count(parties.len()));
                parties.iter().for_each(|party| self.counts.add(party));
            }
            BillingRunEvent::BillingRunCompleted { .. } => self.status = RunStatus::Completed,
            BillingRunEvent::BillingRunRetried {} => {
                self.status = RunStatus::Running;
                self.parked.clear();
                self.parked_accounts = 0;
            }
        }
    }
}

fn count(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::super::{BilledParty, BillingRunState, DiscrepancyResolution};
    use super::*;
    use crate::billing::Period;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn found(n: u128) -> BillingRunEvent {
        let found = serde_json::json!({
            "discrepancy_id": id(n), "customer_id": id(1), "account_id": id(2), "subscription_id": null,
            "provider_subscription_id": "sub-1", "kind": "missing", "charge": "new", "from": "2026-10-03",
            "charges": [], "ours": null, "lines": [], "theirs": null,
        });
        BillingRunEvent::BillingDiscrepancyFound(serde_json::from_value(found).unwrap())
    }

    fn parked(n: u128) -> BillingRunEvent {
        BillingRunEvent::AccountParked { account_id: id(n), customer_id: id(1), reason: "gone".to_owned() }
    }

    /// Everything that happens to a run, more accounts parked than are named, the highest ids first.
    fn story() -> Vec<BillingRunEvent> {
        let started = StartedRun {
            run_id: id(9),
            period: Period::parse("2026-10").unwrap(),
            seller_entity: None,
            customer_id: None,
            on_demand: false,
            started_at: "2026-11-01T00:00:00Z".parse().unwrap(),
        };
        let party = BilledParty { customer_id: id(1), issued: 1, drafts: 1, credit_notes: 0, skipped: 2 };
        let resolution = DiscrepancyResolution::Accept;
        let settled = BillingRunEvent::BillingDiscrepancyResolved { discrepancy_id: id(20), resolution, note: None };
        let imported =
            BillingRunEvent::ProviderChargesImported { account_id: id(2), customer_id: id(1), lines: Vec::new() };
        let mut events = vec![BillingRunEvent::BillingRunStarted(Box::new(started)), imported, found(20), found(21)];
        events.extend((0..150).rev().map(|n| parked(1_000 + n)));
        events.push(BillingRunEvent::PartiesBilled {
            parties: [1, 2, 3].map(|n| BilledParty { customer_id: id(n), ..party }).into(),
        });
        events.extend([settled, BillingRunEvent::BillingRunCompleted { counts: RunCounts::default() }]);
        events.extend([BillingRunEvent::BillingRunRetried {}, parked(7)]);
        events
    }

    #[test]
    fn it_is_what_the_whole_run_comes_to_after_every_event() {
        let (mut state, mut summary) = (BillingRunState::Unknown, None);
        for event in story() {
            state.evolve(&event);
            RunSummary::evolve(&mut summary, &event);
            assert_eq!(summary, state.known().map(RunSummary::from), "{event:?}");
        }
        let summary = summary.unwrap();
        assert_eq!((summary.parties, summary.counts.skipped, summary.parked_accounts), (3, 6, 1));
        assert_eq!((summary.discrepancies, summary.open_discrepancies), (2, 1));
    }
}
