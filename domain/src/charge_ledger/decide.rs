//! What may happen to an account's charge ledger.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{ChargeLedgerCommand, ChargeLedgerEvent, ChargeLedgerState};
use crate::billing::lines::EVENT_ENTRIES;
use crate::billing::{ChargeKey, ProviderLine};
use crate::billing_run::DiscrepancyResolution;
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &ChargeLedgerState,
    asked: &Asked<'_, ChargeLedgerCommand>,
) -> Result<Decided<ChargeLedgerEvent>, Refusal> {
    use ChargeLedgerCommand as C;
    match asked.command {
        C::Import { run_id, line_ids } => Ok(import(state, *run_id, line_ids).into()),
        C::Bill { document_id, charges, passed_on } => bill(state, *document_id, charges, passed_on),
        C::Release { document_id } => Ok(release(state, *document_id)),
        C::Note { run_id, discrepancies } => Ok(note(state, *run_id, discrepancies).into()),
        C::Settle { discrepancy_id, resolution, charges, lines } => {
            settle(state, *discrepancy_id, *resolution, charges, lines)
        }
    }
}

fn import(state: &ChargeLedgerState, run_id: Uuid, line_ids: &[String]) -> Vec<ChargeLedgerEvent> {
    let new = each_once(line_ids, |id| state.imported.contains(id));
    let parts = new.chunks(EVENT_ENTRIES);
    parts.map(|line_ids| ChargeLedgerEvent::ProviderLinesImported { run_id, line_ids: line_ids.to_vec() }).collect()
}

/// A charge is on one document at most, and once on that.
fn bill(
    state: &ChargeLedgerState,
    document_id: Uuid,
    charges: &[ChargeKey],
    passed_on: &[String],
) -> Result<Decided<ChargeLedgerEvent>, Refusal> {
    let charges = each_once(charges, |charge| state.is_billed_on(document_id, charge));
    let passed_on = each_once(passed_on, |id| state.is_passed_on_with(document_id, id));
    let taken = charges.iter().any(|charge| state.is_billed(charge));
    let unknown = passed_on.iter().any(|id| !state.to_pass_on().any(|line| line.line_id == *id));
    if taken || unknown {
        return Err(Refusal::InvalidState { state: "billed" });
    }
    let count = charges.len().max(passed_on.len());
    let part_of = |n: usize, len: usize| n.min(len)..(n + EVENT_ENTRIES).min(len);
    let events = (0..count).step_by(EVENT_ENTRIES).map(|n| ChargeLedgerEvent::ChargesBilled {
        document_id,
        charges: charges[part_of(n, charges.len())].to_vec(),
        passed_on: passed_on[part_of(n, passed_on.len())].to_vec(),
    });
    Ok(events.collect::<Vec<_>>().into())
}

fn release(state: &ChargeLedgerState, document_id: Uuid) -> Decided<ChargeLedgerEvent> {
    let passes_on = state.passed_on.iter().any(|passed| passed.document_id == Some(document_id));
    if passes_on || state.billed.contains_key(&document_id) {
        return ChargeLedgerEvent::ChargesReleased { document_id }.into();
    }
    Decided::nothing()
}

fn note(state: &ChargeLedgerState, run_id: Uuid, discrepancies: &[Uuid]) -> Vec<ChargeLedgerEvent> {
    let new = each_once(discrepancies, |id| state.discrepancies.contains_key(id));
    let parts = new.chunks(EVENT_ENTRIES);
    parts.map(|part| ChargeLedgerEvent::DiscrepanciesNoted { run_id, discrepancies: part.to_vec() }).collect()
}

/// A line that is passed on already, whatever difference it was settled with, is not passed on once more.
fn settle(
    state: &ChargeLedgerState,
    discrepancy_id: Uuid,
    resolution: DiscrepancyResolution,
    charges: &[ChargeKey],
    lines: &[ProviderLine],
) -> Result<Decided<ChargeLedgerEvent>, Refusal> {
    let noted = state.discrepancies.get(&discrepancy_id).ok_or(Refusal::NotFound)?;
    match noted.resolution {
        Some(already) if already == resolution => Ok(Decided::nothing()),
        Some(already) => Err(Refusal::InvalidState { state: already.status() }),
        None => {
            let (charges, mut lines, mut seen) = (charges.to_vec(), lines.to_vec(), BTreeSet::new());
            lines.retain(|line| !state.is_passed_on(&line.line_id) && seen.insert(line.line_id.clone()));
            Ok(ChargeLedgerEvent::DiscrepancySettled { discrepancy_id, resolution, charges, lines }.into())
        }
    }
}

/// What is not there yet, in its order.
fn each_once<T: Ord + Clone>(all: &[T], is_there: impl Fn(&T) -> bool) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.iter().filter(|one| !is_there(one) && seen.insert(*one)).cloned().collect()
}
