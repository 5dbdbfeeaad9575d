//! `GET /v1/admin/drift/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::drift_body::{DriftBody, DriftResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get a difference between the provider and us
#[utoipa::path(
    get, path = "/v1/admin/drift/{id}", tag = "admin", operation_id = "get_drift",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = DriftBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_drift(State(api): State<Api>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    api.show::<DriftResource>(Operation::GetDrift, &id, request).await
}
