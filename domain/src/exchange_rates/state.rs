//! The rates of one pair of currencies, folded from their events.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ExchangeRate, ExchangeRatesEvent};
use crate::Currency;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRatesState {
    /// Base and quote; absent before the first rate.
    pair: Option<(Currency, Currency)>,
    rates: BTreeMap<NaiveDate, Decimal>,
}

impl ExchangeRatesState {
    /// All rates there are, by day: those overtaken, the one in force and those to come.
    pub fn rates(&self) -> impl Iterator<Item = ExchangeRate> {
        self.pair.into_iter().flat_map(|(base, quote)| {
            self.rates.iter().map(move |(day, rate)| ExchangeRate { base, quote, rate: *rate, effective_from: *day })
        })
    }

    /// The rate that begins on exactly this day.
    pub fn rate_of(&self, effective_from: NaiveDate) -> Option<Decimal> {
        self.rates.get(&effective_from).copied()
    }

    pub(super) fn evolve(&mut self, event: &ExchangeRatesEvent) {
        match event {
            ExchangeRatesEvent::ExchangeRateSet { base, quote, rate, effective_from } => {
                self.pair = Some((*base, *quote));
                self.rates.insert(*effective_from, *rate);
            }
        }
    }
}
