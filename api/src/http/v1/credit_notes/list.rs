//! `GET /v1/credit-notes`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::credit_notes::{self, Filter};

use super::body::{CreditNoteBody, CreditNoteResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["issued", "settled"];

/// List credit notes, newest first
#[utoipa::path(
    get, path = "/v1/credit-notes", tag = "invoices", operation_id = "list_credit_notes",
    params(
        ("invoice_id" = Option<uuid::Uuid>, Query), ("status" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<CreditNoteBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_credit_notes(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListCreditNotes, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        invoice_id: q.optional("invoice_id", values::uuid),
        status: q.several("status", STATUSES),
        customer_id: q.optional("customer_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page::<CreditNoteResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = credit_notes::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<CreditNoteResource>(&reading, &page, shown).await
}
