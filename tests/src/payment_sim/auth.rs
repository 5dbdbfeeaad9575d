//! The wallet knows its client by a bearer.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::world::Sim;
use crate::sim::answer::Answer;

/// Lets only requests with the right key pass.
pub async fn layer(State(sim): State<Sim>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if bearer.and_then(|value| value.strip_prefix("Bearer ")) != Some(sim.own.wallet_key.as_str()) {
        let message = "The key is missing or wrong.";
        return Answer::trouble(StatusCode::UNAUTHORIZED, "invalid_key", message).into_response();
    }
    next.run(request).await
}
