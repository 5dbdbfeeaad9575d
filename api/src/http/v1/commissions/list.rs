//! `GET /v1/commissions`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::commissions::{self, EntryFilter};

use super::body::CommissionBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const KINDS: &[&str] = &["accrued", "reversed"];

/// List commission, newest first: a reseller's own, for staff everybody's
#[utoipa::path(
    get, path = "/v1/commissions", tag = "commissions", operation_id = "list_commissions",
    params(
        ("reseller_id" = Option<uuid::Uuid>, Query), ("period" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query, description = "The end customer, or the reseller."),
        ("kind" = Option<String>, Query), ("statement_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses(
        (status = 200, body = crate::http::v1::list::Listed<CommissionBody>),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn list_commissions(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListCommissions, request).await?;
    let visible = reading.own_reseller();
    let q = &mut reading.query;
    let mut filter = EntryFilter {
        visible,
        reseller_id: q.optional("reseller_id", values::uuid),
        customer_id: q.optional("customer_id", values::uuid),
        period: q.optional("period", values::period).map(|period| period.to_string()),
        kind: q.several("kind", KINDS),
        statement_id: q.optional("statement_id", values::uuid),
        ..EntryFilter::default()
    };
    let page = api.page_of(&mut reading, projections::model::BILLING).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = commissions::list(api.pool(), &filter).await?;
    let bodies = shown.content.rows.iter().map(|row| CommissionBody::of(row, reading.is_staff())).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}
