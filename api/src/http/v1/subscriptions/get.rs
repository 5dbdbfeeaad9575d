//! `GET /v1/subscriptions/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Get a subscription
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}", tag = "subscriptions", operation_id = "get_subscription",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = SubscriptionBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_subscription(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    api.show::<SubscriptionResource>(Operation::GetSubscription, &id, request).await
}
