//! What may happen to a difference.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{DetectDrift, Drift, DriftCommand, DriftEvent, DriftField, DriftNote, DriftResolution, DriftState};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(state: &DriftState, asked: &Asked<'_, DriftCommand>) -> Result<Decided<DriftEvent>, Refusal> {
    match (state, asked.command) {
        (DriftState::Unknown, DriftCommand::Detect(seen)) => Ok(detected(seen).into()),
        (DriftState::Known(drift), DriftCommand::Detect(seen)) => Ok(seen_again(drift, seen)),
        (DriftState::Known(drift), DriftCommand::Resolve { resolution, account_id, note }) => {
            resolve(drift, (*resolution, *account_id), note.as_ref())
        }
        (DriftState::Unknown, DriftCommand::Resolve { .. }) => Err(Refusal::NotFound),
    }
}

fn detected(seen: &DetectDrift) -> DriftEvent {
    DriftEvent::DriftDetected {
        drift_id: seen.drift_id,
        provider_account_id: seen.provider_account_id.clone(),
        provider_subscription_id: seen.provider_subscription_id.clone(),
        subscription_id: seen.subscription_id,
        customer_id: seen.customer_id,
        field: seen.field,
        ours: seen.ours.clone(),
        theirs: seen.theirs.clone(),
        revision: seen.revision,
    }
}

/// A value that differs at one revision differs once, unless the provider would not make it ours again. A whole
/// subscription may go missing, come back and go missing again, all at one revision. What the operator chose to ignore
/// stays ignored.
fn seen_again(drift: &Drift, seen: &DetectDrift) -> Decided<DriftEvent> {
    match (drift.resolution, drift.field) {
        (Some(DriftResolution::Corrected), _)
        | (Some(DriftResolution::Adopted), DriftField::Unknown | DriftField::Missing) => detected(seen).into(),
        (None | Some(DriftResolution::Ignored), _)
        | (
            Some(DriftResolution::Adopted),
            DriftField::Quantity | DriftField::EndsOn | DriftField::Status | DriftField::Renewal,
        ) => Decided::nothing(),
    }
}

/// What is decided stays decided: the same once more is no news, anything else is refused.
fn resolve(
    drift: &Drift,
    (resolution, account_id): (DriftResolution, Option<Uuid>),
    note: Option<&DriftNote>,
) -> Result<Decided<DriftEvent>, Refusal> {
    match drift.resolution {
        None => {
            let note = note.map(|note| words(drift, note));
            let reference = note.as_ref().map(|note| note.reference);
            let event = DriftEvent::DriftResolved { resolution, account_id, note: reference };
            Ok(Decided::from(event).with_personal(note))
        }
        Some(already) if already == resolution && drift.account_id == account_id => Ok(Decided::nothing()),
        Some(already) => Err(Refusal::InvalidState { state: already.name() }),
    }
}

/// A difference about nobody's subscription has a note about no customer: erasing one does not reach it.
fn words(drift: &Drift, note: &DriftNote) -> PersonalData {
    let reference =
        PersonalRef { subject: ids::subject(drift.id, "note"), revision: drift.note_revision.saturating_add(1) };
    let fields = Map::from_iter([("note".to_owned(), Value::from(note.text.as_str()))]);
    let customer_id = drift.customer_id.unwrap_or(Uuid::nil());
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields }
}
