//! `GET /v1/invoices/{id}/document`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use domain::document::DocumentKey;
use projections::invoices::Invoices;
use projections::page;

use crate::http::api::{self, Api};
use crate::http::document::{DocumentAnswers, DocumentQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Get an invoice as a document
///
/// PDF, UBL (EN 16931, with the Peppol profile where the buyer can be reached over Peppol), CSV or JSON: by parameter, else by `Accept`, else PDF.
/// Rendered once and the same bytes for ever; the `ETag` is their SHA-256.
#[utoipa::path(
    get, path = "/v1/invoices/{id}/document", tag = "invoices", operation_id = "get_invoice_document",
    params(("id" = uuid::Uuid, Path), DocumentQuery),
    responses(DocumentAnswers, (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_invoice_document(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (reading, wanted) = api.reading_document(Operation::GetInvoiceDocument, request).await?;
    let invoice_id = api::path_id(&id)?;
    let shown = page::get::<Invoices>(api.pool(), invoice_id, reading.scope()).await?;
    api::found(shown.content)?;
    api.document(DocumentKey::Invoice { invoice_id }, &wanted, shown.position).await
}
