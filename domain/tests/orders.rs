//! Orders: given what happened, when something is asked, then this follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use cqrs_es::test::TestFramework;
use domain::account::AccountStatus;
use domain::decider::{Folded, fold};
use domain::order::{
    ACCOUNT_NOT_USABLE, LineOutcome, OrderCommand, OrderEvent, OrderRules, OrderState, OrderStatus, PaymentMode,
    PlaceOrder, RequestedLine, priced, problems,
};
use domain::service::ServiceStatus;
use domain::{Currency, Refusal, UnitPrice};
use ordering::*;
use rust_decimal::Decimal;

fn given(events: Vec<OrderEvent>) -> cqrs_es::test::AggregateTestExecutor<Folded<OrderRules>> {
    TestFramework::with(()).given(events)
}

#[track_caller]
fn refused(order: PlaceOrder, why: Refusal) {
    let reasons: Vec<Refusal> = problems(&order).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, std::slice::from_ref(&why));
    given(vec![]).when(asked(place(order))).then_expect_error(why);
}

#[test]
fn an_order_for_today_is_placed_with_everything_priced() {
    let events = given(vec![]).when(asked(place(order(&[25, 10])))).inspect_result().unwrap();
    let [OrderEvent::OrderPlaced { details }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(details.lines[0].amount, eur("437.50"));
    assert_eq!(details.lines[1].amount, eur("175.00"));
    assert_eq!((details.net, details.total), (eur("612.50"), eur("728.88")));
    assert_eq!((details.ordered_at, details.order_id, details.account_id), (at(), ORDER, ACCOUNT));
    let state = fold::<OrderRules>(&events);
    let order = state.known().unwrap();
    assert_eq!((order.status, order.placed_at, order.scheduled_for), (OrderStatus::Placed, Some(at()), None));
    assert_eq!(order.open_lines().count(), 2);
}

#[test]
fn starting_today_is_placing_and_later_is_scheduling() {
    let mut wanted = order(&[1]);
    wanted.start_on = Some(day("2026-10-03"));
    let events = given(vec![]).when(asked(place(wanted.clone()))).inspect_result().unwrap();
    assert!(matches!(events.as_slice(), [OrderEvent::OrderPlaced { .. }]));
    wanted.start_on = Some(day("2027-10-03"));
    let events = given(vec![]).when(asked(place(wanted))).inspect_result().unwrap();
    let state = fold::<OrderRules>(&events);
    let order = state.known().unwrap();
    assert_eq!((order.status, order.scheduled_for), (OrderStatus::Scheduled, Some(day("2027-10-03"))));
    assert_eq!(order.placed_at, None);
}

#[test]
fn the_same_order_again_is_nothing_new() {
    given(placed(&[3])).when(asked(place(order(&[3])))).then_expect_events(vec![]);
}

#[test]
fn a_start_in_the_past_or_beyond_a_year_is_refused() {
    for start_on in ["2026-10-02", "2027-10-04"] {
        let wanted = PlaceOrder { start_on: Some(day(start_on)), ..order(&[1]) };
        refused(wanted, Refusal::InvalidStartDate);
    }
}

#[test]
fn who_may_not_order_is_refused() {
    let base = || order(&[1]);
    refused(PlaceOrder { customer_suspended: true, ..base() }, Refusal::CustomerSuspended);
    refused(PlaceOrder { customer_closed: true, ..base() }, Refusal::CustomerClosed);
    let resold = PlaceOrder { payment: PaymentMode::Prepaid, customer_is_billed: false, ..base() };
    refused(resold, Refusal::PrepaidNotAvailable);
    let mut pending = base();
    pending.account.status = AccountStatus::Pending;
    assert_eq!(problems(&pending), []);
    for (status, name) in [(AccountStatus::Refused, "refused"), (AccountStatus::Closed, "closed")] {
        let mut unusable = base();
        unusable.account.status = status;
        refused(unusable, Refusal::AccountNotUsable { status: name });
    }
}

#[test]
fn lines_that_cannot_be_sold_are_refused_by_number() {
    let with = |change: fn(&mut RequestedLine)| {
        let mut wanted = order(&[1, 1]);
        change(&mut wanted.lines[1]);
        wanted
    };
    refused(with(|line| line.service = None), Refusal::ServiceUnknown { line: 2 });
    refused(with(|line| line.price = None), Refusal::NoPrice { line: 2 });
    let withdrawn = with(|line| line.service.as_mut().unwrap().status = ServiceStatus::Withdrawn);
    refused(withdrawn, Refusal::ServiceWithdrawn { line: 2 });
    let limit = Refusal::QuantityLimit { line: 2, min: 1, max: 300 };
    refused(with(|line| line.quantity = 0), limit.clone());
    refused(with(|line| line.quantity = 301), limit);
    refused(order(&[]), Refusal::NoLines);
}

#[test]
fn amounts_that_cannot_be_represented_are_refused_not_wrapped() {
    let mut wanted = order(&[300]);
    wanted.lines[0].price.as_mut().unwrap().unit_price = UnitPrice::rounded(Decimal::MAX, Currency::EUR);
    assert_eq!(problems(&wanted), [(Some(1), Refusal::AmountOverflow)]);
    given(vec![]).when(asked(place(wanted))).then_expect_error(Refusal::AmountOverflow);
}

#[test]
fn a_price_in_another_currency_is_never_added_up() {
    let wanted = PlaceOrder { currency: Currency::USD, ..order(&[1]) };
    assert_eq!(problems(&wanted), [(None, Refusal::AmountOverflow)]);
    given(vec![]).when(asked(place(wanted))).then_expect_error(Refusal::AmountOverflow);
}

#[test]
fn a_quote_without_a_price_costs_nothing_and_says_why() {
    let mut wanted = order(&[1]);
    wanted.lines[0].price = None;
    assert_eq!(priced(&wanted).unwrap(), (vec![], eur("0"), vec![], eur("0")));
    assert_eq!(problems(&wanted), [(Some(1), Refusal::NoPrice { line: 1 })]);
}

#[test]
fn a_quote_lists_every_problem_and_prices_what_has_a_price() {
    let mut wanted = order(&[25, 400, 1]);
    wanted.customer_suspended = true;
    wanted.lines[2].price = None;
    let expected = [
        (None, Refusal::CustomerSuspended),
        (Some(2), Refusal::QuantityLimit { line: 2, min: 1, max: 300 }),
        (Some(3), Refusal::NoPrice { line: 3 }),
    ];
    assert_eq!(problems(&wanted), expected);
    let (lines, net, _, total) = priced(&wanted).unwrap();
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((net, total), (eur("7437.50"), eur("8850.63")));
    given(vec![]).when(asked(place(wanted))).then_expect_error(Refusal::CustomerSuspended);
}

#[test]
fn submission_is_recorded_once() {
    given(placed(&[1])).when(asked(submit("po-1"))).then_expect_events(vec![is_submitted("po-1")]);
    given(submitted(&[1])).when(asked(submit("po-1"))).then_expect_events(vec![]);
    given(submitted(&[1])).when(asked(submit("po-2"))).then_expect_error(invalid("submitted"));
}

#[test]
fn a_submission_that_meets_a_cancelled_order_is_refused_so_that_it_is_undone() {
    let history = after(placed(&[1]), OrderCommand::Cancel);
    given(history).when(asked(submit("po-1"))).then_expect_error(invalid("cancelled"));
}

#[test]
fn nothing_can_be_asked_of_an_order_that_is_not() {
    for command in [submit("po-1"), OrderCommand::Cancel, record(vec![provisioned(1)]), refuse(None)] {
        given(vec![]).when(asked(command)).then_expect_error(Refusal::NotFound);
    }
}

#[test]
fn a_refusal_rejects_the_line_it_names_and_takes_the_others_down() {
    given(placed(&[1, 1])).when(asked(refuse(Some(2)))).then_expect_events(vec![
        line_cancelled(1, "order-refused"),
        line_rejected(2, "sku-unavailable"),
        OrderEvent::OrderFailed {},
    ]);
}

#[test]
fn a_refusal_that_names_no_line_of_ours_rejects_all() {
    for line in [None, Some(7)] {
        given(placed(&[1, 1])).when(asked(refuse(line))).then_expect_events(vec![
            line_rejected(1, "sku-unavailable"),
            line_rejected(2, "sku-unavailable"),
            OrderEvent::OrderFailed {},
        ]);
    }
}

#[test]
fn a_refusal_told_twice_or_too_late_changes_nothing() {
    let failed = after(placed(&[1]), refuse(Some(1)));
    given(failed).when(asked(refuse(Some(1)))).then_expect_events(vec![]);
    let cancelled = after(placed(&[1]), OrderCommand::Cancel);
    given(cancelled).when(asked(refuse(Some(1)))).then_expect_events(vec![]);
    given(submitted(&[1])).when(asked(refuse(Some(1)))).then_expect_error(invalid("submitted"));
}

#[test]
fn outcomes_before_submission_are_refused() {
    given(placed(&[1])).when(asked(record(vec![provisioned(1)]))).then_expect_error(invalid("placed"));
    let cancelled = after(placed(&[1]), OrderCommand::Cancel);
    given(cancelled).when(asked(record(vec![provisioned(1)]))).then_expect_error(invalid("cancelled"));
}

#[test]
fn lines_are_recorded_one_by_one_and_the_last_ends_the_order() {
    given(submitted(&[1, 1])).when(asked(record(vec![provisioned(2)]))).then_expect_events(vec![line_provisioned(2)]);
    given(after(submitted(&[1, 1]), record(vec![provisioned(2)])))
        .when(asked(record(vec![provisioned(1)])))
        .then_expect_events(vec![line_provisioned(1), OrderEvent::OrderFulfilled {}]);
}

#[test]
fn the_end_follows_from_the_lines() {
    let cases = [
        ([provisioned(1), provisioned(2)], OrderEvent::OrderFulfilled {}),
        ([provisioned(1), rejected(2)], OrderEvent::OrderPartiallyFulfilled {}),
        ([given_up(1), provisioned(2)], OrderEvent::OrderPartiallyFulfilled {}),
        ([given_up(1), rejected(2)], OrderEvent::OrderFailed {}),
        ([rejected(1), rejected(2)], OrderEvent::OrderFailed {}),
        ([given_up(1), given_up(2)], OrderEvent::OrderCancelled {}),
    ];
    for (outcomes, end) in cases {
        let events = given(submitted(&[1, 1])).when(asked(record(outcomes.to_vec()))).inspect_result().unwrap();
        assert_eq!(events.last(), Some(&end), "{outcomes:?}");
        assert_eq!(events.len(), 3);
    }
}

#[test]
fn a_late_failure_never_overwrites_a_success() {
    let fulfilled = after(submitted(&[1]), record(vec![provisioned(1)]));
    given(fulfilled).when(asked(record(vec![rejected(1)]))).then_expect_events(vec![]);
    given(submitted(&[1]))
        .when(asked(record(vec![provisioned(1), rejected(1)])))
        .then_expect_events(vec![line_provisioned(1), OrderEvent::OrderFulfilled {}]);
}

#[test]
fn an_outcome_of_a_line_never_ordered_is_refused() {
    given(submitted(&[1])).when(asked(record(vec![provisioned(2)]))).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_provisioned_line_knows_its_subscription() {
    let state: OrderState = fold::<OrderRules>(&after(submitted(&[1, 1]), record(vec![provisioned(1), rejected(2)])));
    let order = state.known().unwrap();
    let (LineOutcome::Provisioned { subscription_id, .. }, line) = (provisioned(1).1, order.line(1).unwrap()) else {
        panic!("not provisioned")
    };
    assert_eq!(line.subscription_id, Some(subscription_id));
    assert_eq!(line.provider_subscription_id.as_deref(), Some("psub-1"));
    assert_eq!(order.line(2).unwrap().reason.as_deref(), Some("sold-out"));
    assert_eq!(order.status.name(), "partially_fulfilled");
}

#[test]
fn before_submission_a_cancellation_holds_at_once() {
    for history in [placed(&[1, 1]), scheduled(&[1, 1])] {
        given(history.clone()).when(asked(OrderCommand::Cancel)).then_expect_events(vec![
            line_cancelled(1, "cancelled-by-request"),
            line_cancelled(2, "cancelled-by-request"),
            OrderEvent::OrderCancelled {},
        ]);
        given(after(history, OrderCommand::Cancel)).when(asked(OrderCommand::Cancel)).then_expect_events(vec![]);
    }
}

#[test]
fn what_has_not_gone_out_when_its_account_is_closed_is_cancelled() {
    let stranded = || asked(OrderCommand::CancelStranded);
    let ended = vec![
        line_cancelled(1, ACCOUNT_NOT_USABLE),
        line_cancelled(2, ACCOUNT_NOT_USABLE),
        OrderEvent::OrderCancelled {},
    ];
    given(placed(&[1, 1])).when(stranded()).then_expect_events(ended);
    given(after(placed(&[1]), OrderCommand::CancelStranded)).when(stranded()).then_expect_events(vec![]);
    // What waits for its day or is at the provider has an end of its own.
    for history in [scheduled(&[1]), submitted(&[1]), after(placed(&[1]), OrderCommand::Cancel)] {
        given(history).when(stranded()).then_expect_events(vec![]);
    }
    given(vec![]).when(stranded()).then_expect_error(Refusal::NotFound);
}

#[test]
fn once_submitted_the_provider_is_asked_and_asked_once() {
    let requested = || after(submitted(&[1, 1]), OrderCommand::Cancel);
    given(submitted(&[1, 1]))
        .when(asked(OrderCommand::Cancel))
        .then_expect_events(vec![OrderEvent::OrderCancellationRequested {}]);
    given(requested()).when(asked(OrderCommand::Cancel)).then_expect_events(vec![]);
    given(requested()).when(asked(record(vec![provisioned(1), given_up(2)]))).then_expect_events(vec![
        line_provisioned(1),
        line_cancelled(2, "cancelled-at-provider"),
        OrderEvent::OrderPartiallyFulfilled {},
    ]);
}

#[test]
fn what_ended_otherwise_cannot_be_cancelled() {
    let cases = [
        (vec![provisioned(1), provisioned(2)], "fulfilled"),
        (vec![provisioned(1), rejected(2)], "partially_fulfilled"),
        (vec![rejected(1), rejected(2)], "failed"),
    ];
    for (outcomes, name) in cases {
        let history = after(submitted(&[1, 1]), record(outcomes));
        given(history).when(asked(OrderCommand::Cancel)).then_expect_error(invalid(name));
    }
}
