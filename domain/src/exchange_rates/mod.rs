//! The seller's exchange rates: one stream per pair of currencies.

mod command;
mod decide;
mod event;
mod state;

pub use command::ExchangeRatesCommand;
pub use event::ExchangeRatesEvent;
pub use state::ExchangeRatesState;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Currency, Decided, Refusal};

/// The rules of one pair's rates.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeRatesRules;

impl Decider for ExchangeRatesRules {
    const TYPE: AggregateType = AggregateType::ExchangeRates;
    type State = ExchangeRatesState;
    type Command = ExchangeRatesCommand;
    type Event = ExchangeRatesEvent;

    fn decide(
        state: &ExchangeRatesState,
        asked: &Asked<'_, ExchangeRatesCommand>,
    ) -> Result<Decided<ExchangeRatesEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut ExchangeRatesState, event: &ExchangeRatesEvent) {
        state.evolve(event);
    }
}

/// One unit of `base` is worth `rate` units of `quote` from that day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate {
    pub base: Currency,
    pub quote: Currency,
    pub rate: Decimal,
    pub effective_from: NaiveDate,
}
