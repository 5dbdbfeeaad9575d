//! `GET /v1/subscriptions`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::subscriptions::{self, Filter};

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// List subscriptions
#[utoipa::path(
    get, path = "/v1/subscriptions", tag = "subscriptions", operation_id = "list_subscriptions",
    params(
        ("account_id" = Option<uuid::Uuid>, Query), ("service_id" = Option<uuid::Uuid>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query), ("status" = Option<String>, Query),
        ("expires_before" = Option<chrono::NaiveDate>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<SubscriptionBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_subscriptions(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListSubscriptions, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        account_id: q.optional("account_id", values::uuid),
        service_id: q.optional("service_id", values::uuid),
        customer_id: q.optional("customer_id", values::uuid),
        status: q.several("status", &["active", "suspended", "cancelled", "expired"]),
        expires_before: q.optional("expires_before", values::date),
        ..Filter::default()
    };
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = subscriptions::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<SubscriptionResource>(&reading, &page, shown).await
}
