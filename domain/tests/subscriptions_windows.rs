//! Until when a subscription may be cancelled, how far it may shrink, and what is to happen at its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use chrono::{DateTime, Utc};
use domain::Refusal;
use domain::subscription::{
    Increase, Observation, Reducible, RenewalAction, SubscriptionEvent as E, SubscriptionStarted, Surroundings,
    SuspendedBy,
};
use subscribing::*;

fn with_window(hours: Option<u32>) -> Case {
    Case::begun(SubscriptionStarted { cancellation_window_hours: hours, ..started(5) })
}

/// To that many seats at that time, confirmed at once.
fn changed(case: Case, to: u32, at: &str) -> Case {
    let case = case.at(at).after(quantity(to, NOW));
    let next = case.core().last_ordinal + 1;
    let seen = resized(case.seen_done(), to, next);
    case.after(observe(seen))
}

fn reducible(case: &Case, at: &str) -> Option<(u32, Option<DateTime<Utc>>)> {
    case.core().reducible(time(at)).map(|may| (may.to, may.until))
}

#[test]
fn the_window_counts_from_the_providers_confirmation() {
    let core = Case::of(5).core();
    let until = Some(time(TOO_LATE));
    assert_eq!(core.cancellable_until(), until);
    assert!(core.is_cancellable(time(LAST_MOMENT)) && !core.is_cancellable(time(TOO_LATE)));
    assert_eq!(core.reducible(time(LAST_MOMENT)), Some(Reducible { to: 1, until }));
    assert_eq!(core.reducible(time(TOO_LATE)), None);
}

#[test]
fn no_window_is_an_open_one_and_none_at_all_is_closed() {
    let always = changed(with_window(None), 8, START).core();
    assert_eq!((always.cancellable_until(), always.increases.len()), (None, 0));
    assert_eq!(always.reducible(time("2036-01-01T00:00:00Z")), Some(Reducible { to: 1, until: None }));
    let never = with_window(Some(0)).core();
    assert_eq!((never.cancellable_until(), never.reducible(time(START))), (Some(time(START)), None));
    assert_eq!(with_window(Some(0)).refusal(cancel(NOW)), Refusal::WindowClosed);
    assert_eq!(with_window(Some(u32::MAX)).core().cancellable_until(), Some(DateTime::<Utc>::MAX_UTC));
}

#[test]
fn at_the_minimum_or_while_it_stands_still_nothing_may_go() {
    assert_eq!(Case::of(1).core().reducible(time(START)), None);
    let core = suspended(SuspendedBy::Customer).core();
    assert_eq!((core.reducible(time(START)), core.is_cancellable(time(START))), (None, true));
    assert!(!cancelled().core().is_cancellable(time(START)));
}

#[test]
fn an_increase_has_a_window_of_its_own() {
    let case = changed(Case::of(5), 8, "2026-10-12T12:00:00Z");
    let until = Some(time("2026-10-19T12:00:00Z"));
    assert_eq!(reducible(&case, "2026-10-19T11:59:59Z"), Some((5, until)));
    assert_eq!(reducible(&case, "2026-10-19T12:00:00Z"), None);
    let inside = case.at("2026-10-19T11:00:00Z");
    assert_eq!(inside.names(quantity(5, NOW)), ["QuantityChangeRequested"]);
    assert_eq!(inside.refusal(quantity(4, NOW)), Refusal::WindowClosed);
    assert_eq!(inside.names(quantity(4, None)), ["RenewalInstructionSet"]);
    assert_eq!(inside.refusal(cancel(NOW)), Refusal::WindowClosed);
}

#[test]
fn several_increases_count_until_each_closes() {
    let case = changed(changed(Case::of(5), 8, "2026-10-12T12:00:00Z"), 10, "2026-10-14T12:00:00Z");
    assert_eq!(reducible(&case, "2026-10-15T00:00:00Z"), Some((5, Some(time("2026-10-19T12:00:00Z")))));
    assert_eq!(reducible(&case, "2026-10-20T00:00:00Z"), Some((8, Some(time("2026-10-21T12:00:00Z")))));
    assert_eq!(reducible(&case, "2026-10-22T00:00:00Z"), None);
}

#[test]
fn a_decrease_uses_up_the_newest_increase_first() {
    let grown = changed(changed(Case::of(5), 8, "2026-10-12T12:00:00Z"), 10, "2026-10-14T12:00:00Z");
    let case = changed(grown, 7, "2026-10-15T00:00:00Z");
    let left = Increase { confirmed_at: time("2026-10-12T12:00:00Z"), seats: 2 };
    assert_eq!(case.core().increases, [left]);
    assert_eq!(reducible(&case, "2026-10-16T00:00:00Z"), Some((5, Some(time("2026-10-19T12:00:00Z")))));
    assert_eq!(reducible(&case, "2026-10-20T00:00:00Z"), None);
}

