//! `GET /v1/services/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::page;
use projections::services::Services;

use super::body::ServiceBody;
use super::priced;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// Get a service with the caller's price
#[utoipa::path(
    get, path = "/v1/services/{id}", tag = "catalogue", operation_id = "get_service",
    params(("id" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = ServiceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_service(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetService, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    reading.finish()?;
    api.wait_for(projections::model::DIRECTORY, reading.min_position).await?;
    let shown = page::get::<Services>(api.pool(), api::path_id(&id)?, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let eyes = priced::eyes(&api, &reading, customer_id).await?;
    let body = priced::bodies(&api, &eyes, std::slice::from_ref(&row)).await?.pop().ok_or_else(Problem::not_found)?;
    api.one(shown.position, row.folded.version, &body)
}
