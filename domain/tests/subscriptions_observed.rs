//! What the provider shows: what it confirms, what others changed there, renewals and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use domain::Refusal;
use domain::decider::Fact;
use domain::subscription::{
    Observation, RenewalAction, SubscriptionEvent as E, SubscriptionStatus as Status, SuspendedBy,
};
use subscribing::*;

const TODAY: &str = "2026-10-05T14:30:00Z";

fn names(events: &[E]) -> Vec<&'static str> {
    events.iter().map(Fact::name).collect()
}

fn quantity_confirmed(change_id: uuid::Uuid, from: u32, to: u32, revision: i64) -> E {
    E::QuantityChangeConfirmed {
        change_id,
        from,
        to,
        effective_on: day("2026-10-05"),
        confirmed_at: time(TODAY),
        provider_revision: revision,
    }
}

#[test]
fn what_is_seen_as_it_is_known_is_no_news() {
    let case = Case::of(5);
    let seen = case.seen();
    assert_eq!(case.when(observe(seen.clone())), Ok(vec![]));
    assert_eq!(case.when(observe(Observation { revision: 1, ..seen })), Ok(vec![]));
}

#[test]
fn what_is_not_newer_than_what_is_known_says_nothing() {
    let case = Case::of(5);
    for revision in [0, 1] {
        let older = Observation { revision, status: Status::Suspended, ..resized(case.seen(), 9, 6) };
        assert_eq!(case.when(observe(older)), Ok(vec![]));
    }
}

#[test]
fn a_confirmed_increase_brings_licences_for_its_seats() {
    let case = Case::of(2).at(TODAY).after(quantity(4, None));
    let decided = case.decide(&observe(resized(case.seen_done(), 4, 3))).unwrap();
    assert_eq!(decided.events[0], quantity_confirmed(CHANGE, 2, 4, 2));
    let [_, E::LicencesGranted { licences }] = decided.events.as_slice() else { panic!("{:?}", decided.events) };
    let granted: Vec<_> = licences.iter().map(|one| (one.ordinal, one.seat_id.as_str(), one.added_on)).collect();
    assert_eq!(granted, [(3, "seat-3", day("2026-10-05")), (4, "seat-4", day("2026-10-05"))]);
    assert_eq!((licences[0].licence_id, decided.personal.len()), (licence(3), 2));
    assert_eq!((&decided.personal[1].fields["key"], decided.personal[1].customer_id), (&"KEY-4".into(), CUSTOMER));
}

#[test]
fn a_confirmed_decrease_takes_the_licences_whose_seats_are_gone() {
    let case = Case::of(4).at(TODAY).after(assign(4, "Uma")).after(quantity(2, None));
    let mut seen = Observation { quantity: 2, ..case.seen_done() };
    seen.seats = vec![seat(1), seat(4)];
    let case = case.after(observe(seen));
    assert_eq!(case.history.last(), Some(&E::LicencesRemoved { ordinals: vec![2, 3] }));
    let known = case.known();
    assert_eq!((known.core.quantity, known.core.licence_count, known.licences.len()), (2, 2, 2));
    assert!(known.licences.get(4).unwrap().assigned_to.is_some(), "surviving seats keep their user");
    let grown = case.after(another(quantity(3, None))).at(TODAY);
    let seen = Observation { confirms: None, ..resized(grown.seen(), 3, 5) };
    let confirms = domain::subscription::ConfirmedChange { change_id: OTHER, effective_on: day("2026-10-05") };
    let grown = grown.after(observe(Observation { confirms: Some(confirms), ..seen }));
    assert_eq!(grown.known().licences.iter().map(|one| one.ordinal).collect::<Vec<_>>(), [1, 4, 5]);
}

