//! `GET /v1/price-rules`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use domain::price_rule::Author;
use projections::price_rules::{self, Filter};

use super::body::RuleBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values::{self, Fault};

/// List price rules: all of them for staff, its own for a reseller
#[utoipa::path(
    get, path = "/v1/price-rules", tag = "catalogue", operation_id = "list_price_rules",
    params(
        ("author" = Option<String>, Query), ("customer_id" = Option<uuid::Uuid>, Query),
        ("reseller_id" = Option<uuid::Uuid>, Query), ("service_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<RuleBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_price_rules(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListPriceRules, request).await?;
    let visible = reading.own_reseller();
    let q = &mut reading.query;
    let mut filter = Filter {
        visible,
        author: q.optional("author", author).map(Author::code),
        customer_id: q.optional("customer_id", values::uuid),
        reseller_id: q.optional("reseller_id", values::uuid),
        service_id: q.optional("service_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page_of(&mut reading, projections::model::DIRECTORY).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = price_rules::list(api.pool(), &filter).await?;
    let bodies = shown.content.rows.iter().map(|row| RuleBody::of(row, reading.is_staff())).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}

/// `seller`, or a reseller's id.
pub fn author(text: &str) -> Result<Author, Fault> {
    if text == "seller" { Ok(Author::Seller) } else { values::uuid(text).map(Author::Reseller) }
}
