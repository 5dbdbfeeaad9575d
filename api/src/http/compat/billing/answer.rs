//! Answers as the earlier service gave them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::super::bare;
use crate::http::problem::Problem;

/// Why nothing came of a request.
#[derive(Debug)]
pub enum Refused {
    /// Nothing has this number, or this address: 404 with the words clients know.
    NotFound,
    /// The token is missing, or another one.
    NoToken,
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
            Self::NotFound => (StatusCode::NOT_FOUND, Json("not found")).into_response(),
            Self::NoToken => StatusCode::UNAUTHORIZED.into_response(),
            Self::Problem(problem) => {
                let theirs = problem.into_response();
                let status = theirs.status();
                bare(&theirs, status)
            }
        }
    }
}
