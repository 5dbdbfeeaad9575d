//! Changes of a subscription: what may be asked for, when, and what it leads to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use domain::Refusal;
use domain::subscription::{ChangeInFlight, ChangeKind, Observation, SubscriptionEvent as E, SuspendedBy};
use subscribing::*;

fn quantity_requested(case: &Case, from: u32, to: u32) -> E {
    E::QuantityChangeRequested { change_id: CHANGE, from, to, requested_at: case.at }
}

#[test]
fn more_seats_are_asked_for_at_once_at_any_time() {
    for at in [START, TOO_LATE] {
        for effective in [None, NOW] {
            let case = Case::of(5).at(at);
            assert_eq!(case.when(quantity(8, effective)), Ok(vec![quantity_requested(&case, 5, 8)]));
        }
    }
}

#[test]
fn a_request_in_flight_changes_nothing_else() {
    let before = Case::of(5);
    let case = before.clone().after(quantity(8, None));
    let kind = ChangeKind::Quantity { from: 5, to: 8 };
    let mut expected = before.core();
    expected.change = Some(ChangeInFlight { change_id: CHANGE, kind, requested_at: time(START) });
    assert_eq!(case.core(), expected);
}

#[test]
fn only_one_request_is_in_flight() {
    let case = Case::of(5).after(quantity(8, None));
    let seconds = [quantity(9, None), quantity(5, None), cancel(None), cancel(NOW), extend("2026-12-03")];
    for second in seconds.into_iter().chain([suspend(SuspendedBy::Customer)]) {
        assert_eq!(case.refusal(another(second)), Refusal::ChangeInProgress);
    }
    assert_eq!(case.when(quantity(8, None)), Ok(vec![]), "the same request, seen again");
    let again = case.after(reject(CHANGE)).after(another(quantity(9, None)));
    assert_eq!(again.core().change.map(|change| change.change_id), Some(OTHER));
}

#[test]
fn instructions_for_the_renewal_do_not_wait() {
    let case = Case::of(5).after(quantity(8, None));
    assert_eq!(case.names(another(quantity(3, AT_RENEWAL))), ["RenewalInstructionSet"]);
    assert_eq!(case.names(another(cancel(AT_RENEWAL))), ["RenewalInstructionSet"]);
}

#[test]
fn what_a_rejection_or_its_lateness_leads_to() {
    let case = Case::of(5).after(quantity(8, None));
    let rejected = E::QuantityChangeRejected { change_id: CHANGE, reason: "window-closed".to_owned() };
    assert_eq!(case.when(reject(CHANGE)), Ok(vec![rejected]));
    assert_eq!(case.when(reject(OTHER)), Ok(vec![]));
    let over = case.after(reject(CHANGE));
    assert_eq!((over.core().change, over.core().quantity), (None, 5));
    assert_eq!(over.when(reject(CHANGE)), Ok(vec![]));
}

#[test]
fn every_kind_of_change_can_be_rejected() {
    let active = [
        (quantity(8, None), "QuantityChangeRejected"),
        (cancel(None), "CancellationRejected"),
        (extend("2026-12-03"), "ExtensionRejected"),
        (suspend(SuspendedBy::Customer), "SuspensionRejected"),
    ];
    let of = |case: Case, command, name| {
        let asked = case.clone().after(command);
        assert_eq!(asked.names(reject(CHANGE)), [name]);
        assert_eq!(asked.after(reject(CHANGE)).core(), case.core());
    };
    active.into_iter().for_each(|(command, name)| of(Case::of(5), command, name));
    of(suspended(SuspendedBy::Customer), resume(SuspendedBy::Customer), "ResumptionRejected");
}

#[test]
fn the_present_quantity_is_no_change() {
    for effective in [None, NOW] {
        assert_eq!(Case::of(5).when(quantity(5, effective)), Ok(vec![]));
    }
}

#[test]
fn quantities_stay_within_the_service() {
    let bounds = Refusal::QuantityOutOfBounds { min: 3, max: 9 };
    let case =
        Case::begun(domain::subscription::SubscriptionStarted { min_quantity: 3, max_quantity: 9, ..started(5) });
    for effective in [None, NOW, AT_RENEWAL] {
        for to in [0, 2, 10] {
            assert_eq!(case.refusal(quantity(to, effective)), bounds);
        }
    }
    for to in [3, 9] {
        assert_eq!(case.names(quantity(to, None)), ["QuantityChangeRequested"]);
    }
}

