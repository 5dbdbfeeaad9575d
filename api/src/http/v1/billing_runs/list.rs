//! `GET /v1/billing-runs`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::billing_runs::{self, Filter};
use projections::model::BILLING;

use super::body::RunBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["waiting", "running", "completed"];

/// List billing runs, newest first
#[utoipa::path(
    get, path = "/v1/billing-runs", tag = "billing", operation_id = "list_billing_runs",
    params(
        ("status" = Option<String>, Query), ("period" = Option<String>, Query, description = "`2026-10`"),
        ("customer_id" = Option<uuid::Uuid>, Query, description = "Runs for this billed party alone"),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<RunBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_billing_runs(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListBillingRuns, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        status: q.several("status", STATUSES),
        period: q.optional("period", values::period).map(|period| period.to_string()),
        customer_id: q.optional("customer_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page_of(&mut reading, BILLING).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = billing_runs::list(api.pool(), &filter).await?;
    let rows = shown.content.rows.iter();
    let bodies = rows.filter_map(|row| RunBody::of_row(row.id, &row.folded, reading.is_staff())).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}
