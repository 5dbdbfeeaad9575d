//! Answers as the earlier system gave them: bodies only where clients read one.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::bare;
use crate::http::problem::Problem;

/// Why nothing came of a request.
#[derive(Debug)]
pub enum Refused {
    /// The request itself is wrong: 400 without a body.
    Invalid,
    /// Another customer's, or nobody's: both 403 with the same words.
    NoAccess,
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST.into_response(),
            Self::NoAccess => {
                let body = json!({ "Errors": "You don't have access to this object!" });
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            }
            Self::Problem(problem) => translated(problem),
        }
    }
}

/// Problems by their status.
fn translated(problem: Problem) -> Response {
    let theirs = problem.into_response();
    let status = match theirs.status() {
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => return Refused::NoAccess.into_response(),
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::BAD_REQUEST,
        other => other,
    };
    bare(&theirs, status)
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;
    use crate::http::problem::ProblemType;

    #[test]
    fn problems_become_the_statuses_older_clients_know() {
        let cases = [
            (ProblemType::Unauthenticated, 401),
            (ProblemType::NotFound, 403),
            (ProblemType::Forbidden, 403),
            (ProblemType::InvalidDate, 400),
            (ProblemType::QuantityLimit, 400),
            (ProblemType::MalformedJson, 400),
            (ProblemType::ChangeInProgress, 409),
            (ProblemType::Unavailable, 503),
        ];
        for (kind, status) in cases {
            let answer = Refused::from(Problem::from(kind)).into_response();
            assert_eq!(answer.status().as_u16(), status, "{kind:?}");
            assert_eq!(answer.headers().contains_key(header::CONTENT_TYPE), status == 403, "{kind:?}");
        }
        let away = Refused::from(Problem::from(ProblemType::Unavailable)).into_response();
        assert!(away.headers().contains_key(header::RETRY_AFTER));
    }
}
