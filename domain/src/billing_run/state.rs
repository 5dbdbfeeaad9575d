//! What a billing run is, folded from its events.

mod summary;

pub use summary::{PARKED_NAMED, RunSummary};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BillingDiscrepancy, BillingRunEvent, DiscrepancyResolution, RunCounts, StartedRun};
use crate::PersonalRef;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingRunState {
    /// There is none of this id.
    #[default]
    Unknown,
    Known(Box<BillingRun>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// For the provider to close its bills.
    Waiting,
    Running,
    Completed,
}

impl RunStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillingRun {
    pub started: StartedRun,
    pub status: RunStatus,
    pub counts: RunCounts,
    /// Billed parties that are done.
    pub done: BTreeSet<Uuid>,
    pub parked: BTreeMap<Uuid, ParkedAccount>,
    pub discrepancies: BTreeMap<Uuid, Discrepancy>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedAccount {
    pub customer_id: Uuid,
    /// In our words.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discrepancy {
    pub found: BillingDiscrepancy,
    /// `None` while it is open.
    pub resolution: Option<DiscrepancyResolution>,
    pub note: Option<PersonalRef>,
}

impl Discrepancy {
    /// `open`, or how it was resolved.
    pub fn status(&self) -> &'static str {
        self.resolution.map_or("open", DiscrepancyResolution::status)
    }
}

impl BillingRunState {
    pub fn known(&self) -> Option<&BillingRun> {
        match self {
            Self::Unknown => None,
            Self::Known(run) => Some(run),
        }
    }

    pub(super) fn evolve(&mut self, event: &BillingRunEvent) {
        match (&mut *self, event) {
            (state, BillingRunEvent::BillingRunStarted(started)) => {
                let run = BillingRun {
                    started: (**started).clone(),
                    status: RunStatus::Waiting,
                    counts: RunCounts::default(),
                    done: BTreeSet::new(),
                    parked: BTreeMap::new(),
                    discrepancies: BTreeMap::new(),
                };
                *state = Self::Known(Box::new(run));
            }
            (Self::Known(run), event) => run.evolve(event),
            // A stream begins with its start; without it there is nothing to fold into.
            (
                Self::Unknown,
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
}

impl BillingRun {
    fn evolve(&mut self, event: &BillingRunEvent) {
        match event {
            // It begins the run anew, see above.
            BillingRunEvent::BillingRunStarted(_) => {}
            BillingRunEvent::ProviderChargesImported { lines, .. } => {
                self.status = RunStatus::Running;
                self.counts.imported = self.counts.imported.saturating_add(u32::try_from(lines.len()).unwrap_or(0));
            }
            BillingRunEvent::BillingDiscrepancyFound(found) => {
                let discrepancy = Discrepancy { found: (**found).clone(), resolution: None, note: None };
                self.discrepancies.insert(found.discrepancy_id, discrepancy);
            }
            BillingRunEvent::BillingDiscrepancyResolved { discrepancy_id, resolution, note } => {
                if let Some(discrepancy) = self.discrepancies.get_mut(discrepancy_id) {
                    discrepancy.resolution = Some(*resolution);
                    discrepancy.note = *note;
                }
            }
            BillingRunEvent::AccountParked { account_id, customer_id, reason } => {
                self.status = RunStatus::Running;
                let parked = ParkedAccount { customer_id: *customer_id, reason: reason.clone() };
                self.parked.insert(*account_id, parked);
            }
            BillingRunEvent::PartiesBilled { parties } => {
                self.status = RunStatus::Running;
                for party in parties {
                    self.done.insert(party.customer_id);
                    self.counts.add(party);
                }
            }
            BillingRunEvent::BillingRunCompleted { .. } => self.status = RunStatus::Completed,
            BillingRunEvent::BillingRunRetried {} => {
                self.status = RunStatus::Running;
                self.parked.clear();
            }
        }
    }

    pub fn is_done(&self, party: Uuid) -> bool {
        self.done.contains(&party)
    }

    /// Differences nobody has resolved.
    pub fn open_discrepancies(&self) -> impl Iterator<Item = &Discrepancy> {
        self.discrepancies.values().filter(|discrepancy| discrepancy.resolution.is_none())
    }
}
