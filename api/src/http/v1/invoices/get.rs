//! `GET /v1/invoices/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{InvoiceBody, InvoiceResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get an invoice
#[utoipa::path(
    get, path = "/v1/invoices/{id}", tag = "invoices", operation_id = "get_invoice",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = InvoiceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    api.show::<InvoiceResource>(Operation::GetInvoice, &id, request).await
}
