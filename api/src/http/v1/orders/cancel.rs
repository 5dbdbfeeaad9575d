//! `PUT /v1/orders/{id}/cancel`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::order::CancelOrder;

use super::body::{OrderBody, OrderResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Cancel an order
#[utoipa::path(
    put, path = "/v1/orders/{id}/cancel", tag = "orders", operation_id = "cancel_order",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = OrderBody, description = "Cancelled."),
        (status = 202, body = OrderBody, description = "The provider is asked."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn cancel_order(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::CancelOrder, request).await?;
    let receipt = api.bus.execute(&context, &CancelOrder { order_id: api::path_id(&id)? }).await?;
    api.answer::<OrderResource>(&context, receipt).await
}
