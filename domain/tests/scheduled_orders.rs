//! Scheduled orders: what becomes of them on their day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use chrono::NaiveDate;
use cqrs_es::test::TestFramework;
use domain::account::AccountStatus;
use domain::decider::{Folded, OwnedAsked, fold};
use domain::order::{
    ACCOUNT_NOT_USABLE, CUSTOMER_CLOSED, CUSTOMER_SUSPENDED, ORDER_REFUSED, OrderCommand, OrderEvent, OrderRules,
    OrderStatus, SERVICE_WITHDRAWN, StartOrder,
};
use domain::{Actor, Refusal};
use ordering::*;

fn given(events: Vec<OrderEvent>) -> cqrs_es::test::AggregateTestExecutor<Folded<OrderRules>> {
    TestFramework::with(()).given(events)
}

/// Nothing speaks against it.
fn free(today: NaiveDate) -> StartOrder {
    let account = AccountStatus::Active;
    StartOrder { today, customer_suspended: false, customer_closed: false, account, withdrawn: Vec::new() }
}

fn its_day() -> StartOrder {
    free(day("2026-11-01"))
}

fn starts(start: StartOrder) -> OwnedAsked<OrderCommand> {
    let at = "2026-11-01T00:00:05Z".parse().unwrap();
    OwnedAsked { at, by: Actor::system("orders"), command: OrderCommand::Start(start) }
}

#[test]
fn on_its_day_it_is_placed_as_it_was_ordered() {
    for today in ["2026-11-01", "2026-11-04"] {
        let mut history = scheduled(&[25, 10]);
        let before = fold::<OrderRules>(&history).known().unwrap().clone();
        let events = given(history.clone()).when(starts(free(day(today)))).inspect_result().unwrap();
        let [OrderEvent::OrderPlaced { details }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((&details.lines, details.total), (&before.details.lines, before.details.total));
        history.extend(events);
        let state = fold::<OrderRules>(&history);
        let order = state.known().unwrap();
        assert_eq!((order.status, order.scheduled_for), (OrderStatus::Placed, Some(day("2026-11-01"))));
        assert_eq!(order.placed_at, Some("2026-11-01T00:00:05Z".parse().unwrap()));
        assert_eq!((order.details.ordered_at, order.open_lines().count()), (at(), 2));
    }
}

#[test]
fn a_pending_account_is_waited_for() {
    let start = StartOrder { account: AccountStatus::Pending, ..its_day() };
    let events = given(scheduled(&[1])).when(starts(start)).inspect_result().unwrap();
    assert!(matches!(events.as_slice(), [OrderEvent::OrderPlaced { .. }]));
}

#[test]
fn before_its_day_it_stays_as_it_is() {
    given(scheduled(&[1])).when(starts(free(day("2026-10-31")))).then_expect_error(Refusal::InvalidStartDate);
}

#[test]
fn what_speaks_against_the_whole_order_fails_every_line() {
    let closed = AccountStatus::Closed;
    let cases = [
        (StartOrder { customer_suspended: true, ..its_day() }, CUSTOMER_SUSPENDED),
        (StartOrder { customer_closed: true, ..its_day() }, CUSTOMER_CLOSED),
        (StartOrder { account: closed, ..its_day() }, ACCOUNT_NOT_USABLE),
        (StartOrder { account: AccountStatus::Refused, withdrawn: vec![1], ..its_day() }, ACCOUNT_NOT_USABLE),
    ];
    for (start, reason) in cases {
        let events = vec![line_rejected(1, reason), line_rejected(2, reason), OrderEvent::OrderFailed {}];
        given(scheduled(&[1, 2])).when(starts(start)).then_expect_events(events);
    }
}

#[test]
fn a_withdrawn_service_takes_the_other_lines_down() {
    let start = StartOrder { withdrawn: vec![2], ..its_day() };
    given(scheduled(&[1, 2, 3])).when(starts(start)).then_expect_events(vec![
        line_cancelled(1, ORDER_REFUSED),
        line_rejected(2, SERVICE_WITHDRAWN),
        line_cancelled(3, ORDER_REFUSED),
        OrderEvent::OrderFailed {},
    ]);
}

#[test]
fn it_starts_once_and_only_while_it_waits() {
    let start = || OrderCommand::Start(its_day());
    let started = after(scheduled(&[1]), start());
    let failed = after(scheduled(&[1]), OrderCommand::Start(StartOrder { customer_closed: true, ..its_day() }));
    let called_off = after(scheduled(&[1]), OrderCommand::Cancel);
    for history in [started, failed, called_off, placed(&[1]), submitted(&[1])] {
        given(history).when(starts(its_day())).then_expect_events(vec![]);
    }
    given(vec![]).when(starts(its_day())).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_started_order_goes_its_usual_way() {
    let history = after(after(scheduled(&[1]), OrderCommand::Start(its_day())), submit("po-1"));
    given(history)
        .when(asked(record(vec![provisioned(1)])))
        .then_expect_events(vec![line_provisioned(1), OrderEvent::OrderFulfilled {}]);
}
