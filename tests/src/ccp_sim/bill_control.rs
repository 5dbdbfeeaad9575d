//! A line on the provider's bill that no change explains: a goodwill credit, or a mistake.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::answer::Answer;
use super::billing::shown;
use super::clock;
use super::rows::{Charge, Line, Row};
use super::world::{Change, Sim};
use super::writes::parse;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLine {
    subscription_id: String,
    charge: Charge,
    quantity: i64,
    from: NaiveDate,
    to: NaiveDate,
    /// In the subscription's currency.
    amount: Decimal,
}

/// `POST /sim/billing`: adds that line to the bill of the month of `from`.
pub async fn add(State(sim): State<Sim>, body: Bytes) -> Response {
    match parse::<NewLine>(&body) {
        Ok(new) => sim.answer(|change| added(change, new)).await,
        Err(refused) => refused.into_response(),
    }
}

fn added(change: &mut Change<'_>, new: NewLine) -> Response {
    let Some(found) = change.state.subscriptions.get(&new.subscription_id) else {
        return Answer::not_found("subscription").into_response();
    };
    let line = Line {
        line_id: clock::new_id("bill"),
        account_id: found.account_id.clone(),
        subscription_id: new.subscription_id,
        sku: found.sku.clone(),
        charge: new.charge,
        quantity: new.quantity,
        unit_cost: found.unit_cost.amount,
        from: new.from,
        to: new.to,
        amount: new.amount,
        currency: found.unit_cost.currency.clone(),
    };
    change.put(Row::Line(line.clone()));
    (StatusCode::CREATED, Json(shown(&line))).into_response()
}
