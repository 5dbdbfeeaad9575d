//! Prepaid orders: they are paid before they go out, one payment at a time, and money that comes in counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use cqrs_es::test::TestFramework;
use domain::Refusal;
use domain::decider::{Folded, OwnedAsked, fold};
use domain::order::{ACCOUNT_NOT_USABLE, NOT_PAID, Order, OrderCommand, OrderEvent, OrderRules, OrderStatus};
use ordering::*;
use uuid::Uuid;

const FIRST: Uuid = Uuid::from_u128(0xa1);
const SECOND: Uuid = Uuid::from_u128(0xa2);

fn given(events: Vec<OrderEvent>) -> cqrs_es::test::AggregateTestExecutor<Folded<OrderRules>> {
    TestFramework::with(()).given(events)
}

fn request(payment_id: Uuid) -> OrderCommand {
    OrderCommand::RequestPayment { payment_id, tax: None }
}

fn pays(payment_id: Uuid) -> OrderCommand {
    OrderCommand::MarkPaid { payment_id }
}

fn fails(payment_id: Uuid) -> OrderCommand {
    OrderCommand::MarkPaymentFailed { payment_id, reason: "insufficient_balance".to_owned() }
}

fn is_paid(payment_id: Uuid) -> OrderEvent {
    OrderEvent::OrderPaid { payment_id, account_id: ACCOUNT, at: at() }
}

fn told(commands: &[OrderCommand]) -> Vec<OrderEvent> {
    commands.iter().fold(prepaid(&[4, 2]), |history, command| after(history, command.clone()))
}

fn known(history: &[OrderEvent]) -> Order {
    fold::<OrderRules>(history).known().unwrap().clone()
}

fn cancelled(reason: &str) -> Vec<OrderEvent> {
    vec![line_cancelled(1, reason), line_cancelled(2, reason), OrderEvent::OrderCancelled {}]
}

#[test]
fn it_is_paid_and_then_it_goes_out() {
    let requested = OrderEvent::OrderPaymentRequested { payment_id: FIRST, retaxed: None };
    given(prepaid(&[4, 2])).when(asked(request(FIRST))).then_expect_events(vec![requested]);
    given(told(&[request(FIRST)])).when(asked(pays(FIRST))).then_expect_events(vec![is_paid(FIRST)]);
    let paid = told(&[request(FIRST), pays(FIRST)]);
    let order = known(&paid);
    assert_eq!((order.status, order.payment_id, order.paid_at), (OrderStatus::Paid, Some(FIRST), Some(at())));
    given(paid.clone()).when(asked(submit("po-1"))).then_expect_events(vec![is_submitted("po-1")]);
    given(paid).when(asked(pays(FIRST))).then_expect_events(vec![]);
}

#[test]
fn it_does_not_go_out_before() {
    let histories = [
        (told(&[]), "placed"),
        (told(&[request(FIRST)]), "payment_pending"),
        (told(&[request(FIRST), fails(FIRST)]), "payment_failed"),
    ];
    for (history, state) in histories {
        for command in [submit("po-1"), refuse(None)] {
            given(history.clone()).when(asked(command)).then_expect_error(invalid(state));
        }
    }
}

#[test]
fn one_payment_is_open_at_a_time() {
    let pending = told(&[request(FIRST)]);
    given(pending.clone()).when(asked(request(FIRST))).then_expect_events(vec![]);
    given(pending.clone()).when(asked(request(SECOND))).then_expect_error(Refusal::PaymentInProgress);
    given(pending.clone()).when(asked(OrderCommand::Cancel)).then_expect_error(Refusal::PaymentInProgress);
    given(pending).when(asked(OrderCommand::CancelUnpaid)).then_expect_error(Refusal::PaymentInProgress);
}

#[test]
fn a_failed_payment_is_followed_by_another_one() {
    let failed = told(&[request(FIRST), fails(FIRST)]);
    let order = known(&failed);
    let reason = order.payment_reason.as_deref();
    assert_eq!((order.status, reason), (OrderStatus::PaymentFailed, Some("insufficient_balance")));
    // The same one, seen again, does not begin anew.
    given(failed.clone()).when(asked(request(FIRST))).then_expect_events(vec![]);
    let again = after(failed, request(SECOND));
    assert_eq!((known(&again).status, known(&again).payment_reason), (OrderStatus::PaymentPending, None));
    given(again).when(asked(pays(SECOND))).then_expect_events(vec![is_paid(SECOND)]);
}

