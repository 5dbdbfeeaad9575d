//! Control calls of its own: somebody in the provider's console, and the ledger.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{Effect, Status, Subscription};
use super::terms;
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;
use crate::sim::writes::parse;

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

/// `GET /sim/subscriptions`: all there are as they are, with nothing of their licences. Scripts do not reach it.
pub async fn subscriptions(State(sim): State<Sim>) -> Response {
    sim.answer(|change| {
        let table = &change.state.subscriptions;
        let all: Vec<Value> = table.ids().iter().filter_map(|id| table.get(id)).map(subscription).collect();
        Json(json!({"subscriptions": all}))
    })
    .await
}

fn subscription(subscription: &Subscription) -> Value {
    json!({
        "subscription_id": subscription.subscription_id,
        "account_id": subscription.account_id,
        "quantity": subscription.quantity,
        "status": subscription.status,
        "starts_on": subscription.starts_on,
        "ends_on": subscription.ends_on,
        "auto_renew": subscription.auto_renew,
        "revision": subscription.revision,
    })
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
