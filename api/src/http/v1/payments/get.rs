//! `GET /v1/payments/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{PaymentBody, PaymentResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get a payment
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "payments", operation_id = "get_payment",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = PaymentBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_payment(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    api.show::<PaymentResource>(Operation::GetPayment, &id, request).await
}
