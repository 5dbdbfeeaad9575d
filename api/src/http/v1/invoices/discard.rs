//! `DELETE /v1/invoices/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::invoice::DiscardInvoice;

use super::body::{InvoiceBody, InvoiceResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Discard a draft: what it charged is billed by the next run
#[utoipa::path(
    delete, path = "/v1/invoices/{id}", tag = "invoices", operation_id = "discard_invoice",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = InvoiceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn discard_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::DiscardInvoice, request).await?;
    let receipt = api.bus.execute(&context, &DiscardInvoice { invoice_id: api::path_id(&id)? }).await?;
    api.answer::<InvoiceResource>(&context, receipt).await
}