#[test]
fn what_went_in_the_first_window_cannot_go_again() {
    let case = changed(changed(Case::of(5), 8, "2026-10-04T00:00:00Z"), 4, "2026-10-05T00:00:00Z");
    assert_eq!((case.core().increases.len(), reducible(&case, "2026-10-10T10:00:00Z")), (0, None));
}

#[test]
fn closed_windows_are_forgotten_when_the_next_one_opens() {
    let mut case = Case::of(5);
    for (n, at) in ["2026-10-11T00:00:00Z", "2026-10-19T00:00:00Z", "2026-10-27T00:00:00Z"].into_iter().enumerate() {
        case = changed(case, 6 + u32::try_from(n).unwrap(), at);
        assert_eq!(case.core().increases.len(), 1);
    }
}

#[test]
fn a_renewal_opens_a_window_at_midnight_of_its_day() {
    let grown = changed(Case::of(5), 8, "2026-11-02T12:00:00Z").at("2026-11-03T07:00:00Z");
    let seen = grown.seen_renewed();
    let core = grown.after(observe(seen)).core();
    assert_eq!(core.cancellable_until(), Some(time("2026-11-06T00:00:00Z")), "72 hours from then on");
    assert_eq!(core.reducible(time("2026-11-05T23:59:59Z")).map(|may| may.to), Some(2));
    assert_eq!((core.reducible(time("2026-11-06T00:00:00Z")), core.increases.len()), (None, 0));
}

#[test]
fn an_instruction_is_set_once_and_known_to_the_provider_later() {
    let case = Case::of(5);
    assert_eq!(case.when(renewal(RenewalAction::Renew, None)), Ok(vec![]));
    for (action, quantity) in [(RenewalAction::Renew, Some(8)), (RenewalAction::Expire, None)] {
        let set = case.clone().after(renewal(action, quantity));
        assert_eq!(set.history.last(), Some(&E::RenewalInstructionSet { action, quantity }));
        assert_eq!(set.when(renewal(action, quantity)), Ok(vec![]));
        let taken = E::RenewalInstructionConfirmed { provider_revision: 2 };
        assert_eq!(set.when(instruction_taken(action, quantity)), Ok(vec![taken]));
        let known = set.after(instruction_taken(action, quantity));
        assert!(known.core().renewal.confirmed);
        assert_eq!(known.when(instruction_taken(action, quantity)), Ok(vec![]));
    }
}

#[test]
fn an_instruction_replaced_since_confirms_nothing() {
    let case = Case::of(5).after(renewal(RenewalAction::Expire, None)).after(renewal(RenewalAction::Renew, Some(3)));
    assert_eq!(case.when(instruction_taken(RenewalAction::Expire, None)), Ok(vec![]));
    assert_eq!(case.when(instruction_taken(RenewalAction::Renew, None)), Ok(vec![]));
    assert!(!case.core().renewal.confirmed);
}

#[test]
fn what_expires_has_no_quantity() {
    let case = Case::of(5).after(renewal(RenewalAction::Expire, Some(3)));
    assert_eq!(case.core().renewal.quantity, None);
}

#[test]
fn a_renewal_needs_a_quantity_within_bounds_and_a_service_that_is_sold() {
    let bounds = Refusal::QuantityOutOfBounds { min: 1, max: 3_000 };
    assert_eq!(Case::of(5).refusal(renewal(RenewalAction::Renew, Some(3_001))), bounds);
    let of_withdrawn = |action| domain::subscription::SubscriptionCommand::SetRenewal {
        action,
        quantity: None,
        service_withdrawn: true,
        customer_suspended: false,
    };
    assert_eq!(Case::of(5).refusal(of_withdrawn(RenewalAction::Renew)), Refusal::ServiceNoLongerSold);
    assert_eq!(Case::of(5).names(of_withdrawn(RenewalAction::Expire)), ["RenewalInstructionSet"]);
    let of_suspended = |quantity| domain::subscription::SubscriptionCommand::SetRenewal {
        action: RenewalAction::Renew,
        quantity: Some(quantity),
        service_withdrawn: false,
        customer_suspended: true,
    };
    assert_eq!(Case::of(5).refusal(of_suspended(6)), Refusal::CustomerSuspended);
    assert_eq!(Case::of(5).names(of_suspended(4)), ["RenewalInstructionSet"]);
    let withdrawn = Surroundings { service_withdrawn: true, ..around() };
    let outside = Case::of(5).at(TOO_LATE);
    assert_eq!(outside.refusal(amid(quantity(3, None), withdrawn)), Refusal::ServiceNoLongerSold);
}

#[test]
fn more_seats_may_wait_for_the_renewal() {
    let case = Case::of(5).after(quantity(9, AT_RENEWAL));
    assert_eq!((case.core().quantity, case.core().renewal.quantity, case.core().change), (5, Some(9), None));
    let seen: Observation = case.seen_renewed();
    let renewed = case.at("2026-11-03T01:00:00Z").after(observe(resized(seen, 9, 6)));
    assert_eq!((renewed.core().quantity, renewed.core().renewal.quantity, renewed.core().licence_count), (9, None, 9));
}
