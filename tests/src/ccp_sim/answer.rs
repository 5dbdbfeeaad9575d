//! The provider's refusals: a code the client can act on, and the order's line it is about.

use axum::http::StatusCode;
use serde_json::json;

use crate::sim::answer::Answer;

impl Answer {
    pub(super) fn refused(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(status, json!({"code": code, "line_ref": null, "message": message.into()}))
    }

    /// A 422 about one line of an order.
    pub(super) fn refused_line(line_ref: u32, code: &str, message: impl Into<String>) -> Self {
        let body = json!({"code": code, "line_ref": line_ref, "message": message.into()});
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, body)
    }

    pub(super) fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub(super) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::CONFLICT, code, message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, code, message)
    }
}
