//! `POST /v1/catalogue/sync`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::bus::ReceiptBody;
use commands::catalogue::{RequestSync, ask_for_sync};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// The sync that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueSync)]
pub struct SyncBody {
    pub id: Uuid,
}

/// Ask for a sync of the catalogue
#[utoipa::path(
    post, path = "/v1/catalogue/sync", tag = "catalogue", operation_id = "sync_catalogue",
    params(("Idempotency-Key" = String, Header)),
    responses((status = 202, body = SyncBody, description = "Asked for."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn sync_catalogue(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::SyncCatalogue, request).await?;
    let receipt = api.bus.execute(&context, &RequestSync { sync_id: clock::new_id() }).await?;
    if let ReceiptBody::Other(json) = &receipt.answer {
        // Also when replayed: the first try may have died between its outcome and this.
        ask_for_sync(api.pool(), json).await?;
        api.hooks.effects.wake();
    }
    api.answer_other(&receipt)
}
