//! The control calls that all simulators have. They need no token and are no effects of a client.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::faults::Script;
use super::memory::Remembered;
use super::world::{Change, Sim};
use super::writes::parse;
use super::{Model, clock};

pub fn routes<M: Model>() -> Router<Sim<M>> {
    Router::new()
        .route("/sim/health", get(health::<M>))
        .route("/sim/faults", post(add_fault::<M>).get(faults::<M>).delete(clear_faults::<M>))
        .route("/sim/clock", post(set_clock::<M>))
}

/// `GET /sim/health`: alive, and how much of what was accepted is still under way.
async fn health<M: Model>(State(sim): State<Sim<M>>) -> Response {
    sim.answer(|change| Json(health_of(change))).await
}

fn health_of<M: Model>(change: &Change<'_, M>) -> Value {
    let hooks = &change.state.memory().hooks;
    let late = hooks.waiting().filter(|hook| hook.late).count();
    json!({
        "status": "ok",
        "now": clock::text(change.now),
        "unfinished": change.state.unfinished(),
        "undelivered_webhooks": hooks.waiting().count() - late,
        "late_webhooks": late,
    })
}

/// `POST /sim/faults`
async fn add_fault<M: Model>(State(sim): State<Sim<M>>, body: Bytes) -> Response {
    match parse::<Script<M::Fault>>(&body) {
        Ok(script) => Json(json!({"id": sim.faults().add(script).to_string()})).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// `GET /sim/faults`: the scripts and how often each has struck.
async fn faults<M: Model>(State(sim): State<Sim<M>>) -> Response {
    let faults = sim.faults();
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
async fn clear_faults<M: Model>(State(sim): State<Sim<M>>) -> StatusCode {
    sim.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTime {
    to: DateTime<Utc>,
}

/// `POST /sim/clock`: moves business time forward, through every midnight on the way. A time already past changes
/// nothing.
async fn set_clock<M: Model>(State(sim): State<Sim<M>>, body: Bytes) -> Response {
    match parse::<NewTime>(&body) {
        Ok(new) => sim.answer(|change| moved(change, new.to)).await,
        Err(refused) => refused.into_response(),
    }
}

fn moved<M: Model>(change: &mut Change<'_, M>, to: DateTime<Utc>) -> Answer {
    if to > change.now {
        change.put(Remembered::Offset(to.signed_duration_since(change.real_now).num_milliseconds()));
        change.now = to;
        M::catch_up(change);
    }
    Answer::new(StatusCode::OK, json!({"now": clock::text(change.now)}))
}
