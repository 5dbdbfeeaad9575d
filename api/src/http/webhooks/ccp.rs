//! `POST /v1/webhooks/ccp`

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use commands::inbox::{self, Headers, SignatureError, Stored};
use serde::Deserialize;
use tracing::error;

use crate::clock;
use crate::http::api::Api;
use crate::http::body::read_bytes;
use crate::http::limits::WEBHOOK_BODY_BYTES;
use crate::http::problem::{Problem, ProblemBody, ProblemType};

/// Characters kept of a type that nobody knows.
const TYPE_CHARS: usize = 100;

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
}

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
    let (parts, body) = request.into_parts();
    let bytes = read_bytes(body, WEBHOOK_BODY_BYTES).await?;
    let headers = headers(&parts.headers).ok_or(ProblemType::WebhookSignature)?;
    let now = clock::real_now().timestamp();
    inbox::verify(&api.hooks.secrets, &headers, &bytes, now).map_err(|error| match error {
        SignatureError::Signature => ProblemType::WebhookSignature,
        SignatureError::Timestamp => ProblemType::WebhookTimestamp,
    })?;
    // Signed, so the provider's own; what cannot be read is kept as well, and nobody acts on it.
    let kind = serde_json::from_slice::<Envelope>(&bytes).map(|envelope| envelope.kind).unwrap_or_default();
    let kind: String = kind.chars().filter(|c| !c.is_control()).take(TYPE_CHARS).collect();
    match inbox::store(api.pool(), ccp_adapter::hook::PROVIDER, headers.id, &kind, &bytes).await? {
        Stored::New => api.hooks.arrived.wake(),
        Stored::Repeated => {}
        Stored::OtherBody => {
            error!(webhook_id = headers.id, "a webhook id came again with another body");
            return Err(ProblemType::WebhookIdReused.into());
        }
    }
    Ok((StatusCode::ACCEPTED, axum::Json(serde_json::json!({}))).into_response())
}

/// The three headers, each exactly once.
fn headers(headers: &HeaderMap) -> Option<Headers<'_>> {
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    };
    Some(Headers {
        id: only("webhook-id")?,
        timestamp: only("webhook-timestamp")?,
        signature: only("webhook-signature")?,
    })
}
