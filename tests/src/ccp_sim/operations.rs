//! Reading operations.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::faults::Plan;
use super::rows::Operation;
use super::world::Sim;
use crate::sim::answer::Answer;

/// `GET /v1/operations/{id}`
pub async fn by_id(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Response {
    sim.answer(|change| {
        let found = change.state.operations.seen(&id, plan.stale());
        found.map_or_else(|| Answer::not_found("operation"), |found| Answer::new(StatusCode::OK, shown(found)))
    })
    .await
}

fn shown(operation: &Operation) -> Value {
    let mut shown = json!({
        "operation_id": operation.operation_id,
        "status": operation.status,
        "subscription_id": operation.subscription_id,
    });
    if let Some(reason) = &operation.reason {
        shown["reason"] = json!(reason);
    }
    if let Some(day) = operation.effective_on {
        shown["effective_on"] = json!(day);
    }
    shown
}
