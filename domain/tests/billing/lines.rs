//! Amounts of a line: discount, the reseller's side, and other currencies' digits.

use domain::billing::{InvoiceLine, LineTerms, Route};
use domain::customer::{Commission, CommissionScheme};
use domain::{Currency, Money, Refusal, UnitPrice};

use crate::subscribed::*;

/// Ten seats of 19.00 for a month, with the reseller at 16.10; then half of them for twelve days less.
fn told() -> Told {
    started("2026-10-12", 10, ("19.00", Some("16.10"), "14.00")).seats("2026-10-31", 10, 5)
}

fn discounted(route: Route, discount: &str, commission: Option<&Commission>) -> Vec<InvoiceLine> {
    told().lines_in("2026-10", &LineTerms { route, discount_percent: number(discount), commission, end_customer: None })
}

#[test]
fn a_discount_is_taken_before_the_one_rounding() {
    let lines = discounted(Route::Own, "2.5", None);
    assert_eq!(amounts(&lines), ["185.25", "-35.85"]);
    let off: Vec<Money> = lines.iter().map(|line| line.discount).collect();
    assert_eq!(off, [eur("4.75"), eur("-0.92")], "what was 190.00 and -36.77");
    let free = discounted(Route::Own, "100", None);
    assert_eq!((free[0].amount, free[0].discount), (eur("0.00"), eur("190.00")));
}

#[test]
fn a_fixed_price_has_no_discount() {
    let terms = LineTerms { route: Route::Own, discount_percent: number("10"), commission: None, end_customer: None };
    let lines = told().fixed_price().lines_in("2026-10", &terms);
    assert_eq!((lines[0].amount, lines[0].discount), (eur("190.00"), eur("0.00")));
}

#[test]
fn the_reseller_amount_knows_no_discount_on_either_route() {
    let agency = discounted(AGENCY, "10", Some(&difference()));
    assert_eq!((agency[0].amount, agency[0].reseller_amount), (eur("171.00"), Some(eur("161.00"))));
    assert_eq!(agency[0].commission, Some(eur("10.00")), "the discount is the reseller's to bear");
    let resale = discounted(RESALE, "10", Some(&difference()));
    assert_eq!((resale[0].amount, resale[0].discount), (eur("161.00"), eur("0.00")));
    assert_eq!((resale[0].reseller_amount, resale[0].commission), (None, None));
}

#[test]
fn commission_on_a_credit_goes_the_other_way() {
    let lines = discounted(AGENCY, "0", Some(&difference()));
    assert_eq!((lines[1].amount, lines[1].reseller_amount), (eur("-36.77"), Some(eur("-31.16"))));
    assert_eq!(lines[1].commission, Some(eur("-5.61")));
    assert_eq!(discounted(AGENCY, "0", Some(&percent("12")))[1].commission, Some(eur("-4.41")));
}

#[test]
fn without_scheme_share_or_reseller_price_nothing_is_earned() {
    let none = Commission { scheme: CommissionScheme::None, percent: None };
    assert_eq!(discounted(AGENCY, "0", Some(&none))[0].commission, None);
    let shareless = Commission { scheme: CommissionScheme::Percent, percent: None };
    assert_eq!(discounted(AGENCY, "0", Some(&shareless))[0].commission, None);
    assert_eq!(discounted(Route::Own, "0", Some(&difference()))[0].commission, None);
    let before = started("2026-10-12", 10, OFFICE);
    let terms = LineTerms { commission: Some(&difference()), ..plain(AGENCY) };
    assert_eq!(before.lines_in("2026-10", &terms)[0].commission, None, "it came to its reseller later");
    assert_eq!(before.lines_in("2026-10", &plain(RESALE))[0].amount, eur("175.00"));
}

#[test]
fn a_change_of_the_spec_kind_is_one_line() {
    let told = started("2026-11-01", 5, ("10.00", None, "8.00")).seats("2026-11-16", 5, 10);
    let lines = told.lines_in("2026-11", &plain(Route::Own));
    assert_eq!(
        (lines[1].quantity, lines[1].factor.to_string(), lines[1].amount),
        (5, "15/30".to_owned(), eur("25.00"))
    );
}

#[test]
fn lines_have_their_currencys_digits_and_cost_has_its_own() {
    for (currency, unit_price, expected) in
        [(Currency::JPY, "1999.5", "968"), (Currency::KWD, "5.1235", "2.479"), (Currency::USD, "19.99", "9.67")]
    {
        let mut told = started("2026-10-01", 1, OFFICE);
        told.start().unit_price = UnitPrice::rounded(number(unit_price), currency);
        let charge = told.seats("2026-10-17", 1, 2).charges_in("2026-10")[1];
        let subject = started("2026-10-01", 1, OFFICE).history().subject;
        let line = InvoiceLine::new(1, &subject, &charge, &plain(Route::Own)).unwrap();
        assert_eq!((line.amount.amount().to_string(), line.currency()), (expected.to_owned(), currency));
        assert_eq!(line.cost, eur("6.77"));
    }
}

#[test]
fn a_line_names_its_charge_and_is_read_as_it_was_written() {
    let lines = discounted(RESALE, "0", None);
    assert_eq!(lines[1].charge_key(), told().charges_in("2026-10")[1].key);
    let json = serde_json::to_string(&lines).unwrap();
    assert!(json.contains(r#""charge":"decrease""#) && json.contains(r#""factor":"12/31""#), "{json}");
    assert!(!json.contains("commission"));
    assert_eq!(serde_json::from_str::<Vec<InvoiceLine>>(&json).unwrap(), lines);
}

#[test]
fn amounts_beyond_all_reason_are_refused() {
    let mut told = started("2026-10-01", u32::MAX, OFFICE);
    let subject = told.history().subject;
    told.start().unit_price = UnitPrice::rounded(rust_decimal::Decimal::MAX, Currency::EUR);
    let refused = InvoiceLine::new(1, &subject, &told.charges_in("2026-10")[0], &plain(Route::Own));
    assert_eq!(refused, Err(Refusal::AmountOverflow));
    let too_much_off = LineTerms { discount_percent: rust_decimal::Decimal::MIN, ..plain(Route::Own) };
    let charge = started("2026-10-01", 1, OFFICE).charges_in("2026-10")[0];
    assert_eq!(InvoiceLine::new(1, &subject, &charge, &too_much_off), Err(Refusal::AmountOverflow));
}
