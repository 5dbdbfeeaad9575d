//! What the provider has done after all, although the order was cancelled on its way there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use cqrs_es::test::TestFramework;
use domain::Refusal;
use domain::decider::{Folded, fold};
use domain::order::{LineStatus, OrderCommand, OrderEvent, OrderRules, OrderStatus};
use ordering::*;

fn given(events: Vec<OrderEvent>) -> cqrs_es::test::AggregateTestExecutor<Folded<OrderRules>> {
    TestFramework::with(()).given(events)
}

#[test]
fn what_was_provisioned_after_all_is_recorded_and_the_order_stays_cancelled() {
    let late = |line| {
        let subscription_id = domain::ids::subscription(ORDER, line);
        OrderCommand::RecordLate { line, subscription_id, provider_subscription_id: format!("psub-{line}") }
    };
    let cancelled = || after(placed(&[1, 1]), OrderCommand::Cancel);
    given(cancelled()).when(asked(late(2))).then_expect_events(vec![line_provisioned(2)]);
    let recorded = after(cancelled(), late(2));
    let state = fold::<OrderRules>(&recorded);
    let order = state.known().unwrap();
    assert_eq!((order.status, order.line(1).unwrap().status), (OrderStatus::Cancelled, LineStatus::Cancelled));
    let line = order.line(2).unwrap();
    assert_eq!((line.status, line.reason.as_deref()), (LineStatus::Provisioned, None));
    given(recorded).when(asked(late(2))).then_expect_events(vec![]);
    given(cancelled()).when(asked(late(3))).then_expect_error(Refusal::NotFound);
    // What the provider has under an id we know is learned from there.
    given(submitted(&[1, 1])).when(asked(late(1))).then_expect_error(invalid("submitted"));
    given(placed(&[1, 1])).when(asked(late(1))).then_expect_error(invalid("placed"));
}
