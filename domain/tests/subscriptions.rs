//! Subscriptions: given what happened, when something is asked, then this follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Utc};
use cqrs_es::test::TestFramework;
use domain::decider::{Folded, OwnedAsked, fold};
use domain::service::{BillingCycle, Term};
use domain::subscription::{
    LICENCES_PER_EVENT, ProvisionedSeat, Reducible, RenewalAction, StartSubscription, Subscription,
    SubscriptionCommand, SubscriptionCore, SubscriptionEvent, SubscriptionRules, SubscriptionStarted,
    SubscriptionState, SubscriptionStatus,
};
use domain::{Actor, Asked, Currency, Decided, Decider, Money, PersonalKind, Refusal, UnitPrice, ids};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const ORDER: Uuid = Uuid::from_u128(0x0d);
const CUSTOMER: Uuid = Uuid::from_u128(0xc);

fn at() -> DateTime<Utc> {
    "2026-10-03T09:00:00Z".parse().unwrap()
}

fn started(quantity: u32) -> SubscriptionStarted {
    SubscriptionStarted {
        subscription_id: ids::subscription(ORDER, 1),
        order_id: ORDER,
        line: 1,
        account_id: Uuid::from_u128(0xacc),
        customer_id: CUSTOMER,
        reseller_id: None,
        service_id: ids::service("ccp", "OB"),
        service_name: "Office Basic".to_owned(),
        sku: "OB".to_owned(),
        provider_subscription_id: "sub-1".to_owned(),
        quantity,
        unit_price: UnitPrice::rounded(Decimal::new(1750, 2), Currency::EUR),
        reseller_unit_price: None,
        unit_cost: Money::rounded(Decimal::new(14, 0), Currency::EUR),
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        starts_on: "2026-10-03".parse().unwrap(),
        ends_on: "2026-11-03".parse().unwrap(),
        cancellation_window_hours: Some(168),
        min_quantity: 1,
        max_quantity: 100_000,
        confirmed_at: at(),
        provider_revision: 1,
    }
}

fn start(quantity: u32, seats: u32) -> SubscriptionCommand {
    let seat = |n| ProvisionedSeat { seat_id: format!("seat-{n}"), key: format!("KEY-{n}") };
    let seats = (1..=seats).map(seat).collect();
    SubscriptionCommand::Start(Box::new(StartSubscription { started: started(quantity), seats }))
}

fn decide(state: &SubscriptionState, command: &SubscriptionCommand) -> Result<Decided<SubscriptionEvent>, Refusal> {
    SubscriptionRules::decide(state, &Asked { at: at(), by: &Actor::system("test"), command })
}

fn begun(quantity: u32) -> Decided<SubscriptionEvent> {
    decide(&SubscriptionState::default(), &start(quantity, quantity)).unwrap()
}

fn running(quantity: u32) -> Subscription {
    fold::<SubscriptionRules>(&begun(quantity).events).known().unwrap().clone()
}

fn asked(command: SubscriptionCommand) -> OwnedAsked<SubscriptionCommand> {
    OwnedAsked { at: at(), by: Actor::system("test"), command }
}

fn granted(event: &SubscriptionEvent) -> usize {
    match event {
        SubscriptionEvent::SubscriptionStarted(_) => 0,
        SubscriptionEvent::LicencesGranted { licences } => licences.len(),
    }
}

#[test]
fn a_start_grants_one_licence_per_seat_in_portions() {
    let decided = begun(1_201);
    assert_eq!(decided.events[0], SubscriptionEvent::SubscriptionStarted(Box::new(started(1_201))));
    let portions: Vec<usize> = decided.events[1..].iter().map(granted).collect();
    assert_eq!(portions, [LICENCES_PER_EVENT, LICENCES_PER_EVENT, 201]);
}

#[test]
fn keys_are_secrets_beside_the_log() {
    let decided = begun(2);
    let stored = serde_json::to_string(&decided.events).unwrap();
    assert!(!stored.contains("KEY-"), "{stored}");
    assert!(!format!("{:?}", start(2, 2)).contains("KEY-"));
    let second = &decided.personal[1];
    assert_eq!(second.reference.subject, ids::licence(ids::subscription(ORDER, 1), 2));
    assert_eq!((second.reference.revision, second.customer_id), (1, CUSTOMER));
    assert_eq!(second.kind, PersonalKind::Secret);
    assert_eq!(second.fields["key"], "KEY-2");
    assert_eq!(decided.personal.len(), 2);
}

