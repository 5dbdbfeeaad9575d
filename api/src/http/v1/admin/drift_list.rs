//! `GET /v1/admin/drift`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::drift::{self, Filter};

use super::drift_body::{DriftBody, DriftResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["open", "adopted", "corrected", "ignored"];
const FIELDS: &[&str] = &["quantity", "ends_on", "status", "renewal", "unknown", "missing"];

/// List differences between the provider and us, newest first
#[utoipa::path(
    get, path = "/v1/admin/drift", tag = "admin", operation_id = "list_drift",
    params(
        ("status" = Option<String>, Query), ("field" = Option<String>, Query),
        ("subscription_id" = Option<uuid::Uuid>, Query), ("customer_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<DriftBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_drift(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListDrift, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        status: q.several("status", STATUSES),
        field: q.several("field", FIELDS),
        subscription_id: q.optional("subscription_id", values::uuid),
        customer_id: q.optional("customer_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page::<DriftResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = drift::list(api.pool(), &filter).await?;
    api.listed::<DriftResource>(&reading, &page, shown).await
}
