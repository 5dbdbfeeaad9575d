//! Control calls of its own: the ledger, and somebody in the gateway's console.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::completion::settle;
use super::outcome::Reason;
use super::rows::{Effect, Status};
use super::wallet::not_found;
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;
use crate::sim::writes::parse;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleEdit {
    status: Status,
    reason: Option<Reason>,
}

/// `PATCH /sim/payment-requests/{id}`: somebody in the gateway's console, who may end a charge anyhow and at any time.
pub async fn edit_request(State(sim): State<Sim>, Path(id): Path<String>, body: Bytes) -> Response {
    match parse::<ConsoleEdit>(&body) {
        Ok(edit) => sim.answer(|change| edited(change, &id, &edit)).await,
        Err(refused) => refused.into_response(),
    }
}

fn edited(change: &mut Change<'_>, id: &str, edit: &ConsoleEdit) -> Answer {
    let Some(request) = change.state.requests.get(id).cloned() else { return not_found() };
    let reason = edit.reason.or((edit.status == Status::Failed).then_some(Reason::Other));
    settle(change, request, edit.status, reason);
    Answer::new(StatusCode::OK, json!({"payment_request_id": id, "status": edit.status}))
}

/// `GET /sim/ledger`
pub async fn ledger(State(sim): State<Sim>) -> Response {
    sim.answer(|change| Json(json!({"effects": change.state.effects.iter().map(effect).collect::<Vec<_>>()}))).await
}

fn effect(effect: &Effect) -> Value {
    let mut shown = json!({
        "key": effect.key,
        "operation": effect.operation,
        "reference": effect.reference,
        "amount": effect.amount,
        "currency": effect.currency,
        "at": clock::text(effect.at),
        "answer_sent": effect.answer_sent,
    });
    if let Some(customer_id) = effect.customer_id {
        shown["customer_id"] = json!(customer_id);
    }
    shown
}