#[test]
fn what_started_is_active_and_renews() {
    let Subscription { core, licences } = running(3);
    assert_eq!((core.status, core.quantity, core.licence_count), (SubscriptionStatus::Active, 3, 3));
    assert_eq!(
        (core.renewal.action, core.renewal.quantity, core.renewal.confirmed),
        (RenewalAction::Renew, None, true)
    );
    assert_eq!((core.ends_on, core.suspended_by), (started(3).ends_on, None));
    let seats: Vec<&str> = licences.iter().map(|licence| licence.seat_id.as_str()).collect();
    assert_eq!(seats, ["seat-1", "seat-2", "seat-3"]);
    assert_eq!(licences.get(3).unwrap().licence_id, ids::licence(core.started.subscription_id, 3));
    assert!(licences.iter().all(|licence| licence.added_on == core.started.starts_on && licence.assigned_to.is_none()));
}

#[test]
fn starting_again_is_nothing_new() {
    TestFramework::<Folded<SubscriptionRules>>::with(())
        .given(begun(5).events)
        .when(asked(start(5, 5)))
        .then_expect_events(vec![]);
}

#[test]
fn seats_must_match_the_quantity() {
    for (quantity, seats) in [(5, 4), (5, 6), (1, 0)] {
        let refused = TestFramework::<Folded<SubscriptionRules>>::with(())
            .given_no_previous_events()
            .when(asked(start(quantity, seats)))
            .inspect_result();
        assert!(refused.is_err(), "{quantity} seats ordered, {seats} provisioned");
    }
}

#[test]
fn the_window_counts_from_the_providers_confirmation() {
    let mut core = running(5).core;
    let until = "2026-10-10T09:00:00Z".parse().unwrap();
    assert_eq!(core.cancellable_until(), Some(until));
    assert_eq!(core.reducible(), Some(Reducible { to: 1, until: Some(until) }));
    core.started.cancellation_window_hours = Some(0);
    assert_eq!(core.cancellable_until(), Some(at()));
    core.started.cancellation_window_hours = None;
    assert_eq!(core.cancellable_until(), None);
    assert_eq!(core.reducible(), Some(Reducible { to: 1, until: None }));
    core.started.cancellation_window_hours = Some(u32::MAX);
    assert_eq!(core.cancellable_until(), Some(DateTime::<Utc>::MAX_UTC));
}

#[test]
fn licences_without_a_start_mean_nothing() {
    let orphan = &begun(2).events[1..];
    assert_eq!(fold::<SubscriptionRules>(orphan), SubscriptionState::Unknown);
    let mut core = None;
    orphan.iter().for_each(|event| SubscriptionCore::evolve(&mut core, event));
    assert_eq!(core, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_seat_gets_one_licence_of_its_own(quantity in 1u32..2_500) {
        let decided = begun(quantity);
        prop_assert!(decided.events.iter().all(|event| granted(event) <= LICENCES_PER_EVENT));
        let Subscription { core, licences } = fold::<SubscriptionRules>(&decided.events).known().unwrap().clone();
        prop_assert_eq!(core.licence_count, quantity);
        prop_assert!(licences.iter().map(|licence| licence.ordinal).eq(1..=quantity));
        let keys: Vec<_> = decided.personal.iter().map(|secret| secret.reference).collect();
        prop_assert!(licences.iter().map(|licence| licence.key).eq(keys));
    }

    #[test]
    fn a_stored_state_folds_on_like_the_whole(quantity in 1u32..2_500, split in 0usize..7) {
        let events = begun(quantity).events;
        let (before, after) = events.split_at(split.min(events.len()));
        let stored = serde_json::to_string(&fold::<SubscriptionRules>(before)).unwrap();
        let mut state: SubscriptionState = serde_json::from_str(&stored).unwrap();
        after.iter().for_each(|event| SubscriptionRules::evolve(&mut state, event));
        prop_assert_eq!(&state, &fold::<SubscriptionRules>(&events));
        prop_assert!(decide(&state, &start(quantity, quantity)).unwrap().events.is_empty());
    }

    #[test]
    fn the_core_folds_alone_to_the_same(quantity in 1u32..2_500) {
        let events = begun(quantity).events;
        let mut core = None;
        events.iter().for_each(|event| SubscriptionCore::evolve(&mut core, event));
        let whole = fold::<SubscriptionRules>(&events);
        prop_assert_eq!(core.as_ref(), whole.known().map(|known| &known.core));
    }
}
