//! `GET /v1/billing-discrepancies`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use domain::PersonalRef;
use projections::discrepancies::{self, Filter};
use projections::model::BILLING;

use super::body::DiscrepancyBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["open", "accepted", "disputed", "passed_on"];
const KINDS: &[&str] = &["missing", "unexpected", "quantity", "amount", "credit"];

/// List differences between the provider's bill and ours, newest first
#[utoipa::path(
    get, path = "/v1/billing-discrepancies", tag = "billing", operation_id = "list_billing_discrepancies",
    params(
        ("run" = Option<uuid::Uuid>, Query), ("status" = Option<String>, Query), ("kind" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query, description = "Whose account it is"),
        ("account_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses(
        (status = 200, body = crate::http::v1::list::Listed<DiscrepancyBody>),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn list_billing_discrepancies(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListDiscrepancies, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        run_id: q.optional("run", values::uuid),
        status: q.several("status", STATUSES),
        kind: q.several("kind", KINDS),
        customer_id: q.optional("customer_id", values::uuid),
        account_id: q.optional("account_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page_of(&mut reading, BILLING).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = discrepancies::list(api.pool(), &filter).await?;
    let notes: Vec<PersonalRef> = shown.content.rows.iter().filter_map(|row| row.note).collect();
    let fields = event_log::personal::fields(api.pool(), &notes).await?;
    let bodies = shown.content.rows.iter().map(|row| DiscrepancyBody::of(row, &fields)).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}
