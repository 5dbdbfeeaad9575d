//! What may happen to a billing run.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    BilledParty, BillingDiscrepancy, BillingRun, BillingRunCommand, BillingRunEvent, BillingRunState, Discrepancy,
    DiscrepancyNote, DiscrepancyResolution, RunStatus,
};
use crate::billing::ProviderLine;
use crate::billing::lines::{EVENT_ENTRIES, in_events};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &BillingRunState,
    asked: &Asked<'_, BillingRunCommand>,
) -> Result<Decided<BillingRunEvent>, Refusal> {
    use BillingRunCommand as C;
    match (state, asked.command) {
        (BillingRunState::Unknown, C::Start(started)) => Ok(BillingRunEvent::BillingRunStarted(started.clone()).into()),
        // Its id is its natural key: it has been started already.
        (BillingRunState::Known(_), C::Start(_)) => Ok(Decided::nothing()),
        (BillingRunState::Known(run), command) => go_on(run, command),
        (
            BillingRunState::Unknown,
            C::Import { .. }
            | C::Find(_)
            | C::Resolve { .. }
            | C::Park { .. }
            | C::Bill { .. }
            | C::Complete
            | C::Retry,
        ) => Err(Refusal::NotFound),
    }
}

fn go_on(run: &BillingRun, command: &BillingRunCommand) -> Result<Decided<BillingRunEvent>, Refusal> {
    use BillingRunCommand as C;
    use RunStatus as S;
    match (run.status, command) {
        (S::Waiting | S::Running, C::Import { account_id, customer_id, lines }) => {
            Ok(imported(*account_id, *customer_id, lines).into())
        }
        (S::Waiting | S::Running, C::Find(found)) => Ok(found_once(run, found)),
        (_, C::Resolve { discrepancy_id, resolution, note }) => {
            let discrepancy = run.discrepancies.get(discrepancy_id).ok_or(Refusal::NotFound)?;
            resolve(discrepancy, *resolution, note.as_ref())
        }
        (S::Waiting | S::Running, C::Park { account_id, customer_id, reason }) => {
            if run.parked.contains_key(account_id) {
                return Ok(Decided::nothing());
            }
            let event = BillingRunEvent::AccountParked {
                account_id: *account_id,
                customer_id: *customer_id,
                reason: reason.clone(),
            };
            Ok(event.into())
        }
        (S::Waiting | S::Running, C::Bill { parties }) => billed(run, parties),
        (S::Waiting | S::Running, C::Complete) => {
            Ok(BillingRunEvent::BillingRunCompleted { counts: run.counts }.into())
        }
        (S::Completed, C::Complete) => Ok(Decided::nothing()),
        // What is parked can be tried again before the run is over, too.
        (_, C::Retry) if run.parked.is_empty() => Ok(Decided::nothing()),
        (_, C::Retry) => Ok(BillingRunEvent::BillingRunRetried {}.into()),
        (S::Completed, C::Import { .. } | C::Find(_) | C::Park { .. } | C::Bill { .. }) | (_, C::Start(_)) => {
            Err(Refusal::InvalidState { state: run.status.name() })
        }
    }
}

fn imported(account_id: Uuid, customer_id: Uuid, lines: &[ProviderLine]) -> Vec<BillingRunEvent> {
    let parts = in_events(lines).into_iter();
    parts.map(|lines| BillingRunEvent::ProviderChargesImported { account_id, customer_id, lines }).collect()
}

fn found_once(run: &BillingRun, found: &BillingDiscrepancy) -> Decided<BillingRunEvent> {
    if run.discrepancies.contains_key(&found.discrepancy_id) {
        return Decided::nothing();
    }
    BillingRunEvent::BillingDiscrepancyFound(Box::new(found.clone())).into()
}

fn resolve(
    discrepancy: &Discrepancy,
    resolution: DiscrepancyResolution,
    note: Option<&DiscrepancyNote>,
) -> Result<Decided<BillingRunEvent>, Refusal> {
    match discrepancy.resolution {
        Some(already) if already == resolution => Ok(Decided::nothing()),
        Some(_) => Err(Refusal::InvalidState { state: discrepancy.status() }),
        None => {
            let found = &discrepancy.found;
            let note = note.map(|note| words(found.discrepancy_id, found.customer_id, note));
            let event = BillingRunEvent::BillingDiscrepancyResolved {
                discrepancy_id: found.discrepancy_id,
                resolution,
                note: note.as_ref().map(|note| note.reference),
            };
            Ok(Decided::from(event).with_personal(note))
        }
    }
}

fn words(discrepancy_id: Uuid, customer_id: Uuid, note: &DiscrepancyNote) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(discrepancy_id, "note"), revision: 1 };
    let fields = Map::from_iter([("note".to_owned(), Value::from(note.text.as_str()))]);
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields }
}

fn billed(run: &BillingRun, parties: &[BilledParty]) -> Result<Decided<BillingRunEvent>, Refusal> {
    let mut seen = BTreeSet::new();
    if parties.iter().any(|party| run.is_done(party.customer_id) || !seen.insert(party.customer_id)) {
        return Err(Refusal::InvalidState { state: "done for that party" });
    }
    let parts = parties.chunks(EVENT_ENTRIES);
    let events = parts.map(|parties| BillingRunEvent::PartiesBilled { parties: parties.to_vec() });
    Ok(events.collect::<Vec<_>>().into())
}
