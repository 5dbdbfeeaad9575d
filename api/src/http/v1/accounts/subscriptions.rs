//! `GET /v1/accounts/{id}/subscriptions`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::accounts::Accounts;
use projections::page;
use projections::subscriptions::{self, Filter};

use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::subscriptions::body::{SubscriptionBody, SubscriptionResource};
use crate::http::values;

/// List an account's subscriptions
#[utoipa::path(
    get, path = "/v1/accounts/{id}/subscriptions", tag = "accounts", operation_id = "list_account_subscriptions",
    params(
        ("id" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<SubscriptionBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_account_subscriptions(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListAccountSubscriptions, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    let account_id = api::path_id(&id)?;
    api.wait_for(projections::model::DIRECTORY, reading.min_position).await?;
    let account = page::get::<Accounts>(api.pool(), account_id, reading.scope()).await?;
    api::found(account.content)?;
    let filter = Filter {
        customer_id,
        account_id: Some(account_id),
        before: page.before,
        limit: page.limit,
        ..Filter::default()
    };
    let shown = subscriptions::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<SubscriptionResource>(&reading, &page, shown).await
}
