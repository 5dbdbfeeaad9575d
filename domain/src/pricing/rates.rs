//! The seller's exchange rates.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::AppliedRate;
use crate::{Currency, Money, Refusal};

/// Rates by (base, quote), each from a day on: one unit of base is worth `rate` units of quote.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates {
    by_pair: HashMap<(Currency, Currency), BTreeMap<NaiveDate, Decimal>>,
}

impl Rates {
    /// Adds a rate, or replaces the one of that pair and day.
    pub fn set(&mut self, (base, quote): (Currency, Currency), effective_from: NaiveDate, rate: Decimal) {
        self.by_pair.entry((base, quote)).or_default().insert(effective_from, rate);
    }

    /// The rate of a day: the latest not after it. A currency is worth itself.
    pub fn on(&self, base: Currency, quote: Currency, day: NaiveDate) -> Option<Decimal> {
        if base == quote {
            return Some(Decimal::ONE);
        }
        self.by_pair.get(&(base, quote))?.range(..=day).next_back().map(|(_, rate)| *rate)
    }

    /// An amount in another currency, not rounded; `None` without a rate.
    pub(super) fn convert(&self, money: Money, quote: Currency, day: NaiveDate) -> Result<Option<Converted>, Refusal> {
        let base = money.currency();
        let Some(rate) = self.on(base, quote, day) else { return Ok(None) };
        let amount = money.amount().checked_mul(rate).ok_or(Refusal::AmountOverflow)?;
        Ok(Some(Converted { amount, exchange_rate: (base != quote).then_some(AppliedRate { base, rate }) }))
    }
}

/// An amount in the buyer's currency, not rounded, with the rate that led to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Converted {
    pub amount: Decimal,
    pub exchange_rate: Option<AppliedRate>,
}

impl FromIterator<((Currency, Currency), NaiveDate, Decimal)> for Rates {
    fn from_iter<I: IntoIterator<Item = ((Currency, Currency), NaiveDate, Decimal)>>(rates: I) -> Self {
        let mut all = Self::default();
        for (pair, effective_from, rate) in rates {
            all.set(pair, effective_from, rate);
        }
        all
    }
}
