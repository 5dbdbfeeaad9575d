//! Amounts as JSON numbers.

use domain::Money;
use serde::Serialize;
use serde_json::value::RawValue;

/// An amount whose number has all its digits: 22.20 is not 22.2, and never became a float on its way.
#[derive(Debug, Serialize)]
pub struct Amount {
    value: Box<RawValue>,
    currency: &'static str,
}

impl Amount {
    /// The digits of a decimal are a number in JSON, too.
    pub fn of(money: Money) -> Option<Self> {
        let value = RawValue::from_string(money.amount().to_string()).ok()?;
        Some(Self { value, currency: money.currency().code() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::Currency;
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn digits_stay_as_they_are() {
        let written = |amount: &str, currency| {
            let money = Money::rounded(amount.parse::<Decimal>().unwrap(), currency);
            serde_json::to_string(&Amount::of(money).unwrap()).unwrap()
        };
        assert_eq!(written("22.2", Currency::USD), r#"{"value":22.20,"currency":"USD"}"#);
        assert_eq!(written("0", Currency::EUR), r#"{"value":0.00,"currency":"EUR"}"#);
        assert_eq!(written("1500", Currency::JPY), r#"{"value":1500,"currency":"JPY"}"#);
        assert_eq!(written("0.001", Currency::KWD), r#"{"value":0.001,"currency":"KWD"}"#);
        assert_eq!(written("-20.32", Currency::EUR), r#"{"value":-20.32,"currency":"EUR"}"#);
        let huge = "70000000000000000000000000.10";
        assert_eq!(written(huge, Currency::EUR), format!(r#"{{"value":{huge},"currency":"EUR"}}"#));
    }
}
