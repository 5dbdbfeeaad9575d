//! `GET /v1/accounts`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::accounts::{self, Filter};

use super::body::{AccountBody, AccountResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// List accounts
#[utoipa::path(
    get, path = "/v1/accounts", tag = "accounts", operation_id = "list_accounts",
    params(
        ("q" = Option<String>, Query), ("customer_id" = Option<uuid::Uuid>, Query), ("status" = Option<String>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<AccountBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_accounts(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListAccounts, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        q: q.optional("q", values::search),
        customer_id: q.optional("customer_id", values::uuid),
        status: q.several("status", &["pending", "active", "refused", "closed"]),
        ..Filter::default()
    };
    let page = api.page::<AccountResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = accounts::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<AccountResource>(&reading, &page, shown).await
}
