//! `GET /v1/price-rules/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::price_rules;

use super::body::RuleBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Get a price rule
#[utoipa::path(
    get, path = "/v1/price-rules/{id}", tag = "catalogue", operation_id = "get_price_rule",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = RuleBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_price_rule(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetPriceRule, request).await?;
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(projections::model::DIRECTORY, reading.min_position).await?;
    let shown = price_rules::get(api.pool(), id, reading.own_reseller()).await?;
    let row = shown.content.ok_or_else(Problem::not_found)?;
    api.one(shown.position, row.version, &RuleBody::of(&row, reading.is_staff()))
}
