//! A reseller billed for its end customer: its own price, and beside it what it bills on; and lines of a credit note.

use domain::billing::{
    BillOn, Document, EndCustomer, InvoiceLine, LineTerms, Route, Totals, minor_units, negated, sum,
};
use domain::{Currency, Money};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::numbers::*;
use crate::subscribed::*;

/// Ten seats of 19.00 for a month, with the reseller at 16.10; then half of them for twelve days less.
fn told() -> Told {
    started("2026-10-12", 10, ("19.00", Some("16.10"), "14.00")).seats("2026-10-31", 10, 5)
}

/// Of an end customer called Acker with that discount.
fn resale(discount_percent: Decimal) -> LineTerms<'static> {
    LineTerms { end_customer: Some(EndCustomer { name: "Acker", discount_percent }), ..plain(RESALE) }
}

#[test]
fn the_reseller_sees_its_price_and_what_it_bills_on() {
    let lines = told().lines_in("2026-10", &resale(number("10")));
    assert_eq!((lines[0].unit_price, lines[0].amount, lines[0].discount), (price("16.10"), eur("161.00"), eur("0.00")));
    let on = |line: &InvoiceLine| line.bill_on.unwrap();
    let BillOn { unit_price, discount, amount } = on(&lines[0]);
    assert_eq!((unit_price, discount, amount), (price("19.00"), eur("19.00"), eur("171.00")));
    assert_eq!((on(&lines[1]).discount, on(&lines[1]).amount), (eur("-3.67"), eur("-33.10")));
    assert!(lines.iter().all(|line| line.end_customer_name.as_deref() == Some("Acker")));
    assert!(lines.iter().all(|line| line.end_customer_id == Some(ACKER) && line.reseller_amount.is_none()));
}

#[test]
fn a_fixed_price_is_billed_on_without_the_end_customers_discount() {
    let line = &told().fixed_price().lines_in("2026-10", &resale(number("10")))[0];
    let on = line.bill_on.unwrap();
    assert_eq!((on.discount, on.amount), (eur("0.00"), eur("190.00")));
}

#[test]
fn only_where_the_reseller_is_billed_is_anything_billed_on() {
    for route in [Route::Own, AGENCY] {
        let lines = told().lines_in("2026-10", &LineTerms { route, ..resale(number("10")) });
        let says = |line: &InvoiceLine| {
            line.bill_on.is_some() || line.end_customer_id.is_some() || line.end_customer_name.is_some()
        };
        assert!(!lines.iter().any(says), "{route:?}");
    }
    let nameless = told().lines_in("2026-10", &plain(RESALE));
    assert_eq!((nameless[0].end_customer_id, nameless[0].bill_on), (Some(ACKER), None));
}

#[test]
fn who_came_to_its_reseller_later_is_billed_on_at_what_it_agreed_to() {
    let before = started("2026-10-12", 10, OFFICE).lines_in("2026-10", &resale(Decimal::ZERO));
    assert_eq!((before[0].amount, before[0].bill_on.unwrap().amount), (eur("175.00"), eur("175.00")));
}

fn turned(lines: &[InvoiceLine]) -> Vec<InvoiceLine> {
    lines.iter().map(|line| line.clone().turned().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn what_is_billed_on_is_what_the_end_customer_would_be_billed(charge in any_charge(), discount in any_percent()) {
        let agency = LineTerms { route: AGENCY, discount_percent: discount, commission: None, end_customer: None };
        let (direct, resold) = (line(&charge, &agency).unwrap(), line(&charge, &resale(discount)).unwrap());
        let on = resold.bill_on.unwrap();
        prop_assert_eq!((on.unit_price, on.discount, on.amount), (direct.unit_price, direct.discount, direct.amount));
        let own = line(&charge, &LineTerms { route: Route::Own, ..agency }).unwrap();
        prop_assert_eq!((own.discount, own.amount), (direct.discount, direct.amount));
        prop_assert_eq!((resold.cost, resold.quantity, resold.factor), (direct.cost, direct.quantity, direct.factor));
    }

    #[test]
    fn a_line_turned_twice_is_the_line(charge in any_charge(), discount in any_percent(), commission in any_commission()) {
        for route in [Route::Own, AGENCY, RESALE] {
            let terms = LineTerms { route, commission: Some(&commission), ..resale(discount) };
            let one = line(&charge, &LineTerms { discount_percent: discount, ..terms }).unwrap();
            let other = one.clone().turned().unwrap();
            prop_assert_eq!(other.quantity, -one.quantity);
            prop_assert_eq!((other.unit_price, other.factor, other.charge_key()), (one.unit_price, one.factor, one.charge_key()));
            let of = |line: &InvoiceLine| {
                let on = line.bill_on.map(|on| (on.discount, on.amount));
                let amounts = [Some(line.discount), Some(line.amount), Some(line.cost), line.reseller_amount, line.commission];
                let all = amounts.into_iter().chain([on.map(|on| on.0), on.map(|on| on.1)]);
                all.map(|money| money.map(|money| minor_units(money).unwrap())).collect::<Vec<_>>()
            };
            let expected: Vec<_> = of(&one).into_iter().map(|units| units.map(|units| -units)).collect();
            prop_assert_eq!(of(&other), expected);
            prop_assert_eq!(other.turned().unwrap(), one);
        }
    }

    #[test]
    fn lines_of_a_credit_note_add_up_to_it(
        charges in vec(any_charge(), 1..6),
        discount in any_percent(),
        treatment in any_treatment(),
    ) {
        let currency: Currency = charges[0].prices.unit_price.currency();
        let terms = LineTerms { discount_percent: discount, ..plain(Route::Own) };
        let of_currency = charges.iter().filter(|charge| charge.prices.unit_price.currency() == currency);
        let lines: Vec<InvoiceLine> = of_currency.map(|charge| line(charge, &terms).unwrap()).collect();
        let totals = Totals::of(currency, &lines, &treatment).unwrap();
        let turned = turned(&lines);
        let net: Money = sum(currency, turned.iter().map(|line| line.amount)).unwrap();
        prop_assert_eq!(net, negated(totals.net).unwrap());
        if let Document::CreditNote(note) = totals.document().unwrap() {
            prop_assert_eq!(&note, &Totals::of(currency, &turned, &treatment).unwrap());
        }
    }
}
