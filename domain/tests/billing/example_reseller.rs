//! October 2026 of an end customer, to the cent: billed itself, or its reseller; what that one earns, and gives back.

use domain::billing::commission::Earned;
use domain::billing::credit::{Creditable, CreditableLine, Wanted};
use domain::billing::statement::{self, Entries, Outcome};
use domain::billing::{InvoiceLine, LineTerms, Route, minus, sum};
use domain::customer::{BillTo, Commission};
use domain::tax::TaxCategory;
use domain::{Currency, Money};
use rust_decimal::Decimal;

use crate::subscribed::*;

/// 20.00 less 5 percent; 14.00 and 15 percent on it.
fn acker() -> Told {
    started("2026-10-12", 8, ("19.00", Some("16.10"), "14.00")).seats("2026-10-28", 8, 10)
}

fn agency(commission: &Commission) -> Vec<InvoiceLine> {
    let terms =
        LineTerms { route: AGENCY, discount_percent: Decimal::ZERO, commission: Some(commission), end_customer: None };
    acker().lines_in("2026-10", &terms)
}

fn commissions(lines: &[InvoiceLine]) -> Vec<Money> {
    lines.iter().map(|line| line.commission.unwrap()).collect()
}

#[test]
fn the_customer_is_billed_and_the_difference_is_the_resellers() {
    assert_eq!(
        acker().shown_in("2026-10"),
        ["new 2026-10-12 2026-11-12 8 31/31", "increase 2026-10-28 2026-11-12 2 15/31"]
    );
    let lines = agency(&difference());
    assert_eq!(amounts(&lines), ["152.00", "18.39"]);
    let reseller: Vec<Money> = lines.iter().map(|line| line.reseller_amount.unwrap()).collect();
    assert_eq!(reseller, [eur("128.80"), eur("15.58")]);
    assert_eq!(commissions(&lines), [eur("23.20"), eur("2.81")]);
    assert_eq!(lines.iter().map(|line| line.cost).collect::<Vec<_>>(), [eur("112.00"), eur("13.55")]);
    assert_eq!(sums(&lines, &german()), ["170.39", "32.37", "202.76"]);
}

#[test]
fn a_share_of_twelve_percent_instead() {
    let lines = agency(&percent("12"));
    assert_eq!(commissions(&lines), [eur("18.24"), eur("2.21")]);
    assert_eq!(sum(Currency::EUR, commissions(&lines)), Ok(eur("20.45")));
}

#[test]
fn the_statement_has_the_resellers_tax_and_the_seller_keeps_the_rest() {
    let lines = agency(&difference());
    let entries = Entries { accrued: commissions(&lines), ..Entries::default() };
    let treatment = statement::treatment("DE", "DE", Some("DE999999999"), day("2026-10-31"));
    let Outcome::Statement(made) = statement::statement(Currency::EUR, &entries, &treatment).unwrap() else {
        panic!("no statement")
    };
    assert_eq!((made.net, made.taxes[0].amount, made.total), (eur("26.01"), eur("4.94"), eur("30.95")));
    let (net, cost) = (eur("170.39"), sum(Currency::EUR, lines.iter().map(|line| line.cost)).unwrap());
    assert_eq!(cost, eur("125.55"));
    let kept = minus(minus(net, made.net).unwrap(), cost).unwrap();
    assert_eq!((kept, minus(eur("144.38"), cost).unwrap()), (eur("18.83"), eur("18.83")));
}

#[test]
fn a_credit_of_the_first_line_takes_back_its_share_of_the_commission() {
    let lines = agency(&difference());
    let left: Vec<CreditableLine> =
        lines.iter().map(|line| CreditableLine { line: line.line, left: line.amount }).collect();
    let invoice = Creditable { lines: &left, tax_left: eur("32.37"), treatment: &german() };
    let credit = invoice.credit(&Wanted::Lines(vec![(1, eur("38.00"))])).unwrap();
    assert_eq!((credit.net, credit.taxes[0].amount, credit.total), (eur("38.00"), eur("7.22"), eur("45.22")));
    let earned = Earned { commission: eur("23.20"), net: eur("152.00"), credited: eur("0.00") };
    let reversed = earned.reversed_by(eur("38.00")).unwrap();
    assert_eq!(reversed, eur("5.80"));
    let november = Entries { reversed: vec![reversed], ..Entries::default() };
    let outcome = statement::statement(Currency::EUR, &november, &german()).unwrap();
    assert_eq!(outcome, Outcome::Carried(eur("-5.80")), "with nothing else in November it is carried on");
}

#[test]
fn the_reseller_is_billed_at_its_price_and_told_what_to_bill_on() {
    let resale = acker().lines_in("2026-10", &plain(RESALE));
    assert_eq!(sums(&resale, &german()), ["144.38", "27.43", "171.81"]);
    assert!(resale.iter().all(|line| line.end_customer_id == Some(ACKER) && line.commission.is_none()));
    assert!(resale.iter().all(|line| line.unit_price == price("16.10")));
    let to_bill_on = acker().lines_in("2026-10", &plain(AGENCY));
    assert_eq!(sums(&to_bill_on, &german())[0], "170.39");
}

#[test]
fn a_dutch_customer_accounts_for_the_tax_itself() {
    let lines = agency(&difference());
    let dutch = taxed("NL", Some("NL123456789B01"));
    assert_eq!(sums(&lines, &dutch), ["170.39", "0.00", "170.39"]);
    assert_eq!((dutch.category, dutch.note.is_some()), (TaxCategory::AE, true));
}

#[test]
fn who_is_billed_depends_on_a_reseller_and_its_customers_terms() {
    let billed = |reseller, bill_to| Route::of(reseller, bill_to).billed_party(ACKER);
    assert_eq!(billed(None, BillTo::Customer), ACKER);
    assert_eq!(billed(None, BillTo::Reseller), ACKER, "nobody else is there");
    assert_eq!(billed(Some(RESELLER), BillTo::Customer), ACKER);
    assert_eq!(billed(Some(RESELLER), BillTo::Reseller), RESELLER);
}
