//! Answers of the provider, as they are kept for an idempotency key and sent.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn new(status: StatusCode, body: Value) -> Self {
        Self { status: status.as_u16(), body }
    }

    /// A no with a code the client can act on.
    pub fn refused(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(status, json!({"code": code, "line_ref": null, "message": message.into()}))
    }

    /// A 422 about one line of an order.
    pub fn refused_line(line_ref: u32, code: &str, message: impl Into<String>) -> Self {
        let body = json!({"code": code, "line_ref": line_ref, "message": message.into()});
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, body)
    }

    pub fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::CONFLICT, code, message)
    }

    pub fn not_found(what: &str) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    pub fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, code, message)
    }

    /// The journal cannot be written: nothing may be promised any more.
    pub fn broken() -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The provider cannot store its state.")
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body)).into_response()
    }
}
