//! Problems as answers (RFC 9457). A handler returns `Result<_, Problem>`; the edge adds what only the
//! request knows, its id and its trace.

mod kinds;
mod page;

use std::borrow::Cow;
use std::fmt;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

pub use kinds::{ProblemType, Row};
pub use page::problems_page;

/// What a request is told when it is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemType,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
}

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901); for a query parameter its name after a slash.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    #[schema(example = "invalid-quantity")]
    pub slug: String,
    #[schema(example = "A quantity is an integer from 1 to 100000.")]
    pub detail: String,
}

/// A problem as it is sent, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    #[schema(example = "There is no such thing")]
    pub title: String,
    #[schema(example = 404)]
    pub status: u16,
    pub detail: String,
    /// This occurrence: the request's id.
    #[schema(example = "urn:uuid:0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d")]
    pub instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: String,
}

impl Problem {
    /// `detail` is for people: what happened in this case. It must hold no secret and nothing of our inside.
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after_s: kind.retry_after_s() }
    }

    /// The problem named by the first error. Without errors there is nothing to name: `internal`.
    pub fn of_errors(errors: Vec<FieldError>) -> Self {
        let first = errors.first().and_then(|error| Some((ProblemType::of_slug(&error.slug)?, error.detail.clone())));
        let (kind, detail) = first.unwrap_or((ProblemType::Internal, String::new()));
        Self { errors, ..Self::new(kind, detail) }
    }

    /// What a refused command is told.
    pub fn refused(refusal: &Refusal) -> Self {
        let kind = ProblemType::of_slug(refusal.slug()).unwrap_or(ProblemType::Internal);
        Self::new(kind, refusal.to_string())
    }

    /// Names the fields that caused it.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Another wait than the problem's usual one.
    #[must_use]
    pub fn retry_after_s(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    pub fn kind(&self) -> ProblemType {
        self.kind
    }

    pub fn is_not_found(&self) -> bool {
        self.kind == ProblemType::NotFound
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The body as sent, with the request's `instance` and `trace_id`.
    pub fn body(&self, instance: &str, trace_id: &str) -> ProblemBody {
        let row = self.kind.row();
        ProblemBody {
            kind: format!("/problems/{}", row.slug),
            title: row.title.to_owned(),
            status: row.status.as_u16(),
            detail: if self.detail.is_empty() { row.explanation.to_owned() } else { self.detail.clone() },
            instance: instance.to_owned(),
            errors: self.errors.clone(),
            trace_id: trace_id.to_owned(),
        }
    }

    fn bytes(&self, instance: &str, trace_id: &str) -> Vec<u8> {
        serde_json::to_vec(&self.body(instance, trace_id)).unwrap_or_default()
    }
}

impl From<ProblemType> for Problem {
    fn from(kind: ProblemType) -> Self {
        Self::new(kind, String::new())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug(), self.detail)
    }
}

impl std::error::Error for Problem {}

/// Documented as what is sent.
impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        ProblemBody::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        "Problem".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProblemBody::schemas(schemas);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.bytes("", "")));
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.kind.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if self.kind.closes_connection() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the request's id and trace into the body of a response that is a problem; others pass unchanged.
pub fn complete(mut response: Response, instance: impl FnOnce() -> String, trace_id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let bytes = problem.bytes(&instance(), trace_id);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(bytes);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn json_of(response: Response) -> serde_json::Value {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_problem_is_completed_by_the_edge() {
        let errors = vec![FieldError { pointer: "/a".into(), slug: "invalid-date".into(), detail: "No day.".into() }];
        let response = complete(Problem::of_errors(errors).into_response(), || "urn:uuid:1".to_owned(), "abc");
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = json_of(response).await;
        assert_eq!(body["type"], "/problems/invalid-date");
        assert_eq!((&body["instance"], &body["trace_id"]), (&"urn:uuid:1".into(), &"abc".into()));
        assert_eq!(body["errors"][0]["pointer"], "/a");
    }

    #[tokio::test]
    async fn without_errors_the_member_is_absent() {
        let body = json_of(Problem::from(ProblemType::NotFound).into_response()).await;
        assert_eq!(body.get("errors"), None);
        assert!(!body["detail"].as_str().unwrap().is_empty());
    }

    #[test]
    fn headers_follow_the_problem() {
        let missing = Problem::from(ProblemType::Unauthenticated).into_response();
        assert_eq!(missing.headers()[header::WWW_AUTHENTICATE], "Bearer");
        let limited = Problem::from(ProblemType::RateLimited).retry_after_s(7).into_response();
        assert_eq!(limited.headers()[header::RETRY_AFTER], "7");
        let large = Problem::from(ProblemType::TooLarge).into_response();
        assert_eq!(large.headers()[header::CONNECTION], "close");
    }

    #[test]
    fn refusals_keep_their_slug() {
        let problem = Problem::refused(&Refusal::NoPrice { line: 2 });
        assert_eq!(problem.kind(), ProblemType::NoPrice);
        assert_eq!(problem.to_string(), "no-price: Line 2: there is no price for this customer and service.");
    }
}
