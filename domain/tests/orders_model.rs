//! Whatever is asked of an order, in any order: its states follow the arrows, its lines are decided once, and nothing
//! goes to the provider that was to be paid first and is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use chrono::{DateTime, TimeDelta, Utc};
use domain::decider::fold;
use domain::order::{
    LineStatus, Order, OrderCommand, OrderEvent, OrderRules, OrderState, OrderStatus, PaymentMode, PlaceOrder,
};
use domain::{Actor, Asked, Decided, Decider, Refusal};
use ordering::{
    after, at, day, given_up, order, place, placed, prepaid, provisioned, record, refuse, rejected, scheduled, submit,
};
use proptest::prelude::*;
use uuid::Uuid;

/// Something asked, so many days after what was asked before it.
#[derive(Debug, Clone)]
struct Step {
    days: i64,
    command: OrderCommand,
}

/// Anything that may be asked of an order of two lines, in any state; line 3 is none of its own.
fn any_command() -> impl Strategy<Value = OrderCommand> {
    let outcome = (1u32..=2, 0usize..3).prop_map(|(line, what)| [provisioned, rejected, given_up][what](line));
    let id = || (0u128..3).prop_map(Uuid::from_u128);
    prop_oneof![
        1 => Just(place(order(&[1, 1]))),
        1 => Just(place(PlaceOrder { start_on: Some(day("2026-11-01")), ..order(&[1, 1]) })),
        2 => (1u32..=2).prop_map(|n| submit(&format!("po-{n}"))),
        1 => prop::option::of(1u32..=3).prop_map(refuse),
        2 => prop::collection::vec(outcome, 0..4).prop_map(record),
        1 => Just(record(vec![provisioned(3)])),
        1 => Just(OrderCommand::Cancel),
        3 => id().prop_map(|payment_id| OrderCommand::RequestPayment { payment_id, tax: None }),
        3 => id().prop_map(|payment_id| OrderCommand::MarkPaid { payment_id }),
        2 => id().prop_map(|payment_id| OrderCommand::MarkPaymentFailed { payment_id, reason: "other".to_owned() }),
        1 => Just(OrderCommand::CancelUnpaid),
        1 => Just(OrderCommand::CancelStranded),
        1 => any::<bool>().prop_map(|failed| OrderCommand::NoteNotified { ended_at: at(), failed }),
    ]
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop_oneof![3 => Just(0), 1 => 1i64..15], any_command());
    prop::collection::vec(step.prop_map(|(days, command)| Step { days, command }), 0..16)
}

fn any_beginning() -> impl Strategy<Value = Vec<OrderEvent>> {
    prop_oneof![
        3 => Just(placed(&[1, 1])),
        4 => Just(prepaid(&[1, 1])),
        1 => Just(scheduled(&[1, 1])),
    ]
}

fn decide(state: &OrderState, at: DateTime<Utc>, command: &OrderCommand) -> Result<Decided<OrderEvent>, Refusal> {
    OrderRules::decide(state, &Asked { at, by: &Actor::system("test"), command })
}

/// A history that decisions really made: first the order is there, then whatever is not refused.
fn lived(mut history: Vec<OrderEvent>, steps: &[Step]) -> Vec<OrderEvent> {
    let mut now = at();
    for Step { days, command } in steps {
        now += TimeDelta::days(*days);
        if let Ok(decided) = decide(&fold::<OrderRules>(&history), now, command) {
            history.extend(decided.events);
        }
    }
    history
}

/// Whether one event may move an order from one status to the other.
fn legal(from: OrderStatus, to: OrderStatus, payment: PaymentMode) -> bool {
    use OrderStatus::{
        Cancelled, Failed, Fulfilled, Paid, PartiallyFulfilled, PaymentFailed, PaymentPending, Placed, Scheduled,
        Submitted,
    };
    let on_the_way = match payment {
        PaymentMode::Invoice => matches!((from, to), (Placed, Submitted | Failed)),
        PaymentMode::Prepaid => matches!(
            (from, to),
            (Placed | PaymentFailed, PaymentPending)
                | (PaymentPending, Paid | PaymentFailed)
                // A success counts, however late.
                | (PaymentFailed, Paid)
                | (Paid, Submitted | Failed)
        ),
    };
    from == to
        || on_the_way
        || matches!(
            (from, to),
            (Scheduled | Placed | PaymentFailed | Paid, Cancelled)
                | (Submitted, Fulfilled | PartiallyFulfilled | Failed | Cancelled)
        )
}

