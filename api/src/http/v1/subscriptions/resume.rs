//! `PUT /v1/subscriptions/{id}/resume`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::ResumeSubscription;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::clock;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Resume a suspended subscription
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/resume", tag = "subscriptions", operation_id = "resume_subscription",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = SubscriptionBody, description = "It is so already."),
        (status = 202, body = SubscriptionBody, description = "The provider is asked; `change` shows the request."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn resume_subscription(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::ResumeSubscription, request).await?;
    let command = ResumeSubscription { subscription_id: api::path_id(&id)?, change_id: clock::new_id() };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<SubscriptionResource>(&context, receipt).await
}
