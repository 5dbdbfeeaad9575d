//! Licences that come and go with their seats.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::subscription::{
    GrantedLicence, LICENCES_PER_EVENT, ProvisionedSeat, Subscription, SubscriptionEvent, SubscriptionStarted,
};
use crate::{Decided, PersonalData, PersonalKind, PersonalRef, ids};

/// As many seats as the quantity says, at least one, none named twice.
pub(super) fn are_all_named(seats: &[ProvisionedSeat], quantity: u32) -> bool {
    !seats.is_empty() && are_different(seats) && u32::try_from(seats.len()) == Ok(quantity)
}

/// No more seats than were ordered, none named twice. Some may be gone before anybody looked: that is observed next.
pub(super) fn may_begin(seats: &[ProvisionedSeat], ordered: u32) -> bool {
    ordered > 0 && are_different(seats) && u32::try_from(seats.len()).is_ok_and(|seats| seats <= ordered)
}

fn are_different(seats: &[ProvisionedSeat]) -> bool {
    let names: HashSet<&str> = seats.iter().map(|seat| seat.seat_id.as_str()).collect();
    names.len() == seats.len()
}

/// Adds what makes the licences the provider's list of seats: those of surviving seats stay as they are.
pub(super) fn follow(
    decided: Decided<SubscriptionEvent>,
    known: &Subscription,
    seats: &[ProvisionedSeat],
    day: NaiveDate,
) -> Decided<SubscriptionEvent> {
    let (gone, new) = known.licences.compared(seats);
    let mut decided = decided;
    let removed = gone.chunks(LICENCES_PER_EVENT);
    decided.events.extend(removed.map(|ordinals| SubscriptionEvent::LicencesRemoved { ordinals: ordinals.to_vec() }));
    let first = known.core.last_ordinal.saturating_add(1);
    granted(decided, &known.core.started, first, (new, day))
}

/// Adds licences for new seats, counted on from the ordinal `first`, and their keys.
pub(super) fn granted<'a>(
    decided: Decided<SubscriptionEvent>,
    started: &SubscriptionStarted,
    first: u32,
    (seats, day): (impl IntoIterator<Item = &'a ProvisionedSeat>, NaiveDate),
) -> Decided<SubscriptionEvent> {
    let numbered = (first..).zip(seats);
    let (licences, secrets): (Vec<_>, Vec<_>) =
        numbered.map(|(ordinal, seat)| licence(started, ordinal, (seat, day))).unzip();
    let mut decided = decided.with_personal(secrets);
    let portions = licences.chunks(LICENCES_PER_EVENT);
    decided.events.extend(portions.map(|some| SubscriptionEvent::LicencesGranted { licences: some.to_vec() }));
    decided
}

/// `ordinal` counts from 1.
fn licence(
    started: &SubscriptionStarted,
    ordinal: u32,
    (seat, added_on): (&ProvisionedSeat, NaiveDate),
) -> (GrantedLicence, PersonalData) {
    let licence_id = ids::licence(started.subscription_id, ordinal);
    let key = PersonalRef { subject: licence_id, revision: 1 };
    let licence = GrantedLicence { licence_id, ordinal, seat_id: seat.seat_id.clone(), key, added_on };
    (licence, secret(started.customer_id, key, &seat.key))
}

fn secret(customer_id: Uuid, reference: PersonalRef, key: &str) -> PersonalData {
    let fields = Map::from_iter([("key".to_owned(), Value::from(key))]);
    PersonalData { reference, customer_id, kind: PersonalKind::Secret, fields }
}
