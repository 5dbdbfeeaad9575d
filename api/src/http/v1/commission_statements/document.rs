//! `GET /v1/commission-statements/{id}/document`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::{Operation, index};
use domain::document::DocumentKey;
use projections::commissions;

use crate::http::api::{self, Api};
use crate::http::document::{DocumentAnswers, DocumentQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Get a commission statement as a document
///
/// It is the reseller's invoice for its commission, written by whoever pays it (self-billed, type 389).
/// PDF, UBL (EN 16931), CSV or JSON: by parameter, else by `Accept`, else PDF.
/// Rendered once and the same bytes for ever; the `ETag` is their SHA-256.
#[utoipa::path(
    get, path = "/v1/commission-statements/{id}/document", tag = "commissions", operation_id = "get_commission_statement_document",
    params(("id" = uuid::Uuid, Path), DocumentQuery),
    responses(DocumentAnswers, (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_commission_statement_document(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (reading, wanted) = api.reading_document(Operation::GetCommissionStatementDocument, request).await?;
    let statement_id = api::path_id(&id)?;
    let shown = commissions::get_statement(api.pool(), statement_id, reading.own_reseller()).await?;
    api::found(shown.content)?;
    let found = index::commission_statement(api.pool(), statement_id).await?.ok_or_else(Problem::not_found)?;
    let key = DocumentKey::CommissionStatement { account_id: found.account_id, statement_id };
    api.document(key, &wanted, shown.position).await
}
