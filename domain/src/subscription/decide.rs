//! What follows from asking something of a subscription.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    GrantedLicence, LICENCES_PER_EVENT, ProvisionedSeat, StartSubscription, SubscriptionCommand, SubscriptionEvent,
    SubscriptionStarted, SubscriptionState,
};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &SubscriptionState,
    asked: &Asked<'_, SubscriptionCommand>,
) -> Result<Decided<SubscriptionEvent>, Refusal> {
    match (state, asked.command) {
        (SubscriptionState::Unknown, SubscriptionCommand::Start(start)) => begin(start),
        (SubscriptionState::Unknown, _) => Err(Refusal::NotFound),
        // Its id follows from order and line, so this is the same subscription, seen again.
        (SubscriptionState::Known(_), SubscriptionCommand::Start(_)) => Ok(Decided::nothing()),
        (SubscriptionState::Known(known), _) => Err(Refusal::InvalidState { state: known.core.status.name() }),
    }
}

fn begin(start: &StartSubscription) -> Result<Decided<SubscriptionEvent>, Refusal> {
    let started = &start.started;
    if u32::try_from(start.seats.len()) != Ok(started.quantity) {
        return Err(Refusal::SeatCountMismatch { seats: start.seats.len(), quantity: started.quantity });
    }
    let licences: Vec<GrantedLicence> =
        (1..).zip(&start.seats).map(|(ordinal, seat)| granted(started, ordinal, seat)).collect();
    let secrets: Vec<PersonalData> = licences
        .iter()
        .zip(&start.seats)
        .map(|(licence, seat)| secret(started.customer_id, licence.key, &seat.key))
        .collect();
    let portions = licences
        .chunks(LICENCES_PER_EVENT)
        .map(|licences| SubscriptionEvent::LicencesGranted { licences: licences.to_vec() });
    let mut events = vec![SubscriptionEvent::SubscriptionStarted(Box::new(started.clone()))];
    events.extend(portions);
    Ok(Decided::from(events).with_personal(secrets))
}

/// `ordinal` counts from 1.
fn granted(started: &SubscriptionStarted, ordinal: u32, seat: &ProvisionedSeat) -> GrantedLicence {
    let licence_id = ids::licence(started.subscription_id, ordinal);
    GrantedLicence {
        licence_id,
        ordinal,
        seat_id: seat.seat_id.clone(),
        key: PersonalRef { subject: licence_id, revision: 1 },
        added_on: started.starts_on,
    }
}

fn secret(customer_id: Uuid, reference: PersonalRef, key: &str) -> PersonalData {
    let fields = Map::from_iter([("key".to_owned(), Value::from(key))]);
    PersonalData { reference, customer_id, kind: PersonalKind::Secret, fields }
}
