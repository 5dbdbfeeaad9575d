//! `GET /v1/billing-discrepancies/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::discrepancies::{self, Found};
use projections::model::BILLING;

use super::body::DiscrepancyBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody, ProblemType};

/// Get a difference between the provider's bill and ours
#[utoipa::path(
    get, path = "/v1/billing-discrepancies/{id}", tag = "billing", operation_id = "get_billing_discrepancy",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = DiscrepancyBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_billing_discrepancy(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetDiscrepancy, request).await?;
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(BILLING, reading.min_position).await?;
    let shown = discrepancies::get(api.pool(), id).await?;
    let row = match shown.content {
        Found::Row(row) => row,
        Found::Absent => return Err(Problem::not_found()),
        Found::Parked => return Err(ProblemType::ReadModelParked.into()),
    };
    let fields = event_log::personal::fields(api.pool(), row.note.as_slice()).await?;
    api.one(shown.position, row.version, &DiscrepancyBody::of(&row, &fields))
}
