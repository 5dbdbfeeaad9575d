//! `GET /v1/services/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::page;
use projections::services::Services;

use super::body::ServiceBody;
use super::cache::Question;
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
    let scope = reading.question();
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(projections::model::DIRECTORY, reading.min_position).await?;
    let question = Question { scope, before: None, limit: 1, days: priced::days(&api) };
    let catalogue = &api.reads.catalogue;
    let standing = catalogue.standing(api.pool(), reading.min_position).await?;
    if let Some(answer) = catalogue.answer(&question, standing) {
        return Ok(answer);
    }
    let shown = page::get::<Services>(api.pool(), id, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let eyes = priced::eyes(&api, &reading, customer_id).await?;
    let body = priced::bodies(&api, &eyes, std::slice::from_ref(&row)).await?.pop().ok_or_else(Problem::not_found)?;
    catalogue.keep(question, standing, Some(row.folded.version), &body)
}
