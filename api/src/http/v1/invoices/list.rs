//! `GET /v1/invoices`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::invoices::{self, Filter};

use super::body::{InvoiceBody, InvoiceResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["draft", "discarded", "issued", "paid", "void", "uncollectible"];

/// List invoices, newest first
#[utoipa::path(
    get, path = "/v1/invoices", tag = "invoices", operation_id = "list_invoices",
    params(
        ("status" = Option<String>, Query), ("period" = Option<String>, Query), ("overdue" = Option<bool>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<InvoiceBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_invoices(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListInvoices, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        status: q.several("status", STATUSES),
        period: q.optional("period", values::period),
        overdue: q.optional("overdue", values::one_of(&[("true", true), ("false", false)])),
        customer_id: q.optional("customer_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page::<InvoiceResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = invoices::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<InvoiceResource>(&reading, &page, shown).await
}
