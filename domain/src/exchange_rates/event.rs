//! What can happen to the rates of one pair of currencies.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Currency;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ExchangeRatesEvent {
    /// One unit of `base` is worth `rate` units of `quote` from that day on.
    ExchangeRateSet { base: Currency, quote: Currency, rate: Decimal, effective_from: NaiveDate },
}

facts!(ExchangeRatesEvent in ExchangeRates { ExchangeRateSet "1.0" });