#[test]
fn every_kind_of_change_is_confirmed_with_its_day() {
    let confirmed = |asked: Case, seen: Observation| {
        let events = asked.when(observe(seen.clone())).unwrap();
        let after = asked.after(observe(seen)).core();
        assert_eq!((after.change, after.provider_revision), (None, 2));
        (events, after)
    };
    let (change_id, effective_on, provider_revision) = (CHANGE, day("2026-10-05"), 2);
    let of = |command| Case::of(5).at(TODAY).after(command);

    let asked = of(cancel(None));
    let seen = Observation { status: Status::Cancelled, seats: Vec::new(), ..asked.seen_done() };
    let (events, after) = confirmed(asked, seen);
    assert_eq!(events, [E::CancellationConfirmed { change_id, effective_on, provider_revision }]);
    assert_eq!((after.status, after.licence_count), (Status::Cancelled, 5));

    let (from, to) = (day("2026-11-03"), day("2026-12-31"));
    let asked = of(extend("2026-12-31"));
    let seen = Observation { ends_on: to, ..asked.seen_done() };
    let (events, after) = confirmed(asked, seen);
    assert_eq!(events, [E::ExtensionConfirmed { change_id, from, to, effective_on, provider_revision }]);
    assert_eq!((after.starts_on, after.ends_on), (day("2026-10-03"), to));

    let by = SuspendedBy::Operator;
    let asked = of(suspend(by));
    let seen = Observation { status: Status::Suspended, ..asked.seen_done() };
    let (events, after) = confirmed(asked, seen);
    assert_eq!(events, [E::SuspensionConfirmed { change_id, by, effective_on, provider_revision }]);
    assert_eq!((after.status, after.suspended_by), (Status::Suspended, Some(by)));
}

#[test]
fn a_confirmed_resumption_lifts_the_suspension() {
    let asked = suspended(SuspendedBy::Customer).after(resume(SuspendedBy::Customer));
    let seen = Observation { status: Status::Active, ..asked.seen_done() };
    assert_eq!(asked.names(observe(seen.clone())), ["ResumptionConfirmed"]);
    let core = asked.after(observe(seen)).core();
    assert_eq!((core.status, core.suspended_by, core.change), (Status::Active, None, None));
}

#[test]
fn a_confirmation_that_cannot_be_seen_is_read_again() {
    let stale = |asked: &Case, seen: Observation| {
        for revision in [0, 1] {
            let seen = Observation { revision, ..seen.clone() };
            assert_eq!(asked.refusal(observe(seen)), Refusal::StaleObservation);
        }
    };
    for command in [quantity(8, None), cancel(None), extend("2026-12-31"), suspend(SuspendedBy::Customer)] {
        let asked = Case::of(5).after(command);
        stale(&asked, asked.seen_done());
    }
}

#[test]
fn a_confirmation_that_took_no_new_revision_counts_when_it_shows() {
    let asked = Case::of(5).at(TODAY).after(extend("2026-12-31"));
    let seen = Observation { revision: 1, ends_on: day("2026-12-31"), ..asked.seen_done() };
    assert_eq!(asked.names(observe(seen)), ["ExtensionConfirmed"]);
}

#[test]
fn a_confirmed_instruction_hides_nothing_that_was_changed_before_it() {
    let case = Case::of(5).at(TODAY).after(renewal(RenewalAction::Expire, None));
    let case = case.after(instruction_taken(RenewalAction::Expire, None));
    let seen = Observation { revision: 2, ..resized(case.seen(), 6, 6) };
    assert_eq!(case.names(observe(seen)), ["QuantityChangeConfirmed", "LicencesGranted"]);
}

#[test]
fn a_change_that_was_changed_again_is_confirmed_and_then_adopted() {
    let asked = Case::of(5).at(TODAY).after(quantity(8, None));
    let case = asked.clone().after(observe(resized(asked.seen_done(), 6, 6)));
    let expected = [quantity_confirmed(CHANGE, 5, 8, 2), quantity_confirmed(ADOPTED, 8, 6, 2)];
    assert_eq!(case.history[3..5], expected);
    assert_eq!((case.core().quantity, case.core().licence_count, case.core().change), (6, 6, None));
}

