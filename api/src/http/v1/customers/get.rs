//! `GET /v1/customers/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get a customer
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "customers", operation_id = "get_customer",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = CustomerBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_customer(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    api.show::<CustomerResource>(Operation::GetCustomer, &id, request).await
}
