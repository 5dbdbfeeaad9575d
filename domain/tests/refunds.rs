//! Money that goes back: over which payments, and from where.

#![allow(clippy::unwrap_used)]

use domain::billing::{from_minor_units, minor_units, sum};
use domain::collecting::refund::{Returnable, Returned, Taken, Whereabouts, divide};
use domain::{Currency, Money, Refusal};
use proptest::prelude::*;
use uuid::Uuid;

fn eur(cents: i128) -> Money {
    from_minor_units(cents, Currency::EUR).unwrap()
}

/// The `n`th booked, of which so much can go back.
fn booked(n: u128, cents: i128) -> Returnable {
    Returnable { payment_id: Uuid::from_u128(n), left: eur(cents) }
}

fn where_it_is(refundable: i128, on_invoice: i128, balance: i128) -> Whereabouts {
    Whereabouts { refundable: eur(refundable), on_invoice: eur(on_invoice), balance: eur(balance) }
}

#[test]
fn a_credit_goes_back_over_the_last_payment_first() {
    let payments = [booked(1, 10_000), booked(2, 3_000)];
    let parts = |cents| divide(eur(cents), &payments).unwrap();
    assert_eq!(parts(2_000), Returned { parts: vec![booked(2, 2_000)], rest: eur(0) });
    assert_eq!(parts(5_000), Returned { parts: vec![booked(2, 3_000), booked(1, 2_000)], rest: eur(0) });
    assert_eq!(parts(15_000), Returned { parts: vec![booked(2, 3_000), booked(1, 10_000)], rest: eur(2_000) });
}

#[test]
fn nothing_goes_over_payments_that_cannot() {
    assert_eq!(divide(eur(500), &[]).unwrap(), Returned { parts: Vec::new(), rest: eur(500) });
    assert_eq!(divide(eur(500), &[booked(1, 0)]).unwrap(), Returned { parts: Vec::new(), rest: eur(500) });
}

#[test]
fn what_no_invoice_holds_comes_from_the_balance_first() {
    // 150.00 came in, 100.00 paid the invoice, 50.00 went to the balance.
    let all_there = where_it_is(15_000, 10_000, 5_000);
    assert_eq!(all_there.take(Some(eur(3_000))), Ok(Taken { balance: eur(3_000), invoice: eur(0) }));
    assert_eq!(all_there.take(Some(eur(6_000))), Ok(Taken { balance: eur(5_000), invoice: eur(1_000) }));
    assert_eq!(all_there.take(None), Ok(Taken { balance: eur(5_000), invoice: eur(10_000) }));
}

#[test]
fn what_the_balance_paid_meanwhile_is_not_refunded() {
    let spent = where_it_is(15_000, 10_000, 2_000);
    assert_eq!(spent.take(None), Ok(Taken { balance: eur(2_000), invoice: eur(10_000) }));
    assert_eq!(spent.take(Some(eur(12_001))), Err(Refusal::RefundLimit { left: eur(12_000) }));
}

#[test]
fn a_balance_of_other_money_is_left_alone() {
    let other = where_it_is(10_000, 10_000, 7_000);
    assert_eq!(other.take(None), Ok(Taken { balance: eur(0), invoice: eur(10_000) }));
}

#[test]
fn what_went_back_already_is_no_longer_on_the_invoice() {
    // All of it paid the invoice, and 40.00 of that came back: the gateway gives at most the rest.
    assert_eq!(where_it_is(6_000, 10_000, 0).take(None), Ok(Taken { balance: eur(0), invoice: eur(6_000) }));
    assert_eq!(where_it_is(0, 0, 5_000).take(None), Err(Refusal::RefundLimit { left: eur(0) }));
}

#[test]
fn an_amount_is_above_zero_and_in_the_currency_of_the_payment() {
    let there = where_it_is(100, 100, 0);
    assert_eq!(there.take(Some(eur(0))), Err(Refusal::InvalidPayment));
    assert_eq!(there.take(Some(eur(-1))), Err(Refusal::InvalidPayment));
    let dollars = from_minor_units(50, "USD".parse().unwrap()).unwrap();
    assert_eq!(there.take(Some(dollars)), Err(Refusal::CurrencyMismatch));
}

proptest! {
    #[test]
    fn the_parts_of_a_credit_add_up_to_it(cents in 1i128..100_000, lefts in prop::collection::vec(0i128..50_000, 0..6)) {
        let payments: Vec<_> = (1..).zip(&lefts).map(|(n, left)| booked(n, *left)).collect();
        let Returned { parts, rest } = divide(eur(cents), &payments).unwrap();
        let returned = sum(Currency::EUR, parts.iter().map(|part| part.left)).unwrap();
        prop_assert_eq!(returned.plus(rest).unwrap(), eur(cents));
        prop_assert_eq!(minor_units(returned).unwrap(), cents.min(lefts.iter().sum()));
        for part in parts {
            let payment = payments.iter().find(|payment| payment.payment_id == part.payment_id).unwrap();
            prop_assert!(minor_units(part.left).unwrap() <= minor_units(payment.left).unwrap());
        }
    }

    #[test]
    fn a_refund_takes_what_is_asked_for_and_nothing_that_is_not_there(
        (refundable, on_invoice, balance) in (0i128..50_000, 0i128..50_000, 0i128..50_000),
        asked in prop::option::of(1i128..120_000),
    ) {
        match where_it_is(refundable, on_invoice, balance).take(asked.map(eur)) {
            Ok(Taken { balance: of_balance, invoice }) => {
                let (of_balance, invoice) = (minor_units(of_balance).unwrap(), minor_units(invoice).unwrap());
                prop_assert!((0..=balance).contains(&of_balance) && (0..=on_invoice).contains(&invoice));
                prop_assert!((1..=refundable).contains(&(of_balance + invoice)));
                prop_assert!(asked.is_none_or(|asked| asked == of_balance + invoice));
            }
            Err(Refusal::RefundLimit { left }) => {
                let left = minor_units(left).unwrap();
                prop_assert!(left <= refundable && asked.map_or(left == 0, |asked| asked > left));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