#[test]
fn a_change_in_flight_is_not_taken_for_somebody_elses() {
    let asked = Case::of(5).after(quantity(8, None));
    assert_eq!(asked.when(observe(resized(asked.seen(), 8, 6))), Ok(vec![]));
    let foreign = Observation { status: Status::Suspended, ends_on: day("2027-01-01"), ..asked.seen() };
    assert_eq!(asked.when(observe(foreign)), Ok(vec![]));
}

#[test]
fn a_confirmation_of_what_is_no_longer_in_flight_is_a_look_like_any_other() {
    let case = Case::of(5).at(TODAY).after(quantity(8, None)).after(reject(CHANGE));
    let seen = resized(case.seen_done(), 8, 6);
    assert_eq!(case.when(observe(seen.clone())).unwrap()[0], quantity_confirmed(ADOPTED, 5, 8, 2));
    let case = case.after(observe(seen.clone()));
    assert_eq!(case.when(observe(seen)), Ok(vec![]));
}

#[test]
fn what_was_changed_in_the_providers_console_is_adopted_from_its_day() {
    let case = Case::of(5).at(TODAY);
    let adopted = |seen: Observation| names(&case.when(observe(seen)).unwrap());
    assert_eq!(adopted(resized(case.seen(), 3, 6)), ["QuantityChangeConfirmed", "LicencesRemoved"]);
    assert_eq!(adopted(Observation { ends_on: day("2026-12-01"), ..case.seen() }), ["ExtensionConfirmed"]);
    assert_eq!(adopted(Observation { status: Status::Suspended, ..case.seen() }), ["SuspensionConfirmed"]);
    let ended = |status| Observation { status, seats: Vec::new(), quantity: 0, ..case.seen() };
    assert_eq!(adopted(ended(Status::Cancelled)), ["CancellationConfirmed"]);
    assert_eq!(adopted(ended(Status::Expired)), ["SubscriptionExpired"]);
    let seen = Observation { changed_on: day("2026-10-04"), ..resized(case.seen(), 3, 6) };
    let events = case.when(observe(seen)).unwrap();
    assert!(matches!(events[0], E::QuantityChangeConfirmed { change_id: ADOPTED, effective_on, .. }
        if effective_on == day("2026-10-04")));
}

#[test]
fn a_suspension_by_the_provider_is_its_own_and_so_is_its_end() {
    let case = Case::of(5);
    let stopped = case.clone().after(observe(Observation { status: Status::Suspended, ..case.seen() }));
    assert_eq!(stopped.core().suspended_by, Some(SuspendedBy::Provider));
    for by in [SuspendedBy::Provider, SuspendedBy::Dunning] {
        let case = suspended(by);
        let resumed = case.clone().after(observe(Observation { status: Status::Active, ..case.seen() }));
        assert_eq!((resumed.core().status, resumed.core().suspended_by), (Status::Active, None));
    }
}

#[test]
fn several_differences_get_ids_of_their_own_each_time_the_same() {
    let case = Case::of(5).at(TODAY);
    let seen = Observation { ends_on: day("2026-12-01"), status: Status::Suspended, ..resized(case.seen(), 6, 6) };
    let events = case.when(observe(seen.clone())).unwrap();
    let expected = ["QuantityChangeConfirmed", "ExtensionConfirmed", "SuspensionConfirmed", "LicencesGranted"];
    assert_eq!(names(&events), expected);
    let ids = |events: &[E]| -> Vec<uuid::Uuid> {
        let id = |event: &E| match event {
            E::QuantityChangeConfirmed { change_id, .. }
            | E::ExtensionConfirmed { change_id, .. }
            | E::SuspensionConfirmed { change_id, .. } => Some(*change_id),
            _ => None,
        };
        events.iter().filter_map(id).collect()
    };
    let mut found = ids(&events);
    assert_eq!((found[0], found.clone()), (ADOPTED, ids(&case.when(observe(seen)).unwrap())));
    found.dedup();
    assert_eq!(found.len(), 3);
}

