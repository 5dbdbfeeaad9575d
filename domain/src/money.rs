//! Exact money: an amount in a currency's digits, and unit prices with up to six decimals.

use std::fmt;
use std::str::FromStr;

pub use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct};

use crate::Refusal;

/// Decimals kept in a unit price.
pub const UNIT_PRICE_DECIMALS: u32 = 6;

/// Half away from zero: what invoices use; the decimal crate's own default is banker's rounding.
pub fn round(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// Digits after the point of the currency's minor unit (ISO 4217: 0, 2 or 3).
pub fn decimals(currency: Currency) -> u32 {
    u32::from(currency.exponent().unwrap_or(2))
}

/// A currency one can be paid in, by its ISO 4217 code in capitals.
pub fn parse_currency(code: &str) -> Option<Currency> {
    let currency = Currency::from_code(code)?;
    currency.exponent().is_some().then_some(currency)
}

/// A sum of money with exactly its currency's digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// Rounds to the currency's digits, half away from zero.
    pub fn rounded(amount: Decimal, currency: Currency) -> Self {
        let mut amount = round(amount, decimals(currency));
        amount.rescale(decimals(currency));
        Self { amount, currency }
    }

    pub fn zero(currency: Currency) -> Self {
        Self::rounded(Decimal::ZERO, currency)
    }

    pub fn amount(self) -> Decimal {
        self.amount
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented, or the currencies differ.
    pub fn plus(self, other: Self) -> Result<Self, Refusal> {
        if self.currency != other.currency {
            return Err(Refusal::AmountOverflow);
        }
        let amount = self.amount.checked_add(other.amount).ok_or(Refusal::AmountOverflow)?;
        Ok(Self::rounded(amount, self.currency))
    }
}

/// A price per seat and cycle: rounded to six decimals, shown with at least its currency's digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitPrice {
    amount: Decimal,
    currency: Currency,
}

impl UnitPrice {
    /// Rounds to six decimals, half away from zero.
    pub fn rounded(amount: Decimal, currency: Currency) -> Self {
        let mut amount = round(amount, UNIT_PRICE_DECIMALS).normalize();
        if amount.scale() < decimals(currency) {
            amount.rescale(decimals(currency));
        }
        Self { amount, currency }
    }

    pub fn amount(self) -> Decimal {
        self.amount
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// What `quantity` seats cost for one cycle, rounded once.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn times(self, quantity: u32) -> Result<Money, Refusal> {
        let amount = self.amount.checked_mul(Decimal::from(quantity)).ok_or(Refusal::AmountOverflow)?;
        Ok(Money::rounded(amount, self.currency))
    }
}

impl From<Money> for UnitPrice {
    fn from(money: Money) -> Self {
        Self::rounded(money.amount, money.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency.code())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_amount(serializer, self.amount, self.currency)
    }
}

impl Serialize for UnitPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_amount(serializer, self.amount, self.currency)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (amount, currency) = read_amount(deserializer)?;
        let money = Self::rounded(amount, currency);
        if money.amount != amount {
            return Err(D::Error::custom("more digits than the currency has"));
        }
        Ok(money)
    }
}

impl<'de> Deserialize<'de> for UnitPrice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (amount, currency) = read_amount(deserializer)?;
        Ok(Self::rounded(amount, currency))
    }
}

fn write_amount<S: Serializer>(serializer: S, amount: Decimal, currency: Currency) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_struct("Money", 2)?;
    object.serialize_field("amount", &amount.to_string())?;
    object.serialize_field("currency", currency.code())?;
    object.end()
}

fn read_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Decimal, Currency), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        amount: String,
        currency: String,
    }
    let wire = Wire::deserialize(deserializer)?;
    let amount = Decimal::from_str(&wire.amount).map_err(D::Error::custom)?;
    let currency = parse_currency(&wire.currency).ok_or_else(|| D::Error::custom("unknown currency"))?;
    Ok((amount, currency))
}