#[test]
fn suspended_customers_and_withdrawn_services_neither_grow_nor_last_longer() {
    let stopped = domain::subscription::Surroundings { customer_suspended: true, ..around() };
    let withdrawn = domain::subscription::Surroundings { service_withdrawn: true, ..around() };
    for command in [quantity(8, None), quantity(8, AT_RENEWAL), extend("2026-12-03")] {
        assert_eq!(Case::of(5).refusal(amid(command.clone(), stopped)), Refusal::CustomerSuspended);
        assert_eq!(Case::of(5).refusal(amid(command, withdrawn)), Refusal::ServiceNoLongerSold);
    }
    for surroundings in [stopped, withdrawn] {
        assert_eq!(Case::of(5).names(amid(quantity(3, None), surroundings)), ["QuantityChangeRequested"]);
    }
}

#[test]
fn seats_go_back_in_the_window_and_later_at_the_renewal() {
    let inside = Case::of(5).at(LAST_MOMENT);
    for effective in [None, NOW] {
        assert_eq!(inside.when(quantity(1, effective)), Ok(vec![quantity_requested(&inside, 5, 1)]));
    }
    let outside = Case::of(5).at(TOO_LATE);
    assert_eq!(outside.refusal(quantity(4, NOW)), Refusal::WindowClosed);
    assert_eq!(outside.names(quantity(4, None)), ["RenewalInstructionSet"]);
    let renewal = outside.after(quantity(4, None)).core().renewal;
    assert_eq!((renewal.action.name(), renewal.quantity, renewal.confirmed), ("renew", Some(4), false));
}

#[test]
fn a_renewal_that_is_not_to_be_takes_no_quantity() {
    let case = Case::of(5).at(TOO_LATE).after(cancel(None));
    let refused = Refusal::InvalidState { state: "set to expire" };
    assert_eq!(case.refusal(quantity(4, None)), refused);
    assert_eq!(case.refusal(quantity(8, AT_RENEWAL)), refused);
}

#[test]
fn cancelling_is_immediate_in_the_window_and_later_an_instruction() {
    let inside = Case::of(5).at(LAST_MOMENT);
    for effective in [None, NOW] {
        let requested = E::CancellationRequested { change_id: CHANGE, requested_at: inside.at };
        assert_eq!(inside.when(cancel(effective)), Ok(vec![requested]));
    }
    let outside = Case::of(5).at(TOO_LATE);
    assert_eq!(outside.refusal(cancel(NOW)), Refusal::WindowClosed);
    for (case, effective) in [(&inside, AT_RENEWAL), (&outside, AT_RENEWAL), (&outside, None)] {
        assert_eq!(case.names(cancel(effective)), ["RenewalInstructionSet"]);
        let after = case.clone().after(cancel(effective));
        assert_eq!((after.core().renewal.action.name(), after.core().renewal.quantity), ("expire", None));
        assert_eq!(after.when(cancel(AT_RENEWAL)), Ok(vec![]));
    }
}

#[test]
fn an_extension_prolongs_and_reaches_at_most_36_months_ahead() {
    let case = Case::of(5);
    let (from, to) = (day("2026-11-03"), day("2026-12-31"));
    let requested = E::ExtensionRequested { change_id: CHANGE, from, to, requested_at: case.at };
    assert_eq!(case.when(extend("2026-12-31")), Ok(vec![requested]));
    assert_eq!(case.names(extend("2029-10-03")), ["ExtensionRequested"]);
    for refused in ["2026-11-03", "2026-11-02", "2025-01-01", "2029-10-04"] {
        assert_eq!(case.refusal(extend(refused)), Refusal::InvalidEndDate, "{refused}");
    }
}

#[test]
fn while_suspended_only_resuming_cancelling_and_the_renewal_are_possible() {
    let case = suspended(SuspendedBy::Customer);
    let refused = Refusal::InvalidState { state: "suspended" };
    for command in [quantity(8, None), quantity(3, None), quantity(3, NOW), extend("2026-12-03")] {
        assert_eq!(case.refusal(command), refused);
    }
    assert_eq!(case.names(quantity(3, AT_RENEWAL)), ["RenewalInstructionSet"]);
    assert_eq!(case.names(cancel(NOW)), ["CancellationRequested"]);
    assert_eq!(case.names(cancel(AT_RENEWAL)), ["RenewalInstructionSet"]);
    assert_eq!(case.names(resume(SuspendedBy::Customer)), ["ResumptionRequested"]);
}

