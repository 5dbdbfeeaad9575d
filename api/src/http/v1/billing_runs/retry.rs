//! `POST /v1/billing-runs/{id}/retry`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::billing::RetryRun;

use super::body::{self, RunBody};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Try again what is parked in a billing run
///
/// Without parked accounts nothing happens.
#[utoipa::path(
    post, path = "/v1/billing-runs/{id}/retry", tag = "billing", operation_id = "retry_billing_run",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 202, body = RunBody, headers(("Location")), description = "It goes on."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn retry_billing_run(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::RetryBillingRun, request).await?;
    let receipt = api.bus.execute(&context, &RetryRun { run_id: api::path_id(&id)? }).await?;
    body::answer(&api, &context, &receipt).await
}