#[test]
fn exchanged_seats_exchange_licences() {
    let case = Case::of(2);
    let seen = Observation { seats: vec![seat(1), seat(9)], ..case.seen() };
    assert_eq!(case.names(observe(seen.clone())), ["LicencesRemoved", "LicencesGranted"]);
    let case = case.after(observe(seen));
    assert_eq!(case.known().licences.iter().map(|one| one.ordinal).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn seats_that_do_not_fit_the_quantity_are_refused() {
    let case = Case::of(2);
    let fewer = Observation { quantity: 3, ..case.seen() };
    assert_eq!(case.refusal(observe(fewer)), Refusal::SeatCountMismatch { seats: 2, quantity: 3 });
    let twice = Observation { seats: vec![seat(1), seat(1)], ..case.seen() };
    assert_eq!(case.refusal(observe(twice)), Refusal::SeatCountMismatch { seats: 2, quantity: 2 });
}

#[test]
fn an_end_rejects_what_was_in_flight() {
    let rejections = [
        (quantity(8, None), "QuantityChangeRejected"),
        (extend("2026-12-31"), "ExtensionRejected"),
        (suspend(SuspendedBy::Customer), "SuspensionRejected"),
    ];
    let ends = [(Status::Cancelled, "CancellationConfirmed"), (Status::Expired, "SubscriptionExpired")];
    for (command, rejection) in rejections {
        for (status, end) in ends {
            let asked = Case::of(5).after(command.clone());
            let seen = Observation { status, seats: Vec::new(), ..asked.seen() };
            assert_eq!(asked.names(observe(seen.clone())), [rejection, end]);
            let core = asked.after(observe(seen)).core();
            assert_eq!((core.status, core.change), (status, None));
        }
    }
    let asked = Case::of(5).after(quantity(8, None));
    let seen = Observation { status: Status::Cancelled, seats: Vec::new(), ..asked.seen_done() };
    let rejected = E::QuantityChangeRejected { change_id: CHANGE, reason: "ended".to_owned() };
    assert_eq!(asked.when(observe(seen)).unwrap()[0], rejected, "nobody knows which seats it had then");
}

#[test]
fn a_cancellation_in_flight_ends_by_itself() {
    let asked = Case::of(5).at(TODAY).after(cancel(None));
    let of = |status| Observation { status, seats: Vec::new(), ..asked.seen() };
    let (change_id, effective_on, provider_revision) = (CHANGE, day("2026-10-05"), 2);
    let confirmed = E::CancellationConfirmed { change_id, effective_on, provider_revision };
    assert_eq!(asked.when(observe(of(Status::Cancelled))), Ok(vec![confirmed]));
    assert_eq!(asked.names(observe(of(Status::Expired))), ["CancellationRejected", "SubscriptionExpired"]);
}

#[test]
fn what_changed_and_then_ended_before_anybody_looked_ends_with_the_seats_it_had() {
    let case = Case::of(6);
    let seen = Observation { status: Status::Cancelled, ..resized(case.seen(), 2, 7) };
    assert_eq!(
        case.names(observe(seen.clone())),
        ["QuantityChangeConfirmed", "LicencesRemoved", "CancellationConfirmed"]
    );
    let ended = case.clone().after(observe(seen.clone()));
    assert_eq!((ended.core().quantity, ended.known().licences.len(), ended.core().status), (2, 2, Status::Cancelled));
    // The same with our own request for those two seats still in flight: it was done.
    let asked = case.after(quantity(2, None));
    assert_eq!(asked.names(observe(seen)), ["QuantityChangeConfirmed", "LicencesRemoved", "CancellationConfirmed"]);
}
