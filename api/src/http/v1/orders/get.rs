//! `GET /v1/orders/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{OrderBody, OrderResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get an order
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = OrderBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_order(State(api): State<Api>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    api.show::<OrderResource>(Operation::GetOrder, &id, request).await
}
