//! An exchange rate as the API shows it.

use chrono::NaiveDate;
use commands::exchange_rate::RateSet;
use domain::exchange_rates::ExchangeRate;
use projections::exchange_rates::RateRow;
use serde::Serialize;
use utoipa::ToSchema;

/// One unit of `base` is worth `rate` units of `quote` from that day on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeRate)]
pub struct RateBody {
    /// ISO 4217, as is the next.
    #[schema(example = "EUR")]
    pub base: String,
    #[schema(example = "USD")]
    pub quote: String,
    #[schema(example = "1.0842")]
    pub rate: String,
    pub effective_from: NaiveDate,
    /// Of the pair's rates.
    pub version: i64,
}

impl RateBody {
    /// A rate of a pair whose stream is at that version.
    pub fn of(rate: &ExchangeRate, version: i64) -> Self {
        Self {
            base: rate.base.code().to_owned(),
            quote: rate.quote.code().to_owned(),
            rate: rate.rate.normalize().to_string(),
            effective_from: rate.effective_from,
            version,
        }
    }
}

impl From<RateRow> for RateBody {
    fn from(row: RateRow) -> Self {
        Self {
            base: row.base,
            quote: row.quote,
            rate: row.rate.normalize().to_string(),
            effective_from: row.effective_from,
            version: row.version,
        }
    }
}

impl From<RateSet> for RateBody {
    fn from(set: RateSet) -> Self {
        let RateSet { base, quote, rate, effective_from, version } = set;
        Self { base, quote, rate: rate.normalize().to_string(), effective_from, version }
    }
}
