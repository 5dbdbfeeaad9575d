//! `GET /v1/billing-runs/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::billing_runs::BillingRuns;
use projections::model::BILLING;
use projections::page;

use super::body::RunBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Get a billing run
#[utoipa::path(
    get, path = "/v1/billing-runs/{id}", tag = "billing", operation_id = "get_billing_run",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = RunBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_billing_run(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetBillingRun, request).await?;
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(BILLING, reading.min_position).await?;
    let shown = page::get::<BillingRuns>(api.pool(), id, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let body = RunBody::of_row(id, &row.folded, reading.is_staff()).ok_or_else(Problem::not_found)?;
    api.one(shown.position, row.folded.version, &body)
}
