//! Parts that add up to the whole.

use domain::billing::allocate::{Applied, apply, split};
use domain::{Currency, Money, Refusal};
use rust_decimal::Decimal;

use crate::subscribed::*;

fn parts(total: &str, weights: &[&str]) -> Vec<String> {
    let weights: Vec<Money> = weights.iter().map(|weight| eur(weight)).collect();
    split(eur(total), &weights).unwrap().iter().map(|part| part.amount().to_string()).collect()
}

#[test]
fn what_cannot_be_divided_goes_to_the_largest_remainder() {
    assert_eq!(parts("10.00", &["1.00", "1.00", "1.00"]), ["3.34", "3.33", "3.33"], "the first of equals");
    assert_eq!(parts("0.05", &["3.00", "7.00"]), ["0.02", "0.03"], "1.5 and 3.5");
    assert_eq!(parts("1.00", &["1.00", "2.00", "3.00"]), ["0.17", "0.33", "0.50"]);
    assert_eq!(parts("0.01", &["1.00", "9.00"]), ["0.00", "0.01"]);
    assert_eq!(parts("45.22", &["152.00", "0.00", "18.39"]), ["40.34", "0.00", "4.88"]);
}

#[test]
fn credits_take_their_part_the_other_way() {
    assert_eq!(parts("62.60", &["437.50", "127.02", "-20.32", "81.75"]), ["43.75", "12.70", "-2.03", "8.18"]);
    assert_eq!(parts("-10.00", &["1.00", "2.00"]), ["-3.33", "-6.67"]);
    assert_eq!(parts("10.00", &["-1.00", "-3.00"]), ["2.50", "7.50"], "only the proportions count");
}

#[test]
fn without_weights_shares_are_equal_and_without_shares_there_are_none() {
    assert_eq!(parts("0.05", &["0.00", "0.00"]), ["0.03", "0.02"]);
    assert!(parts("0.05", &[]).is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    let huge = Money::rounded(Decimal::MAX, Currency::JPY);
    assert_eq!(split(huge, &[huge, huge]), Err(Refusal::AmountOverflow));
}

#[test]
fn what_is_open_is_paid_first() {
    let applied = |amount: &str, open: &str| {
        let Applied { applied, rest } = apply(eur(amount), eur(open)).unwrap();
        [applied, rest].map(|money| money.amount().to_string())
    };
    assert_eq!(applied("45.22", "202.76"), ["45.22", "0.00"]);
    assert_eq!(applied("45.22", "40.00"), ["40.00", "5.22"]);
    assert_eq!(applied("45.22", "0.00"), ["0.00", "45.22"]);
    assert_eq!(applied("0.00", "40.00"), ["0.00", "0.00"]);
    assert_eq!(applied("5.00", "-1.00"), ["0.00", "5.00"]);
    assert_eq!(apply(eur("1.00"), money("1", Currency::JPY)), Err(Refusal::AmountOverflow));
}
