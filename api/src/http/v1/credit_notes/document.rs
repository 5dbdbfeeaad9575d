//! `GET /v1/credit-notes/{id}/document`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use domain::document::DocumentKey;
use projections::credit_notes::CreditNotes;
use projections::page;

use crate::http::api::{self, Api};
use crate::http::document::{DocumentAnswers, DocumentQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Get a credit note as a document
///
/// PDF, UBL (EN 16931, with the Peppol profile where the buyer can be reached over Peppol), CSV or JSON: by parameter, else by `Accept`, else PDF.
/// Rendered once and the same bytes for ever; the `ETag` is their SHA-256.
#[utoipa::path(
    get, path = "/v1/credit-notes/{id}/document", tag = "invoices", operation_id = "get_credit_note_document",
    params(("id" = uuid::Uuid, Path), DocumentQuery),
    responses(DocumentAnswers, (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_credit_note_document(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (reading, wanted) = api.reading_document(Operation::GetCreditNoteDocument, request).await?;
    let credit_note_id = api::path_id(&id)?;
    let shown = page::get::<CreditNotes>(api.pool(), credit_note_id, reading.scope()).await?;
    api::found(shown.content)?;
    api.document(DocumentKey::CreditNote { credit_note_id }, &wanted, shown.position).await
}