#[test]
fn suspending_and_resuming_what_is_so_already_is_no_change() {
    assert_eq!(Case::of(5).when(resume(SuspendedBy::Customer)), Ok(vec![]));
    for by in [SuspendedBy::Customer, SuspendedBy::Operator, SuspendedBy::Dunning, SuspendedBy::Provider] {
        assert_eq!(suspended(by).when(suspend(SuspendedBy::Customer)), Ok(vec![]));
    }
    assert_eq!(suspended(SuspendedBy::Dunning).when(suspend(SuspendedBy::Dunning)), Ok(vec![]));
}

#[test]
fn what_is_about_to_turn_is_asked_for_again_later() {
    let stopping = Case::of(5).after(suspend(SuspendedBy::Customer));
    assert_eq!(stopping.refusal(another(resume(SuspendedBy::Customer))), Refusal::ChangeInProgress);
    let going_on = suspended(SuspendedBy::Customer).after(another(resume(SuspendedBy::Customer)));
    assert_eq!(going_on.refusal(suspend(SuspendedBy::Customer)), Refusal::ChangeInProgress);
    assert_eq!(Case::of(5).after(quantity(8, None)).when(another(resume(SuspendedBy::Customer))), Ok(vec![]));
}

#[test]
fn what_dunning_suspended_only_an_operator_or_a_payment_lifts() {
    let case = suspended(SuspendedBy::Dunning);
    assert_eq!(case.refusal(resume(SuspendedBy::Customer)), Refusal::SuspendedForNonpayment);
    for by in [SuspendedBy::Operator, SuspendedBy::Dunning] {
        assert_eq!(case.names(resume(by)), ["ResumptionRequested"]);
    }
}

#[test]
fn a_payment_lifts_nothing_but_what_dunning_did() {
    for by in [SuspendedBy::Customer, SuspendedBy::Operator, SuspendedBy::Provider] {
        assert_eq!(suspended(by).when(resume(SuspendedBy::Dunning)), Ok(vec![]));
        assert_eq!(suspended(by).names(resume(SuspendedBy::Customer)), ["ResumptionRequested"]);
    }
}

#[test]
fn dunning_takes_over_what_others_suspended() {
    let case = suspended(SuspendedBy::Customer).after(another(suspend(SuspendedBy::Dunning)));
    assert_eq!((case.core().suspended_by, case.core().change), (Some(SuspendedBy::Dunning), None));
    assert_eq!(case.refusal(resume(SuspendedBy::Customer)), Refusal::SuspendedForNonpayment);
}

#[test]
fn a_payment_gives_back_what_dunning_took_over() {
    for by in [SuspendedBy::Customer, SuspendedBy::Operator, SuspendedBy::Provider] {
        let dunned = suspended(by).after(another(suspend(SuspendedBy::Dunning)));
        assert_eq!(dunned.names(resume(SuspendedBy::Operator)), ["ResumptionRequested"]);
        assert_eq!(dunned.names(resume(SuspendedBy::Dunning)), ["SuspensionConfirmed"]);
        let paid = dunned.after(resume(SuspendedBy::Dunning));
        let core = paid.core();
        assert_eq!((core.status.name(), core.suspended_by, core.suspended_before), ("suspended", Some(by), None));
        assert_eq!(paid.when(resume(SuspendedBy::Dunning)), Ok(vec![]));
    }
}

#[test]
fn nothing_leaves_an_end() {
    for case in [cancelled(), expired()] {
        let state = case.core().status.name();
        let refused = Refusal::InvalidState { state };
        for command in [
            quantity(8, None),
            quantity(3, AT_RENEWAL),
            extend("2026-12-03"),
            suspend(SuspendedBy::Operator),
            resume(SuspendedBy::Operator),
            renewal(domain::subscription::RenewalAction::Renew, None),
            assign(1, "Uma"),
            unassign(1),
        ] {
            assert_eq!(case.refusal(command), refused);
        }
        let revived = domain::subscription::SubscriptionStatus::Active;
        let (seen, licences) = (Observation { status: revived, ..case.seen() }, case.known().licences.len());
        assert_eq!((case.when(observe(seen)), licences), (Ok(vec![]), 5));
        assert_eq!(case.when(reject(CHANGE)), Ok(vec![]));
    }
    assert_eq!(cancelled().when(cancel(NOW)), Ok(vec![]));
    assert_eq!(expired().refusal(cancel(None)), Refusal::InvalidState { state: "expired" });
}

#[test]
fn nothing_can_be_asked_of_what_never_started() {
    let nothing = Case { history: Vec::new(), at: time(START) };
    let seen = Case::of(1).seen();
    for command in [quantity(8, None), cancel(None), observe(seen), reject(CHANGE), assign(1, "Uma")] {
        assert_eq!(nothing.refusal(command), Refusal::NotFound);
    }
}
