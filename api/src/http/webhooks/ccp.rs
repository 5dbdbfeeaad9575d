//! `POST /v1/webhooks/ccp`

use axum::extract::{Request, State};
use axum::response::Response;

use super::deliver::deliver;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// Deliver a webhook of the Cloud Computing Provider
#[utoipa::path(
    post, path = "/v1/webhooks/ccp", tag = "webhooks", operation_id = "deliver_ccp_webhook",
    params(
        ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header), ("webhook-signature" = String, Header),
    ),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 202, body = Object, description = "Stored, now or earlier; applied later."),
        (status = "4XX", body = ProblemBody)),
)]
pub async fn deliver_ccp_webhook(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    deliver(&api, (ccp_adapter::hook::PROVIDER, &api.hooks.ccp_secrets), request).await
}
