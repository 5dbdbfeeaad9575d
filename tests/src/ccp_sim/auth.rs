//! OAuth client credentials. Tokens live in memory: a restart ends them, as an expiry does.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::world::Sim;
use crate::sim::answer::Answer;
use crate::sim::clock;
use crate::sim::world::locked;

#[derive(Deserialize)]
struct Credentials {
    grant_type: String,
    client_id: String,
    client_secret: String,
}

/// `POST /oauth/token`, as a form or as JSON.
pub async fn token(State(sim): State<Sim>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(credentials) = read(&headers, &body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    };
    if credentials.grant_type != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let settings = &sim.own.settings;
    if credentials.client_id != settings.client_id || credentials.client_secret != settings.client_secret {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    match clock::new_token() {
        Ok(token) => issue(&sim, token),
        Err(_) => Answer::broken().into_response(),
    }
}

/// Lets only requests with a living token pass.
pub async fn layer(State(sim): State<Sim>, request: Request, next: Next) -> Response {
    if !is_authorised(&sim, request.headers()) {
        let answer = Answer::refused(StatusCode::UNAUTHORIZED, "invalid_token", "The access token is missing or over.");
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    }
    next.run(request).await
}

fn is_authorised(sim: &Sim, headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    token.is_some_and(|token| locked(&sim.own.tokens).get(token).is_some_and(|ends| Instant::now() < *ends))
}

fn issue(sim: &Sim, token: String) -> Response {
    let (seconds, now) = (u64::from(sim.own.settings.token_seconds), Instant::now());
    let mut tokens = locked(&sim.own.tokens);
    tokens.retain(|_, ends| now < *ends);
    tokens.insert(token.clone(), now + Duration::from_secs(seconds));
    Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds})).into_response()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Option<Credentials> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return serde_json::from_slice(body).ok();
    }
    form(body)
}

fn form(body: &[u8]) -> Option<Credentials> {
    // The query extractor reads the same encoding that forms have.
    let uri = Uri::try_from(format!("/?{}", std::str::from_utf8(body).ok()?)).ok()?;
    Query::try_from_uri(&uri).ok().map(|Query(credentials)| credentials)
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}
