//! What makes the provider's bill differ from what follows from its changes: lines nobody asked for, lines with mistakes,
//! lines that are forgotten for a while, and months that close late.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::billing::shown;
use super::calendar;
use super::days;
use super::paging::Asking;
use super::rows::{Charge, Closing, Line, Row};
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;
use crate::sim::writes::parse;

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
        withheld: false,
    };
    change.put(Row::Line(line.clone()));
    (StatusCode::CREATED, Json(shown(&line))).into_response()
}

/// `GET /sim/billing?account_id=&period=`: the whole bill, with what is withheld.
pub async fn list(State(sim): State<Sim>, Query(asking): Query<Asking>) -> Response {
    let Some(place) = asking.account_id.zip(asking.period) else {
        return Answer::bad_request("invalid_request", "Name an account_id and a period like 2026-10.").into_response();
    };
    sim.answer(|change| {
        let lines = change.state.lines.get(&place).map(Vec::as_slice).unwrap_or_default();
        Json(json!({"lines": lines.iter().map(with_withheld).collect::<Vec<_>>()}))
    })
    .await
}

fn with_withheld(line: &Line) -> Value {
    let mut shown = shown(line);
    shown["withheld"] = json!(line.withheld);
    shown
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alteration {
    quantity: Option<i64>,
    to: Option<NaiveDate>,
    amount: Option<Decimal>,
    /// Anything: a code that does not exist makes a bill nobody can read.
    currency: Option<String>,
    withheld: Option<bool>,
}

/// `PATCH /sim/billing/{line_id}`: the provider makes a mistake, or corrects one.
pub async fn alter(State(sim): State<Sim>, Path(line_id): Path<String>, body: Bytes) -> Response {
    match parse::<Alteration>(&body) {
        Ok(new) => sim.answer(|change| altered(change, &line_id, new)).await,
        Err(refused) => refused.into_response(),
    }
}

fn altered(change: &mut Change<'_>, line_id: &str, new: Alteration) -> Answer {
    let Some(mut line) = change.state.line(line_id).cloned() else { return Answer::not_found("line") };
    line.quantity = new.quantity.unwrap_or(line.quantity);
    line.to = new.to.unwrap_or(line.to);
    line.amount = new.amount.unwrap_or(line.amount);
    line.currency = new.currency.unwrap_or(line.currency);
    line.withheld = new.withheld.unwrap_or(line.withheld);
    change.put(Row::Line(line.clone()));
    Answer::new(StatusCode::OK, with_withheld(&line))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClosing {
    /// A day that has come closes the bills now.
    on: NaiveDate,
}

/// `PUT /sim/billing/closings/{period}`: the bills of that month are complete on that day, and not on the first of the
/// next.
pub async fn close(State(sim): State<Sim>, Path(period): Path<String>, body: Bytes) -> Response {
    match parse::<NewClosing>(&body) {
        Ok(new) => sim.answer(|change| closed(change, period, new.on)).await,
        Err(refused) => refused.into_response(),
    }
}

fn closed(change: &mut Change<'_>, period: String, on: NaiveDate) -> Answer {
    let Some(first_day) = calendar::first_day(&period) else {
        return Answer::invalid("invalid_request", "A period is written like 2026-10.");
    };
    let before = change.state.is_closed(&period, first_day);
    change.put(Row::Closing(Closing { period: period.clone(), on }));
    let closed = change.state.is_closed(&period, first_day);
    if closed && !before {
        days::tell_closed(change, &period);
    }
    Answer::new(StatusCode::OK, json!({"period": period, "closed": closed}))
}
