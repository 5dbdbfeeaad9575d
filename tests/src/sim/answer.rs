//! Answers, as they are kept for an idempotency key and sent.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::server::NoAnswer;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// It is never sent; whoever asks again under the same key gets it.
    #[serde(skip)]
    pub withheld: bool,
}

impl Answer {
    pub fn new(status: StatusCode, body: Value) -> Self {
        Self { status: status.as_u16(), body, withheld: false }
    }

    /// What went wrong in the simulator itself or on the way to it.
    pub fn trouble(status: StatusCode, code: &str, message: &str) -> Self {
        Self::new(status, json!({"code": code, "message": message}))
    }

    /// Nothing was done, and the same may be asked again.
    pub fn later() -> Self {
        Self::trouble(StatusCode::TOO_MANY_REQUESTS, "try_later", "Nothing was done; try again later.")
    }

    /// The journal cannot be written: nothing may be promised any more.
    pub fn broken() -> Self {
        Self::trouble(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The simulator cannot store its state.")
    }

    /// Whether it decides what was asked, for now and for every repetition.
    pub fn is_final(&self) -> bool {
        self.status != StatusCode::TOO_MANY_REQUESTS.as_u16()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let is_final = self.is_final();
        let mut response = (status, Json(self.body)).into_response();
        if !is_final {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        if self.withheld {
            response.extensions_mut().insert(NoAnswer::Ever);
        }
        response
    }
}
