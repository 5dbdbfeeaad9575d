//! Any numbers at all: prices, charges and terms up to their limits.

use std::sync::LazyLock;

use domain::billing::{Charge, InvoiceLine, LineTerms, Prices, Subject, from_minor_units};
use domain::customer::{Commission, CommissionScheme};
use domain::service::BillingCycle;
use domain::tax::{TaxCategory, Treatment};
use domain::{Currency, Money, Refusal, UnitPrice};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::subscribed::*;

/// One currency for each number of digits there is.
pub const CURRENCIES: [Currency; 3] = [Currency::JPY, Currency::EUR, Currency::KWD];
/// In millionths.
pub const DEAREST: i64 = 1_000_000_000_000_000;

pub fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(CURRENCIES.to_vec())
}

pub fn any_rate() -> impl Strategy<Value = Decimal> {
    prop::sample::select(vec!["0", "2.5", "7", "19", "21", "25.5"]).prop_map(number)
}

pub fn any_treatment() -> impl Strategy<Value = Treatment> {
    any_rate().prop_map(|rate| Treatment { category: TaxCategory::S, rate, note: None })
}

/// Percent with up to four digits.
pub fn any_percent() -> impl Strategy<Value = Decimal> {
    prop_oneof![Just(Decimal::ZERO), Just(Decimal::ONE_HUNDRED), (0i64..=1_000_000).prop_map(|n| Decimal::new(n, 4))]
}

pub fn any_unit_price(currency: Currency) -> impl Strategy<Value = UnitPrice> {
    let millionths = prop_oneof![0..=100_000_000i64, 0..=DEAREST, Just(DEAREST)];
    millionths.prop_map(move |n| UnitPrice::rounded(Decimal::new(n, 6), currency))
}

pub fn any_prices() -> impl Strategy<Value = Prices> {
    let of = |currency| (any_unit_price(currency), prop::option::of(any_unit_price(currency)), 0..=10_000_000i64);
    (any_currency().prop_flat_map(of), any::<bool>()).prop_map(|((unit_price, reseller, cost), discountable)| Prices {
        unit_price,
        reseller_unit_price: reseller,
        unit_cost: units(cost.into(), unit_price.currency()),
        discountable,
    })
}

pub fn any_commission() -> impl Strategy<Value = Commission> {
    prop_oneof![
        Just(difference()),
        any_percent().prop_map(|p| Commission { scheme: CommissionScheme::Percent, percent: Some(p) }),
        Just(Commission { scheme: CommissionScheme::None, percent: None }),
    ]
}

pub fn units(units: i128, currency: Currency) -> Money {
    from_minor_units(units, currency).unwrap()
}

/// A price and a quantity at their limits, for the whole of a cycle or a part of it.
pub fn any_charge() -> impl Strategy<Value = Charge> {
    let seats = prop_oneof![1u32..=100, 1u32..=100_000, Just(100_000)];
    (any_prices(), seats, any::<bool>(), 1u32..=366, 1u32..=366).prop_map(|(prices, seats, credit, days, of)| {
        let whole = Charge::prepaid(Uuid::nil(), day("2026-10-03"), BillingCycle::Month, seats, prices).unwrap();
        let quantity = if credit { -whole.quantity } else { whole.quantity };
        let factor = domain::billing::DayFactor::new(days.min(of), of).unwrap();
        Charge { quantity, factor, ..whole }
    })
}

pub static SUBJECT: LazyLock<Subject> = LazyLock::new(|| started("2026-10-03", 1, OFFICE).history().subject);

pub fn line(charge: &Charge, terms: &LineTerms<'_>) -> Result<InvoiceLine, Refusal> {
    InvoiceLine::new(1, &SUBJECT, charge, terms)
}
