//! `POST /v1/invoices/{id}/void`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::invoice::VoidInvoice;

use super::body::{InvoiceBody, InvoiceResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Void an invoice: its number stays used, and its period can be run again
#[utoipa::path(
    post, path = "/v1/invoices/{id}/void", tag = "invoices", operation_id = "void_invoice",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = InvoiceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn void_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::VoidInvoice, request).await?;
    let receipt = api.bus.execute(&context, &VoidInvoice { invoice_id: api::path_id(&id)? }).await?;
    api.answer::<InvoiceResource>(&context, receipt).await
}
