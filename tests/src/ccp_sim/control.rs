//! The control calls of tests and of the development world. They need no token and are no effects of a client.

use std::collections::HashSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::clock;
use super::days;
use super::faults::Script;
use super::rows::{Effect, Row, Status};
use super::terms;
use super::world::{Change, Sim, locked};
use super::writes::parse;

/// `GET /sim/health`: alive, and how much of what was accepted is still under way.
pub async fn health(State(sim): State<Sim>) -> Response {
    sim.answer(|change| Json(health_of(change))).await
}

fn health_of(change: &Change<'_>) -> Value {
    let waiting = change.state.hooks.waiting.values();
    let late: HashSet<u64> = waiting.filter(|hook| hook.late).map(|hook| hook.number).collect();
    json!({
        "status": "ok",
        "now": clock::text(change.now),
        "unfinished": change.state.due.len(),
        "undelivered_webhooks": change.state.hooks.waiting.len() - late.len(),
        "late_webhooks": late.len(),
    })
}

/// `POST /sim/faults`
pub async fn add_fault(State(sim): State<Sim>, body: Bytes) -> Response {
    match parse::<Script>(&body) {
        Ok(script) => Json(json!({"id": locked(&sim.faults).add(script).to_string()})).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// `GET /sim/faults`: the scripts and how often each has struck.
pub async fn faults(State(sim): State<Sim>) -> Response {
    let faults = locked(&sim.faults);
    let shown: Vec<Value> = faults
        .running()
        .iter()
        .map(|(id, running)| {
            let mut shown = json!(running);
            shown["id"] = json!(id.to_string());
            shown
        })
        .collect();
    Json(json!({"faults": shown})).into_response()
}

/// `DELETE /sim/faults`
pub async fn clear_faults(State(sim): State<Sim>) -> StatusCode {
    locked(&sim.faults).clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleEdit {
    quantity: Option<u32>,
    status: Option<Status>,
}

/// `PATCH /sim/subscriptions/{id}`: somebody in the provider's own console, who may do anything at once.
pub async fn edit_subscription(State(sim): State<Sim>, Path(id): Path<String>, body: Bytes) -> Response {
    match parse::<ConsoleEdit>(&body) {
        Ok(edit) => sim.answer(|change| edited(change, &id, &edit)).await,
        Err(refused) => refused.into_response(),
    }
}

fn edited(change: &mut Change<'_>, id: &str, edit: &ConsoleEdit) -> Answer {
    let Some(mut subscription) = change.state.subscriptions.get(id).cloned() else {
        return Answer::not_found("subscription");
    };
    let before = (subscription.quantity, subscription.status);
    if edit.quantity == Some(0) {
        return Answer::invalid("invalid_quantity", "quantity is a whole number from 1 on.");
    }
    if let Some(quantity) = edit.quantity {
        terms::set_quantity(change, &mut subscription, quantity, &[]);
    }
    match edit.status {
        Some(Status::Cancelled) if terms::is_live(&subscription) => terms::cancel(change, &mut subscription),
        Some(status) => subscription.status = status,
        None => {}
    }
    if before != (subscription.quantity, subscription.status) {
        terms::save_and_tell(change, subscription.clone());
    }
    let body = json!({"subscription_id": id, "quantity": subscription.quantity, "status": subscription.status});
    Answer::new(StatusCode::OK, body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTime {
    to: DateTime<Utc>,
}

/// `POST /sim/clock`: moves business time forward, through every midnight on the way. A time already past changes
/// nothing.
pub async fn set_clock(State(sim): State<Sim>, body: Bytes) -> Response {
    match parse::<NewTime>(&body) {
        Ok(new) => sim.answer(|change| moved(change, new.to)).await,
        Err(refused) => refused.into_response(),
    }
}

fn moved(change: &mut Change<'_>, to: DateTime<Utc>) -> Answer {
    if to > change.now {
        change.put(Row::Offset(to.signed_duration_since(change.real_now).num_milliseconds()));
        change.now = to;
        days::catch_up(change);
    }
    Answer::new(StatusCode::OK, json!({"now": clock::text(change.now)}))
}

/// `GET /sim/ledger`
pub async fn ledger(State(sim): State<Sim>) -> Response {
    sim.answer(|change| Json(json!({"effects": change.state.effects.iter().map(effect).collect::<Vec<_>>()}))).await
}

fn effect(effect: &Effect) -> Value {
    json!({
        "key": effect.key,
        "operation": effect.operation,
        "external_ref": effect.external_ref,
        "resource_id": effect.resource_id,
        "at": clock::text(effect.at),
        "answer_sent": effect.answer_sent,
    })
}
