//! `GET /v1/commission-statements/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::commissions;

use super::body::StatementBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Get a commission statement
#[utoipa::path(
    get, path = "/v1/commission-statements/{id}", tag = "commissions", operation_id = "get_commission_statement",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = StatementBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_commission_statement(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetCommissionStatement, request).await?;
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(projections::model::BILLING, reading.min_position).await?;
    let shown = commissions::get_statement(api.pool(), id, reading.own_reseller()).await?;
    let row = api::found(shown.content)?;
    api.one(shown.position, row.folded.version, &StatementBody::of(row.id, &row.folded, reading.is_staff()))
}
