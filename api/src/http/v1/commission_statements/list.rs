//! `GET /v1/commission-statements`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::commissions::{self, StatementFilter};

use super::body::StatementBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &["issued", "settled"];

/// List commission statements, newest first: a reseller's own, for staff everybody's
#[utoipa::path(
    get, path = "/v1/commission-statements", tag = "commissions", operation_id = "list_commission_statements",
    params(
        ("reseller_id" = Option<uuid::Uuid>, Query), ("period" = Option<String>, Query),
        ("status" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query, description = "The reseller."),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses(
        (status = 200, body = crate::http::v1::list::Listed<StatementBody>),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn list_commission_statements(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListCommissionStatements, request).await?;
    let visible = reading.own_reseller();
    let q = &mut reading.query;
    let mut filter = StatementFilter {
        visible,
        reseller_id: q.optional("reseller_id", values::uuid),
        customer_id: q.optional("customer_id", values::uuid),
        period: q.optional("period", values::period).map(|period| period.to_string()),
        status: q.several("status", STATUSES),
        ..StatementFilter::default()
    };
    let page = api.page_of(&mut reading, projections::model::BILLING).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = commissions::list_statements(api.pool(), &filter).await?;
    let staff = reading.is_staff();
    let bodies = shown.content.rows.iter().map(|row| StatementBody::of(row.id, &row.folded, staff)).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}
