//! Subscriptions: given what happened, when something is asked, then this follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use cqrs_es::test::TestFramework;
use domain::decider::{Folded, OwnedAsked, fold};
use domain::subscription::{
    LICENCES_PER_EVENT, RenewalAction, Subscription, SubscriptionCommand, SubscriptionCore, SubscriptionEvent,
    SubscriptionRules, SubscriptionState, SubscriptionStatus,
};
use domain::{Actor, Asked, Decided, Decider, PersonalKind, Refusal, ids};
use proptest::prelude::*;
use subscribing::{CUSTOMER, ORDER, START, start, started, time};

fn decide(state: &SubscriptionState, command: &SubscriptionCommand) -> Result<Decided<SubscriptionEvent>, Refusal> {
    SubscriptionRules::decide(state, &Asked { at: time(START), by: &Actor::system("test"), command })
}

fn begun(quantity: u32) -> Decided<SubscriptionEvent> {
    decide(&SubscriptionState::default(), &start(quantity, quantity)).unwrap()
}

fn running(quantity: u32) -> Subscription {
    fold::<SubscriptionRules>(&begun(quantity).events).known().unwrap().clone()
}

fn asked(command: SubscriptionCommand) -> OwnedAsked<SubscriptionCommand> {
    OwnedAsked { at: time(START), by: Actor::system("test"), command }
}

fn granted(event: &SubscriptionEvent) -> usize {
    match event {
        SubscriptionEvent::LicencesGranted { licences } => licences.len(),
        _ => 0,
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
fn no_seat_is_named_twice() {
    let mut twice = start(2, 2);
    if let SubscriptionCommand::Start(start) = &mut twice {
        start.seats[1] = start.seats[0].clone();
    }
    let refused = decide(&SubscriptionState::default(), &twice);
    assert_eq!(refused, Err(Refusal::SeatCountMismatch { seats: 2, quantity: 2 }));
}

#[test]
fn what_was_gone_before_anybody_looked_is_of_the_quantity_that_was_ordered() {
    for (quantity, seats) in [(5, 4), (1, 0)] {
        let begun = decide(&SubscriptionState::default(), &start(quantity, seats)).unwrap();
        let SubscriptionState::Known(known) = fold::<SubscriptionRules>(&begun.events) else { panic!("not begun") };
        assert_eq!((known.core.quantity, known.core.licence_count), (quantity, seats));
    }
}

#[test]
fn there_are_no_more_seats_than_were_ordered() {
    for (quantity, seats) in [(5, 6), (0, 0)] {
        let refused = TestFramework::<Folded<SubscriptionRules>>::with(())
            .given_no_previous_events()
            .when(asked(start(quantity, seats)))
            .inspect_result();
        assert!(refused.is_err(), "{quantity} seats ordered, {seats} provisioned");
    }
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
