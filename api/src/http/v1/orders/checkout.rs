//! `POST /v1/orders/{id}/checkout`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::order::CheckOutOrder;

use crate::clock;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::payments::body::{self, PaymentBody};

/// Pay a prepaid order: its total, by the gateway of its customer
///
/// The payment shows what comes of it. When it succeeds the order is paid, its invoice is issued and paid with it, and it
/// goes to the provider; when it fails the order can be checked out again. An order that is not paid within 14 days is
/// cancelled.
#[utoipa::path(
    post, path = "/v1/orders/{id}/checkout", tag = "orders", operation_id = "check_out_order",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 202, body = PaymentBody, headers(("Location")), description = "The gateway is asked."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn check_out_order(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::CheckOutOrder, request).await?;
    let checkout = CheckOutOrder { payment_id: clock::new_id(), order_id: api::path_id(&id)? };
    let receipt = api.bus.execute(&context, &checkout).await?;
    body::started(&api, &context, receipt).await
}
