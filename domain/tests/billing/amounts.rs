//! Invoices as a whole: sums, documents, and amounts in minor units.

use domain::billing::{Document, InvoiceLine, Route, Totals, from_minor_units, minor_units, minus, negated};
use domain::tax::{TaxCategory, Treatment};
use domain::{Currency, Money, Refusal};
use rust_decimal::Decimal;

use crate::subscribed::*;

fn lines(told: &Told, month: &str) -> Vec<InvoiceLine> {
    told.lines_in(month, &plain(Route::Own))
}

fn totals(lines: &[InvoiceLine]) -> Totals {
    Totals::of(Currency::EUR, lines, &german()).unwrap()
}

#[test]
fn charges_less_discounts_are_the_net() {
    let terms = domain::billing::LineTerms { discount_percent: number("10"), ..plain(Route::Own) };
    let told = started("2026-10-03", 5, OFFICE).seats("2026-10-22", 5, 3);
    let totals = totals(&told.lines_in("2026-10", &terms));
    assert_eq!((totals.charges, totals.discounts, totals.net), (eur("73.95"), eur("7.39"), eur("66.56")));
    let tax = &totals.taxes[0];
    assert_eq!(
        (tax.category, tax.rate, tax.base, tax.amount),
        (TaxCategory::S, number("19"), eur("66.56"), eur("12.65"))
    );
    assert_eq!(totals.total, eur("79.21"));
}

#[test]
fn categories_without_tax_say_why() {
    let lines = lines(&started("2026-10-03", 5, OFFICE), "2026-10");
    for (treatment, category) in [
        (taxed("NL", Some("NL123456789B01")), TaxCategory::AE),
        (taxed("CH", None), TaxCategory::G),
        (
            Treatment { category: TaxCategory::E, rate: Decimal::ZERO, note: Some("NATO forces".to_owned()) },
            TaxCategory::E,
        ),
    ] {
        let totals = Totals::of(Currency::EUR, &lines, &treatment).unwrap();
        assert_eq!((totals.taxes[0].category, totals.taxes[0].amount), (category, eur("0.00")));
        assert!(totals.taxes[0].note.is_some());
        assert_eq!(totals.total, eur("87.50"));
    }
    assert_eq!(sums(&lines, &taxed("NL", None)), ["87.50", "18.38", "105.88"]);
}

#[test]
fn more_credited_than_charged_is_a_credit_note_without_invoice() {
    let told = started_for(
        "2026-09-15",
        10,
        ("150.00", None, "120.00"),
        (domain::service::Term::Year, domain::service::BillingCycle::Year),
    )
    .cancelled("2026-10-18");
    let lines = lines(&told, "2026-10");
    assert_eq!(amounts(&lines), ["-1364.38"]);
    let Document::CreditNote(credit) = totals(&lines).document().unwrap() else { panic!("an invoice") };
    assert_eq!((credit.net, credit.taxes[0].base), (eur("1364.38"), eur("1364.38")));
    assert_eq!((credit.taxes[0].amount, credit.total), (eur("259.23"), eur("1623.61")));
    let turned = lines[0].clone().turned().unwrap();
    assert_eq!((turned.quantity, turned.amount, turned.cost), (10, eur("1364.38"), eur("1091.51")));
    assert_eq!(turned.turned().unwrap(), lines[0]);
}

#[test]
fn a_sum_of_zero_is_an_invoice() {
    let told = started("2026-10-03", 5, OFFICE).cancelled("2026-10-03");
    let document = totals(&lines(&told, "2026-10")).document().unwrap();
    assert!(matches!(document, Document::Invoice(totals) if totals.total == eur("0.00") && totals.taxes.len() == 1));
}

#[test]
fn an_invoice_has_one_currency() {
    let lines = lines(&started("2026-10-03", 5, OFFICE), "2026-10");
    assert_eq!(Totals::of(Currency::USD, &lines, &german()), Err(Refusal::AmountOverflow));
    assert_eq!(Totals::of(Currency::USD, &[], &german()).unwrap().total, money("0", Currency::USD));
}

#[test]
fn minor_units_are_whole_and_lose_nothing() {
    for (amount, currency, units) in [
        ("12.50", Currency::EUR, 1_250),
        ("-7", Currency::JPY, -7),
        ("0.001", Currency::KWD, 1),
        ("0", Currency::EUR, 0),
    ] {
        assert_eq!(minor_units(money(amount, currency)), Ok(units));
        assert_eq!(from_minor_units(units, currency), Ok(money(amount, currency)));
    }
    assert_eq!(from_minor_units(i128::MAX, Currency::EUR), Err(Refusal::AmountOverflow));
    assert_eq!(negated(Money::zero(Currency::EUR)).unwrap().to_string(), "0.00 EUR", "there is no negative nothing");
    assert_eq!(minus(eur("1.00"), money("1", Currency::USD)), Err(Refusal::AmountOverflow));
    let huge = Money::rounded(Decimal::MAX, Currency::JPY);
    assert_eq!(minus(huge, negated(huge).unwrap()), Err(Refusal::AmountOverflow));
}