#[test]
fn a_failure_is_that_of_the_payment_it_waits_for() {
    let pending = told(&[request(FIRST), fails(FIRST), request(SECOND)]);
    given(pending).when(asked(fails(FIRST))).then_expect_events(vec![]);
    for history in [told(&[]), told(&[request(FIRST), pays(FIRST)]), told(&[request(FIRST), fails(FIRST)])] {
        given(history).when(asked(fails(FIRST))).then_expect_events(vec![]);
    }
}

#[test]
fn a_success_counts_although_it_was_thought_to_have_failed() {
    let failed = told(&[request(FIRST), fails(FIRST)]);
    given(failed.clone()).when(asked(pays(FIRST))).then_expect_events(vec![is_paid(FIRST)]);
    // Also while another one is on its way, which then finds it paid.
    let overtaken = after(after(failed, request(SECOND)), pays(FIRST));
    assert_eq!(known(&overtaken).payment_id, Some(FIRST));
    given(overtaken.clone()).when(asked(pays(SECOND))).then_expect_error(invalid("paid"));
    given(overtaken).when(asked(fails(SECOND))).then_expect_events(vec![]);
}

#[test]
fn money_for_an_order_that_is_over_is_not_taken() {
    let over = told(&[request(FIRST), fails(FIRST), OrderCommand::Cancel]);
    given(over.clone()).when(asked(pays(FIRST))).then_expect_error(invalid("cancelled"));
    given(over).when(asked(request(SECOND))).then_expect_error(invalid("cancelled"));
}

#[test]
fn it_is_cancelled_while_no_payment_is_open() {
    let reason = "cancelled-by-request";
    for history in [told(&[]), told(&[request(FIRST), fails(FIRST)]), told(&[request(FIRST), pays(FIRST)])] {
        given(history).when(asked(OrderCommand::Cancel)).then_expect_events(cancelled(reason));
    }
}

#[test]
fn what_is_paid_when_its_account_is_closed_is_cancelled() {
    let paid = told(&[request(FIRST), pays(FIRST)]);
    given(paid).when(asked(OrderCommand::CancelStranded)).then_expect_events(cancelled(ACCOUNT_NOT_USABLE));
    // What is not paid does not go out: it is paid first, or not in time.
    for history in [told(&[]), told(&[request(FIRST)]), told(&[request(FIRST), fails(FIRST)])] {
        given(history).when(asked(OrderCommand::CancelStranded)).then_expect_events(vec![]);
    }
}

#[test]
fn unpaid_for_fourteen_days_it_is_cancelled_once() {
    let on = |day: &str| OwnedAsked { at: day.parse().unwrap(), ..asked(OrderCommand::CancelUnpaid) };
    let (before, then) = ("2026-10-17T08:59:59Z", "2026-10-17T09:00:00Z");
    for history in [told(&[]), told(&[request(FIRST), fails(FIRST)])] {
        given(history.clone()).when(on(before)).then_expect_events(vec![]);
        given(history.clone()).when(on(then)).then_expect_events(cancelled(NOT_PAID));
        given([history, cancelled(NOT_PAID)].concat()).when(on(then)).then_expect_events(vec![]);
    }
    for history in [told(&[request(FIRST), pays(FIRST)]), placed(&[1]), submitted(&[1])] {
        given(history).when(on(then)).then_expect_events(vec![]);
    }
}

#[test]
fn what_the_provider_refuses_after_it_was_paid_ends_as_any_other() {
    let paid = told(&[request(FIRST), pays(FIRST)]);
    given(paid).when(asked(refuse(Some(2)))).then_expect_events(vec![
        line_cancelled(1, "order-refused"),
        line_rejected(2, "sku-unavailable"),
        OrderEvent::OrderFailed {},
    ]);
}

#[test]
fn that_the_customer_was_told_is_noted_once_and_when_it_is_over() {
    let note = |failed| OrderCommand::NoteNotified { ended_at: at(), failed };
    let over = || after(submitted(&[1]), record(vec![provisioned(1)]));
    let noted = |failed| OrderEvent::OrderCustomerNotified { at: at(), ended_at: at(), failed };
    for failed in [false, true] {
        given(over()).when(asked(note(failed))).then_expect_events(vec![noted(failed)]);
        let order = known(&after(over(), note(failed)));
        assert_eq!((order.ended_at, order.notified_at, order.notification_failed), (Some(at()), Some(at()), failed));
    }
    given(after(over(), note(true))).when(asked(note(false))).then_expect_events(vec![]);
    given(submitted(&[1])).when(asked(note(false))).then_expect_error(invalid("submitted"));
}
