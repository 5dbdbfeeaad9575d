//! Balances: what comes in can be taken out, once it is there, and never more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use domain::balance::{BalanceCommand as C, BalanceEvent, BalanceRules, BalanceSource};
use domain::decider::fold;
use domain::{Currency, Money, Refusal};
use people::{CUSTOMER, asked, decide, given};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const NOTE: BalanceSource = BalanceSource::CreditNote(Uuid::from_u128(0xc0));
const INVOICE: BalanceSource = BalanceSource::Invoice(Uuid::from_u128(0x1f));
const PAYMENT: BalanceSource = BalanceSource::Payment(Uuid::from_u128(0x9a));

fn cents(cents: i64) -> Money {
    Money::rounded(Decimal::new(cents, 2), Currency::EUR)
}

fn credit(amount: Money) -> C {
    C::Credit { customer_id: CUSTOMER, amount, source: NOTE }
}

fn debit(amount: Money) -> C {
    C::Debit { customer_id: CUSTOMER, amount, source: INVOICE }
}

fn credited(amount: Money, source: BalanceSource) -> BalanceEvent {
    BalanceEvent::BalanceCredited { customer_id: CUSTOMER, amount, source }
}

fn debited(amount: Money) -> BalanceEvent {
    BalanceEvent::BalanceDebited { customer_id: CUSTOMER, amount, source: INVOICE }
}

fn amount(history: &[BalanceEvent]) -> Option<Money> {
    fold::<BalanceRules>(history).amount()
}

#[test]
fn what_comes_in_is_there() {
    given::<BalanceRules>(&[]).when(asked(credit(cents(522)))).then_expect_events(vec![credited(cents(522), NOTE)]);
    let history = [credited(cents(522), NOTE), credited(cents(1_000), PAYMENT), debited(cents(1_500))];
    assert_eq!(amount(&history[..0]), None);
    assert_eq!(amount(&history[..2]), Some(cents(1_522)));
    assert_eq!(amount(&history), Some(cents(22)));
}

#[test]
fn nothing_moves_nothing() {
    for history in [vec![], vec![credited(cents(522), NOTE)]] {
        given::<BalanceRules>(&history).when(asked(credit(cents(0)))).then_expect_events(vec![]);
        given::<BalanceRules>(&history).when(asked(debit(cents(0)))).then_expect_events(vec![]);
    }
}

#[test]
fn all_of_it_can_be_taken_and_no_more() {
    let history = [credited(cents(522), NOTE)];
    given::<BalanceRules>(&history).when(asked(debit(cents(522)))).then_expect_events(vec![debited(cents(522))]);
    assert_eq!(amount(&[history[0].clone(), debited(cents(522))]), Some(cents(0)));
    for (history, wanted) in [(&history[..], 523), (&[], 1)] {
        let refused = decide::<BalanceRules>(history, &debit(cents(wanted))).unwrap_err();
        assert_eq!(refused.slug(), "invalid-state");
    }
}

#[test]
fn what_is_below_zero_or_in_another_currency_moves_nothing() {
    let history = [credited(cents(522), NOTE)];
    for command in [credit(cents(-1)), debit(cents(-1))] {
        given::<BalanceRules>(&history).when(asked(command)).then_expect_error(Refusal::InvalidCredit);
    }
    let dollar = Money::rounded(Decimal::ONE, Currency::USD);
    for command in [credit(dollar), debit(dollar)] {
        given::<BalanceRules>(&history).when(asked(command)).then_expect_error(Refusal::AmountOverflow);
    }
}

#[test]
fn what_cannot_be_represented_is_refused() {
    let history = [credited(Money::rounded(Decimal::MAX, Currency::JPY), NOTE)];
    let more = credit(Money::rounded(Decimal::ONE, Currency::JPY));
    given::<BalanceRules>(&history).when(asked(more)).then_expect_error(Refusal::AmountOverflow);
}

proptest! {
    #[test]
    fn it_is_what_came_in_less_what_went_out_and_never_below_zero(
        moves in prop::collection::vec((any::<bool>(), -10i64..10_000), 0..30),
    ) {
        let (mut history, mut expected) = (Vec::new(), 0);
        for (comes_in, cents_moved) in moves {
            let command = if comes_in { credit(cents(cents_moved)) } else { debit(cents(cents_moved)) };
            let allowed = cents_moved >= 0 && (comes_in || cents_moved <= expected);
            let decided = decide::<BalanceRules>(&history, &command);
            prop_assert_eq!(decided.is_ok(), allowed);
            history.extend(decided.map_or_else(|_| Vec::new(), |decided| decided.events));
            expected += if !allowed { 0 } else if comes_in { cents_moved } else { -cents_moved };
            prop_assert_eq!(amount(&history).unwrap_or(cents(0)), cents(expected));
        }
    }
}
