//! `PUT /v1/exchange-rates`

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::Operation;
use commands::bus::ReceiptBody;
use commands::exchange_rate::{RateSet, SetExchangeRate};
use domain::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::RateBody;
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// Digits after the point that a rate may have.
const RATE_DECIMALS: u32 = 10;

/// One unit of `base` is worth `rate` units of `quote`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"base": "EUR", "quote": "USD", "rate": "1.0842", "effective_from": "2026-10-01"}))]
pub struct ExchangeRateIn {
    /// ISO 4217, as is the next.
    pub base: String,
    pub quote: String,
    /// Above zero.
    pub rate: String,
    /// Today or later; by default today.
    pub effective_from: Option<NaiveDate>,
}

struct Asked {
    base: Currency,
    quote: Currency,
    rate: Decimal,
    effective_from: Option<NaiveDate>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (base, quote) = (f.required("base", values::currency), f.required("quote", values::currency));
        let rate = f.required_amount("rate", values::decimal(RATE_DECIMALS));
        let effective_from = f.optional("effective_from", values::date);
        Some(Self { base: base?, quote: quote?, rate: rate?, effective_from })
    }
}

/// Set the exchange rate of a day and all that follow
#[utoipa::path(
    put, path = "/v1/exchange-rates", tag = "catalogue", operation_id = "set_exchange_rate",
    request_body = ExchangeRateIn,
    params(("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = RateBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn set_exchange_rate(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::SetExchangeRate, request).await?;
    let Asked { base, quote, rate, effective_from } = asked;
    let receipt = api.bus.execute(&context, &SetExchangeRate { base, quote, rate, effective_from }).await?;
    let ReceiptBody::Other(json) = &receipt.answer else { return Err(Problem::internal()) };
    let set: RateSet = serde_json::from_str(json).map_err(|_| Problem::internal())?;
    // A rate that was so already stands where it was made so, however far the log has gone on since.
    let made_so = event_log::stream::position(api.pool(), &set.stream(), set.version).await?;
    let headers = AnswerHeaders {
        version: Some(set.version),
        event_position: Some(made_so.unwrap_or(receipt.last_position)),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    Ok((headers, Json(RateBody::from(set))).into_response())
}