/// A final status says what became of the lines, and while it is not final some line is open.
fn agrees_with_its_lines(order: &Order) -> bool {
    let count = |status| order.lines.iter().filter(|placed| placed.status == status).count();
    let (provisioned, rejected) = (count(LineStatus::Provisioned), count(LineStatus::Rejected));
    let (open, all) = (count(LineStatus::Open), order.lines.len());
    match order.status {
        OrderStatus::Scheduled
        | OrderStatus::Placed
        | OrderStatus::PaymentPending
        | OrderStatus::Paid
        | OrderStatus::PaymentFailed => open == all,
        OrderStatus::Submitted => open > 0,
        OrderStatus::Fulfilled => provisioned == all,
        OrderStatus::PartiallyFulfilled => open == 0 && (1..all).contains(&provisioned),
        OrderStatus::Failed => open == 0 && provisioned == 0 && rejected > 0,
        OrderStatus::Cancelled => count(LineStatus::Cancelled) == all,
    }
}

/// What was to be paid first was paid before the provider heard of it.
fn was_paid_first(order: &Order) -> bool {
    order.details.payment == PaymentMode::Invoice || order.provider_order_id.is_none() || order.paid_at.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_sequence_of_commands_leaves_the_legal_states(begun in any_beginning(), steps in any_steps()) {
        let mut state = fold::<OrderRules>(&begun);
        let mut now = at();
        for Step { days, command } in &steps {
            now += TimeDelta::days(*days);
            let before = state.known().unwrap().clone();
            for event in decide(&state, now, command).map(|decided| decided.events).unwrap_or_default() {
                OrderRules::evolve(&mut state, &event);
            }
            let after = state.known().unwrap();
            let payment = after.details.payment;
            prop_assert!(legal(before.status, after.status, payment), "{:?} to {:?}", before.status, after.status);
            prop_assert!(agrees_with_its_lines(after), "{after:?}");
            prop_assert!(was_paid_first(after), "{after:?}");
            prop_assert!(before.paid_at.is_none() || before.paid_at == after.paid_at, "it is paid once");
            prop_assert!(after.paid_at.is_none() || after.payment_id.is_some());
            prop_assert!(after.notified_at.is_none() || after.status.is_final(), "told of an end that is none");
            for (was, is) in before.lines.iter().zip(&after.lines) {
                prop_assert!(was.status == LineStatus::Open || was == is, "{was:?} became {is:?}");
            }
        }
    }

    #[test]
    fn a_stored_state_folds_on_like_the_whole(
        begun in any_beginning(),
        steps in any_steps(),
        split in any::<prop::sample::Index>(),
    ) {
        let history = lived(begun, &steps);
        let (before, rest) = history.split_at(split.index(history.len() + 1));
        let stored = serde_json::to_string(&fold::<OrderRules>(before)).unwrap();
        let mut state: OrderState = serde_json::from_str(&stored).unwrap();
        rest.iter().for_each(|event| OrderRules::evolve(&mut state, event));
        prop_assert_eq!(state, fold::<OrderRules>(&history));
    }

    #[test]
    fn what_was_decided_once_is_not_decided_again(
        begun in any_beginning(),
        steps in any_steps(),
        again in any_command(),
    ) {
        let mut history = lived(begun, &steps);
        let now = at() + TimeDelta::days(300);
        if let Ok(first) = decide(&fold::<OrderRules>(&history), now, &again) {
            history.extend(first.events);
            let second = decide(&fold::<OrderRules>(&history), now, &again);
            prop_assert_eq!(second.map(|decided| decided.events), Ok(Vec::new()));
        }
    }
}

#[test]
fn an_order_paid_by_invoice_is_never_paid_in_advance() {
    for command in [
        OrderCommand::RequestPayment { payment_id: Uuid::from_u128(1), tax: None },
        OrderCommand::MarkPaid { payment_id: Uuid::from_u128(1) },
    ] {
        let state = fold::<OrderRules>(&placed(&[1]));
        let refused = decide(&state, at(), &command).unwrap_err();
        assert_eq!(refused, Refusal::InvalidState { state: "placed" });
    }
    let state = fold::<OrderRules>(&after(placed(&[1]), OrderCommand::CancelUnpaid));
    assert_eq!(state.known().unwrap().status, OrderStatus::Placed);
}
