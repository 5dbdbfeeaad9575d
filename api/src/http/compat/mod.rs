//! Surfaces of earlier systems, for clients that were written against them: thin routes over the same commands and
//! queries. Switched on by configuration.

pub mod billing;
pub mod licensing;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A status without a body; of the answer that is translated only what says when to come again, or how to log in, is
/// kept.
fn bare(theirs: &Response, status: StatusCode) -> Response {
    let mut ours = status.into_response();
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::CONNECTION] {
        if let Some(value) = theirs.headers().get(&name) {
            ours.headers_mut().insert(name, value.clone());
        }
    }
    ours
}
