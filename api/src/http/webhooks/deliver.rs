//! What is done with every webhook, whoever sends it.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use commands::inbox::{self, Headers, SignatureError, Stored, WebhookSecret};
use serde::Deserialize;
use tracing::error;

use crate::clock;
use crate::http::api::Api;
use crate::http::body::read_bytes;
use crate::http::limits::WEBHOOK_BODY_BYTES;
use crate::http::problem::{Problem, ProblemType};

/// Characters kept of a type that nobody knows.
const TYPE_CHARS: usize = 100;

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
}

/// Stores it under the sender's name if one of the sender's secrets signed it, and wakes who applies it.
pub async fn deliver(
    api: &Api,
    (provider, secrets): (&str, &[WebhookSecret]),
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read_bytes(body, WEBHOOK_BODY_BYTES).await?;
    let headers = headers(&parts.headers).ok_or(ProblemType::WebhookSignature)?;
    let now = clock::real_now().timestamp();
    inbox::verify(secrets, &headers, &bytes, now).map_err(|error| match error {
        SignatureError::Signature => ProblemType::WebhookSignature,
        SignatureError::Timestamp => ProblemType::WebhookTimestamp,
    })?;
    // Signed, so the provider's own; what cannot be read is kept as well, and nobody acts on it.
    let kind = serde_json::from_slice::<Envelope>(&bytes).map(|envelope| envelope.kind).unwrap_or_default();
    let kind: String = kind.chars().filter(|c| !c.is_control()).take(TYPE_CHARS).collect();
    match inbox::store(api.pool(), provider, headers.id, &kind, &bytes).await? {
        Stored::New => api.hooks.arrived.wake(),
        Stored::Repeated => {}
        Stored::OtherBody => {
            error!(provider, webhook_id = headers.id, "a webhook id came again with another body");
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
