//! `POST /v1/invoices/{id}/pay`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::payment::PayInvoice;

use crate::clock;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::payments::body::{self, PaymentBody};

/// Pay an invoice: all that is left to pay, by the gateway of the billed party
///
/// The payment shows what comes of it. Until that is known, nobody can pay the invoice again.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/pay", tag = "payments", operation_id = "pay_invoice",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 202, body = PaymentBody, headers(("Location")), description = "The gateway is asked."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn pay_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::PayInvoice, request).await?;
    let pay = PayInvoice { payment_id: clock::new_id(), invoice_id: api::path_id(&id)?, automatic: false };
    let receipt = api.bus.execute(&context, &pay).await?;
    body::started(&api, &context, receipt).await
}
