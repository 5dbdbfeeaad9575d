//! Setting an exchange rate.

use chrono::NaiveDate;
use domain::exchange_rates::{ExchangeRate, ExchangeRatesCommand, ExchangeRatesRules};
use domain::{AggregateType, Currency, StreamId, ids};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::work::AnswerBody;
use crate::{Answer, Command, Failure, Operation, Work};

/// Adds the rate of a day, or replaces it.
#[derive(Debug)]
pub struct SetExchangeRate {
    pub base: Currency,
    pub quote: Currency,
    pub rate: Decimal,
    /// By default today.
    pub effective_from: Option<NaiveDate>,
}

/// The rate as it was set; kept with the key, because a default day is that of the first request.
#[derive(Debug, Serialize, Deserialize)]
pub struct RateSet {
    pub base: String,
    pub quote: String,
    pub rate: Decimal,
    pub effective_from: NaiveDate,
    /// Of the pair's stream.
    pub version: i64,
}

impl RateSet {
    /// The pair's: with its version it tells where in the log the rate was made so, however long ago.
    pub fn stream(&self) -> StreamId {
        StreamId::new(AggregateType::ExchangeRates, ids::exchange_rates(&self.base, &self.quote))
    }
}

impl Command for SetExchangeRate {
    const OPERATION: Operation = Operation::SetExchangeRate;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { base, quote, rate, effective_from } = *self;
        let today = work.bus().seller().day_at(work.context.at);
        let effective_from = effective_from.unwrap_or(today);
        let pair = ids::exchange_rates(base.code(), quote.code());
        let set = ExchangeRatesCommand::Set { rate: ExchangeRate { base, quote, rate, effective_from }, today };
        work.decide::<ExchangeRatesRules>(pair, &set, None).await?;
        let version = work.read::<ExchangeRatesRules>(pair).await?.version;
        let (base, quote) = (base.code().to_owned(), quote.code().to_owned());
        let body = serde_json::to_value(RateSet { base, quote, rate, effective_from, version })?;
        Ok(Answer { status: 200, body: AnswerBody::Other(body) })
    }
}
