//! `GET /v1/credit-notes/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{CreditNoteBody, CreditNoteResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get a credit note
#[utoipa::path(
    get, path = "/v1/credit-notes/{id}", tag = "invoices", operation_id = "get_credit_note",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = CreditNoteBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_credit_note(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    api.show::<CreditNoteResource>(Operation::GetCreditNote, &id, request).await
}
