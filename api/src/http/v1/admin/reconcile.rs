//! `POST /v1/admin/reconcile`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::bus::ReceiptBody;
use commands::drift::{RequestReconcile, ask_for_run};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// The run that was asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReconcileRequested)]
pub struct RequestedBody {
    pub id: Uuid,
}

/// Compare everything the provider has with what we hold
#[utoipa::path(
    post, path = "/v1/admin/reconcile", tag = "admin", operation_id = "reconcile",
    params(("Idempotency-Key" = String, Header)),
    responses((status = 202, body = RequestedBody, description = "Asked for."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn reconcile(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::Reconcile, request).await?;
    let receipt = api.bus.execute(&context, &RequestReconcile { run_id: clock::new_id() }).await?;
    if let ReceiptBody::Other(json) = &receipt.answer {
        // Also when replayed: the first try may have died between its outcome and this.
        let asked: RequestedBody = serde_json::from_str(json).map_err(|_| Problem::internal())?;
        ask_for_run(api.pool(), asked.id).await?;
        api.hooks.effects.wake();
    }
    api.answer_other(&receipt)
}
