//! Commission statements.

use domain::billing::statement::{Entries, Outcome, statement, treatment};
use domain::tax::TaxCategory;
use domain::{Currency, Money, Refusal};

use crate::subscribed::*;

fn outcome(accrued: &[&str], reversed: &[&str], carried: Option<&str>) -> Outcome {
    let euros = |amounts: &[&str]| amounts.iter().map(|amount| eur(amount)).collect::<Vec<Money>>();
    let entries = Entries { accrued: euros(accrued), reversed: euros(reversed), carried: carried.map(eur) };
    statement(Currency::EUR, &entries, &german()).unwrap()
}

fn sums(outcome: &Outcome) -> [String; 3] {
    let Outcome::Statement(made) = outcome else { panic!("{outcome:?}") };
    [made.net, made.taxes[0].amount, made.total].map(|money| money.amount().to_string())
}

#[test]
fn what_was_earned_less_what_goes_back() {
    assert_eq!(sums(&outcome(&["23.20", "2.81"], &["5.80"], None)), ["20.21", "3.84", "24.05"]);
}

#[test]
fn a_negative_sum_is_carried_until_it_is_earned_again() {
    assert_eq!(outcome(&["2.00"], &["5.80"], None), Outcome::Carried(eur("-3.80")));
    assert_eq!(outcome(&["1.00"], &[], Some("-3.80")), Outcome::Carried(eur("-2.80")));
    assert_eq!(outcome(&[], &[], Some("-2.80")), Outcome::Carried(eur("-2.80")));
    assert_eq!(sums(&outcome(&["12.80"], &[], Some("-2.80"))), ["10.00", "1.90", "11.90"]);
    assert_eq!(sums(&outcome(&["2.80"], &[], Some("-2.80"))), ["0.00", "0.00", "0.00"]);
    assert_eq!(outcome(&[], &[], None), Outcome::Nothing);
}

#[test]
fn the_reseller_is_the_one_who_sells_here() {
    let on = day("2026-10-31");
    let shown = |country: &str, vat_id| {
        let treatment = treatment(country, "DE", vat_id, on);
        (treatment.category, treatment.rate.to_string())
    };
    assert_eq!(shown("DE", Some("DE123456789")), (TaxCategory::S, "19".to_owned()));
    assert_eq!(shown("NL", Some("DE123456789")), (TaxCategory::AE, "0".to_owned()));
    assert_eq!(shown("CH", Some("DE123456789")), (TaxCategory::AE, "0".to_owned()));
}

#[test]
fn a_statement_has_one_currency() {
    let entries = Entries { accrued: vec![money("5", Currency::JPY)], ..Entries::default() };
    assert_eq!(statement(Currency::EUR, &entries, &german()), Err(Refusal::AmountOverflow));
}
