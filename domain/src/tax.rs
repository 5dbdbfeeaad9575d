//! Value added tax: which treatment a sale gets, and what it comes to.

mod rates;
mod vat_id;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use rates::{Rate, rate_on, rates};
pub use vat_id::is_well_formed;

use crate::money::Currency;
use crate::{Money, Refusal};

const REVERSE_CHARGE: &str =
    "Reverse charge: the customer accounts for the tax (Article 196 of Directive 2006/112/EC).";
const OUTSIDE_EU: &str = "Supplied to a customer outside the European Union: no tax is charged.";

/// The category code of an electronic invoice (UNCL 5305).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TaxCategory {
    /// Standard rate.
    S,
    /// Reverse charge.
    AE,
    /// Outside the European Union.
    G,
    /// Exempt.
    E,
}

impl TaxCategory {
    pub const fn code(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::AE => "AE",
            Self::G => "G",
            Self::E => "E",
        }
    }
}

/// The tax of one rate on the sum of its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxAmount {
    pub category: TaxCategory,
    /// Percent.
    pub rate: Decimal,
    pub base: Money,
    pub amount: Money,
    /// Why nothing is charged.
    pub note: Option<String>,
}

/// What the treatment depends on. Countries are ISO 3166-1 alpha-2.
#[derive(Debug, Clone, Copy)]
pub struct TaxCase<'a> {
    /// Of the seller entity. Its rate must be on file, see [`rate_on`].
    pub seller_country: &'a str,
    pub customer_country: &'a str,
    pub vat_id: Option<&'a str>,
    pub exempt_reason: Option<&'a str>,
}

/// How a customer's purchases are taxed on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Treatment {
    pub category: TaxCategory,
    /// Percent.
    pub rate: Decimal,
    pub note: Option<String>,
}

/// The treatment of a sale whose tax point is `on`.
pub fn treatment(case: &TaxCase<'_>, on: NaiveDate) -> Treatment {
    if let Some(reason) = case.exempt_reason {
        return Treatment::free(TaxCategory::E, reason);
    }
    let Some(rate) = rate_on(case.customer_country, on) else {
        return Treatment::free(TaxCategory::G, OUTSIDE_EU);
    };
    let abroad = case.customer_country != case.seller_country;
    if abroad && case.vat_id.is_some_and(|vat_id| is_well_formed(case.customer_country, vat_id)) {
        return Treatment::free(TaxCategory::AE, REVERSE_CHARGE);
    }
    Treatment { category: TaxCategory::S, rate, note: None }
}

impl Treatment {
    fn free(category: TaxCategory, note: &str) -> Self {
        Self { category, rate: Decimal::ZERO, note: Some(note.to_owned()) }
    }
}

/// The taxes on lines of one currency, their sum, and the net they are on.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a sum cannot be represented or currencies differ; [`Refusal::NotFound`]
/// without any line: then nothing says the currency, see [`taxes_in`].
pub fn taxes(treatment: &Treatment, lines: &[Money]) -> Result<(Vec<TaxAmount>, Money, Money), Refusal> {
    let first = lines.first().ok_or(Refusal::NotFound)?;
    taxes_in(treatment, first.currency(), lines)
}

/// [`taxes`] where there may be no line: then there is no tax either.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a sum cannot be represented or currencies differ.
pub fn taxes_in(
    treatment: &Treatment,
    currency: Currency,
    lines: &[Money],
) -> Result<(Vec<TaxAmount>, Money, Money), Refusal> {
    let net = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.plus(*line))?;
    if lines.is_empty() {
        return Ok((Vec::new(), net, net));
    }
    let percent = net.amount().checked_mul(treatment.rate).ok_or(Refusal::AmountOverflow)?;
    let tax = percent.checked_div(Decimal::ONE_HUNDRED).ok_or(Refusal::AmountOverflow)?;
    let tax = Money::rounded(tax, currency);
    let Treatment { category, rate, note } = treatment.clone();
    Ok((vec![TaxAmount { category, rate, base: net, amount: tax, note }], tax, net))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const GERMAN: TaxCase<'_> =
        TaxCase { seller_country: "DE", customer_country: "DE", vat_id: Some("DE123456789"), exempt_reason: None };

    fn treated(case: TaxCase<'_>) -> (&'static str, String) {
        let treatment = treatment(&case, NaiveDate::from_ymd_opt(2026, 10, 31).unwrap());
        assert_eq!(treatment.note.is_some(), treatment.category != TaxCategory::S);
        (treatment.category.code(), treatment.rate.to_string())
    }

    fn euro(cents: i64) -> Money {
        Money::rounded(Decimal::new(cents, 2), Currency::EUR)
    }

    #[test]
    fn at_home_and_abroad() {
        assert_eq!(treated(GERMAN), ("S", "19".to_owned()));
        let dutch = TaxCase { customer_country: "NL", vat_id: Some("NL123456789B01"), ..GERMAN };
        assert_eq!(treated(dutch), ("AE", "0".to_owned()));
        assert_eq!(treated(TaxCase { vat_id: None, ..dutch }), ("S", "21".to_owned()));
        assert_eq!(treated(TaxCase { vat_id: Some("DE123456789"), ..dutch }), ("S", "21".to_owned()));
        assert_eq!(treated(TaxCase { customer_country: "CH", ..GERMAN }), ("G", "0".to_owned()));
        assert_eq!(treated(TaxCase { exempt_reason: Some("NATO forces"), ..GERMAN }), ("E", "0".to_owned()));
        let finnish = TaxCase { customer_country: "FI", vat_id: None, ..GERMAN };
        assert_eq!(treated(finnish), ("S", "25.5".to_owned()));
    }

    #[test]
    fn the_month_of_the_worked_example() {
        let treatment = Treatment { category: TaxCategory::S, rate: Decimal::from(19), note: None };
        let lines = [43_750, 12_702, -2_032, 150_000, -148_767, 6_942].map(euro);
        let (taxes, tax, net) = taxes(&treatment, &lines).unwrap();
        assert_eq!((net, tax), (euro(62_595), euro(11_893)));
        assert_eq!(
            taxes,
            [TaxAmount { category: TaxCategory::S, rate: Decimal::from(19), base: net, amount: tax, note: None }]
        );
    }

    #[test]
    fn no_line_no_tax_and_no_mixed_currencies() {
        let treatment = Treatment { category: TaxCategory::S, rate: Decimal::from(19), note: None };
        let zero = Money::zero(Currency::JPY);
        assert_eq!(taxes(&treatment, &[]), Err(Refusal::NotFound));
        assert_eq!(taxes_in(&treatment, Currency::JPY, &[]), Ok((Vec::new(), zero, zero)));
        assert_eq!(taxes(&treatment, &[euro(1), zero]), Err(Refusal::AmountOverflow));
        let huge = Money::rounded(Decimal::MAX, Currency::JPY);
        assert_eq!(taxes(&treatment, &[huge]), Err(Refusal::AmountOverflow));
    }
}
