//! Money is exact, keeps its currency's digits and never panics, whatever the numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::money::{decimals, parse_currency, round};
use domain::tax::{TaxCategory, Treatment, taxes};
use domain::{Currency, Money, Refusal, UnitPrice};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// One currency for each number of digits there is.
const CURRENCIES: [Currency; 3] = [Currency::JPY, Currency::EUR, Currency::KWD];

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u32..=28)
        .prop_map(|(lo, mid, hi, negative, scale)| Decimal::from_parts(lo, mid, hi, negative, scale))
}

/// Below what any request may ask for, in minor units.
fn any_minor_units() -> impl Strategy<Value = i64> {
    -1_000_000_000_000_000i64..=1_000_000_000_000_000
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(CURRENCIES.to_vec())
}

fn money(minor_units: i64, currency: Currency) -> Money {
    Money::rounded(Decimal::new(minor_units, decimals(currency)), currency)
}

#[test]
fn amounts_show_exactly_their_currencys_digits() {
    let shown = |amount: &str, currency| Money::rounded(amount.parse().unwrap(), currency).to_string();
    assert_eq!(shown("12.5", Currency::EUR), "12.50 EUR");
    assert_eq!(shown("0", Currency::KWD), "0.000 KWD");
    assert_eq!(shown("12.5", Currency::JPY), "13 JPY");
    assert_eq!(shown("-0.005", Currency::EUR), "-0.01 EUR");
    assert_eq!(shown("118.9305", Currency::EUR), "118.93 EUR");
}

#[test]
fn unit_prices_show_up_to_six_digits() {
    let shown = |amount: &str, currency| UnitPrice::rounded(amount.parse().unwrap(), currency).amount().to_string();
    assert_eq!(shown("17.5", Currency::EUR), "17.50");
    assert_eq!(shown("10.5375000", Currency::EUR), "10.5375");
    assert_eq!(shown("9.9176470588", Currency::EUR), "9.917647");
    assert_eq!(shown("0.0000005", Currency::JPY), "0.000001");
    assert_eq!(shown("100", Currency::JPY), "100");
}

#[test]
fn a_line_is_rounded_once() {
    let price = UnitPrice::rounded("9.917647".parse().unwrap(), Currency::EUR);
    assert_eq!(price.times(7), Ok(money(69_42, Currency::EUR)));
    let huge = UnitPrice::rounded(Decimal::MAX, Currency::EUR);
    assert_eq!(huge.times(2), Err(Refusal::AmountOverflow));
}

#[test]
fn currencies_are_named_in_capitals_and_have_digits() {
    assert_eq!(parse_currency("EUR"), Some(Currency::EUR));
    for code in ["eur", "XXX", "XAU", "EURO", ""] {
        assert_eq!(parse_currency(code), None, "{code:?}");
    }
}

#[test]
fn numbers_and_surplus_digits_are_refused_when_read() {
    let read = |json: &str| serde_json::from_str::<Money>(json).is_ok();
    assert!(read(r#"{"amount":"12.50","currency":"EUR"}"#));
    for json in [
        r#"{"amount":12.5,"currency":"EUR"}"#,
        r#"{"amount":"12.505","currency":"EUR"}"#,
        r#"{"amount":"12.50","currency":"EUR","x":1}"#,
        r#"{"amount":"12.50"}"#,
    ] {
        assert!(!read(json), "{json}");
    }
}

proptest! {
    #[test]
    fn adding_and_rounding_never_panic(a in any_decimal(), b in any_decimal(), currency in any_currency(), n: u32) {
        let (left, right) = (Money::rounded(a, currency), Money::rounded(b, currency));
        prop_assert!(left.amount().scale() <= decimals(currency));
        if let Ok(sum) = left.plus(right) {
            prop_assert_eq!(Ok(sum), right.plus(left));
        }
        let price = UnitPrice::rounded(a, currency);
        prop_assert!(price.amount().scale() <= 6);
        let _ = price.times(n);
    }

    #[test]
    fn rounding_moves_by_at_most_half_a_digit(units in any_minor_units(), scale in 0u32..=12, currency in any_currency()) {
        let value = Decimal::new(units, scale);
        let rounded = round(value, decimals(currency));
        let half = Decimal::new(5, decimals(currency) + 1);
        prop_assert!((rounded - value).abs() <= half);
        prop_assert!((rounded - value).abs() < half || rounded.abs() > value.abs(), "ties go away from zero");
        prop_assert_eq!(round(-value, decimals(currency)), -rounded);
    }

    #[test]
    fn what_is_written_is_read_again(units in any_minor_units(), currency in any_currency()) {
        let money = money(units, currency);
        let text = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(money.amount().scale(), decimals(currency));
        prop_assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), money);
        let price = UnitPrice::from(money);
        let text = serde_json::to_string(&price).unwrap();
        prop_assert_eq!(serde_json::from_str::<UnitPrice>(&text).unwrap(), price);
    }

    #[test]
    fn other_currencies_do_not_mix(a in any_minor_units(), b in any_minor_units()) {
        prop_assert_eq!(money(a, Currency::EUR).plus(money(b, Currency::KWD)), Err(Refusal::AmountOverflow));
    }

    #[test]
    fn a_total_is_the_sum_of_lines_and_taxes(
        lines in prop::collection::vec(any_minor_units(), 1..100),
        permille in 0i64..=300,
        currency in any_currency(),
    ) {
        let treatment = Treatment { category: TaxCategory::S, rate: Decimal::new(permille, 1), note: None };
        let lines: Vec<_> = lines.into_iter().map(|units| money(units, currency)).collect();
        let (amounts, tax, net) = taxes(&treatment, &lines).unwrap();
        let sum_of_lines: Decimal = lines.iter().map(|line| line.amount()).sum();
        let sum_of_taxes: Decimal = amounts.iter().map(|tax| tax.amount.amount()).sum();
        prop_assert_eq!(net.amount(), sum_of_lines);
        prop_assert_eq!(tax.amount(), sum_of_taxes);
        prop_assert_eq!(net.plus(tax).unwrap().amount(), sum_of_lines + sum_of_taxes);
        let exact = sum_of_lines * treatment.rate / Decimal::ONE_HUNDRED;
        prop_assert!((tax.amount() - exact).abs() <= Decimal::new(5, decimals(currency) + 1));
    }

    #[test]
    fn taxes_never_panic(lines in prop::collection::vec(any_decimal(), 0..5), rate in any_decimal()) {
        let treatment = Treatment { category: TaxCategory::S, rate, note: None };
        let lines: Vec<_> = lines.into_iter().map(|line| Money::rounded(line, Currency::EUR)).collect();
        let _ = taxes(&treatment, &lines);
    }
}
