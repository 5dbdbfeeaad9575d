//! `POST /v1/invoices/{id}/uncollectible`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::invoice::WriteOffInvoice;

use super::body::{InvoiceBody, InvoiceResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Note that an invoice will not be paid
#[utoipa::path(
    post, path = "/v1/invoices/{id}/uncollectible", tag = "invoices", operation_id = "write_off_invoice",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = InvoiceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn write_off_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::WriteOffInvoice, request).await?;
    let receipt = api.bus.execute(&context, &WriteOffInvoice { invoice_id: api::path_id(&id)? }).await?;
    api.answer::<InvoiceResource>(&context, receipt).await
}
