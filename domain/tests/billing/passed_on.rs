//! Lines of the provider's that the operator passes on to the customer.

use domain::billing::passed_on::passed_on;
use domain::billing::{Charge, InvoiceLine, LineTerms, ProviderCharge, ProviderLine, Route};
use domain::{Currency, Refusal};

use crate::subscribed::*;

fn told() -> Told {
    started("2026-10-01", 3, ("17.50", Some("16.10"), "14.00"))
}

fn line(quantity: i64, from: &str, amount: &str) -> ProviderLine {
    ProviderLine {
        line_id: "bill-9".to_owned(),
        provider_subscription_id: "sub-1".to_owned(),
        charge: ProviderCharge::Credit,
        quantity,
        from: day(from),
        to: day("2026-11-01"),
        amount: eur(amount),
    }
}

fn made(line: &ProviderLine) -> Option<Charge> {
    passed_on(&told().history(), line, 0).unwrap()
}

fn invoiced(charge: &Charge) -> InvoiceLine {
    InvoiceLine::new(1, &told().history().subject, charge, &LineTerms { ..plain(Route::Own) }).unwrap()
}

#[test]
fn seats_given_back_are_given_back_at_our_price() {
    let charge = made(&line(-1, "2026-10-20", "-5.42")).unwrap();
    assert_eq!(shown(&charge), "credit 2026-10-20 2026-11-01 -1 12/31");
    assert_eq!((invoiced(&charge).amount, invoiced(&charge).cost), (eur("-6.77"), eur("-5.42")));
}

#[test]
fn a_goodwill_is_passed_on_in_proportion() {
    let charge = made(&line(-1, "2026-10-01", "-5.00")).unwrap();
    assert_eq!(shown(&charge), "credit 2026-10-01 2026-11-01 -1 1/1");
    let line = invoiced(&charge);
    assert_eq!((line.amount, line.cost, line.unit_price), (eur("-6.25"), eur("-5.00"), price("6.25")));
    let resale = InvoiceLine::new(1, &told().history().subject, &charge, &plain(RESALE)).unwrap();
    assert_eq!(resale.amount, eur("-5.75"));
}

#[test]
fn an_unexpected_charge_keeps_its_kind() {
    let added = ProviderLine { charge: ProviderCharge::Add, ..line(2, "2026-10-20", "10.84") };
    let charge = made(&added).unwrap();
    assert_eq!(shown(&charge), "increase 2026-10-20 2026-11-01 2 12/31");
    assert_eq!(invoiced(&charge).amount, eur("13.55"));
}

#[test]
fn where_nothing_says_our_price_nothing_is_made() {
    assert_eq!(made(&line(0, "2026-10-20", "-5.00")), None, "without seats");
    assert_eq!(made(&line(-1, "2026-09-20", "-5.00")), None, "before the first term");
    assert_eq!(made(&ProviderLine { to: day("2026-10-20"), ..line(-1, "2026-10-20", "-5.00") }), None);
    let free = started("2026-10-01", 3, ("17.50", None, "0.00"));
    assert_eq!(passed_on(&free.history(), &line(-1, "2026-10-01", "-5.00"), 0), Ok(None));
    let dollars = ProviderLine { amount: money("-5.00", Currency::USD), ..line(-1, "2026-10-01", "-5.00") };
    assert_eq!(passed_on(&told().history(), &dollars, 0), Err(Refusal::AmountOverflow));
}
