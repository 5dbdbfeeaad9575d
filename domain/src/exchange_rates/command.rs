//! What can be asked of the rates of one pair of currencies.

use chrono::NaiveDate;

use super::ExchangeRate;

#[derive(Debug, Clone)]
pub enum ExchangeRatesCommand {
    /// Adds the rate, or replaces the one of that day. `today` is the day it is at the seller.
    Set { rate: ExchangeRate, today: NaiveDate },
}
