//! Which exchange rates may be set.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{ExchangeRate, ExchangeRatesCommand, ExchangeRatesEvent, ExchangeRatesState};
use crate::{Asked, Decided, Refusal};

/// Digits after the point that a rate may have.
pub(super) const RATE_DECIMALS: u32 = 10;
/// No currency is worth that much of another; beyond it prices could no longer be represented.
const MAX_RATE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

pub(super) fn decide(
    state: &ExchangeRatesState,
    asked: &Asked<'_, ExchangeRatesCommand>,
) -> Result<Decided<ExchangeRatesEvent>, Refusal> {
    match asked.command {
        ExchangeRatesCommand::Set { rate, today } => set(state, rate, *today),
    }
}

fn set(
    state: &ExchangeRatesState,
    asked: &ExchangeRate,
    today: NaiveDate,
) -> Result<Decided<ExchangeRatesEvent>, Refusal> {
    let ExchangeRate { base, quote, rate, effective_from } = *asked;
    // Asked again on a later day it still holds, although its day is past.
    if state.rate_of(effective_from) == Some(rate) {
        return Ok(Decided::nothing());
    }
    if base == quote {
        return Err(Refusal::InvalidExchangeRate { why: "a currency is worth itself" });
    }
    if rate <= Decimal::ZERO || rate > MAX_RATE || rate.normalize().scale() > RATE_DECIMALS {
        return Err(Refusal::InvalidExchangeRate { why: "a rate is above zero, with at most ten decimals" });
    }
    if effective_from < today {
        return Err(Refusal::EffectiveInPast);
    }
    Ok(ExchangeRatesEvent::ExchangeRateSet { base, quote, rate: rate.normalize(), effective_from }.into())
}
