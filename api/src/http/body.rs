//! Reading a request's body: its bytes within the limits of size and time, then what its headers say they are.

use std::error::Error;
use std::iter::successors;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, header};

use super::limits::{BODY_BYTES, BODY_READ_TIMEOUT};
use super::places::NoPlace;
use super::problem::{Problem, ProblemType};

/// The bytes of a JSON body of at most 64 KiB.
///
/// # Errors
/// `too-large`, `request-timeout`, `malformed-request` when the client breaks off, or `overloaded` when there is no
/// place for who waits for it, or for the work once it is there; then `unsupported-media-type`: the size is judged
/// before the format.
pub async fn read_json_bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let bytes = read_bytes(body, BODY_BYTES).await?;
    require_json(headers)?;
    Ok(bytes)
}

/// Like [`read_json_bytes`]; a request without any body, and so without a Content-Type, stands for `{}`.
///
/// # Errors
/// As [`read_json_bytes`].
pub async fn read_optional_json_bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if body.is_end_stream() && !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(Bytes::from_static(b"{}"));
    }
    read_json_bytes(headers, body).await
}

/// The raw bytes, whatever they are.
///
/// # Errors
/// `too-large` above `limit_bytes`, declared or sent; `request-timeout`; `malformed-request` when the client breaks
/// off; `overloaded` when there is no place for who waits for it, or for the work once it is there.
pub async fn read_bytes(body: Body, limit_bytes: usize) -> Result<Bytes, Problem> {
    read_within(body, limit_bytes, BODY_READ_TIMEOUT).await
}

async fn read_within(body: Body, limit_bytes: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(timeout, collect(body, limit_bytes)).await;
    read.unwrap_or_else(|_| Err(ProblemType::RequestTimeout.into()))
}

async fn collect(body: Body, limit_bytes: usize) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limit_bytes as u64 {
        return Err(ProblemType::TooLarge.into());
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        if bytes.len() + chunk.len() > limit_bytes {
            return Err(ProblemType::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The client's doing, unless it was the edge that had no place.
fn broken_off(error: &axum::Error) -> Problem {
    if successors(error.source(), |&cause| cause.source()).any(|cause| cause.is::<NoPlace>()) {
        return NoPlace.into();
    }
    Problem::new(ProblemType::MalformedRequest, "The body broke off.")
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|value| value == "identity");
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let json = matches!((types.next(), types.next()), (Some(only), None) if only.to_str().is_ok_and(is_json));
    if plain && json { Ok(()) } else { Err(ProblemType::UnsupportedMediaType.into()) }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    // A merge patch is JSON all the same, and some clients say so of theirs.
    matches!(parts.next().as_deref(), Some("application/json" | "application/merge-patch+json"))
        && parts.all(|parameter| matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use super::*;

    fn with(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn chunked(sizes: Vec<usize>) -> Body {
        let chunks = sizes.into_iter().map(|size| Ok::<_, Infallible>(Bytes::from(vec![b' '; size])));
        Body::from_stream(futures::stream::iter(chunks))
    }

    #[test]
    fn only_plain_json_is_read() {
        let good = [
            "application/merge-patch+json",
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ];
        for value in good {
            assert!(require_json(&with(&[("content-type", value)])).is_ok(), "{value}");
        }
        let bad: [&[(&str, &str)]; 7] = [
            &[],
            &[("content-type", "text/plain")],
            &[("content-type", "application/json; charset=utf-16")],
            &[("content-type", "application/jsonp")],
            &[("content-type", "application/json"), ("content-type", "text/plain")],
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            &[("content-type", "application/json"), ("content-encoding", "identity"), ("content-encoding", "br")],
        ];
        for pairs in bad {
            let kind = require_json(&with(pairs)).unwrap_err().kind();
            assert_eq!(kind, ProblemType::UnsupportedMediaType, "{pairs:?}");
        }
    }

    #[tokio::test]
    async fn the_limit_holds_by_length_and_by_chunks() {
        for (size, fits) in [(BODY_BYTES - 1, true), (BODY_BYTES, true), (BODY_BYTES + 1, false)] {
            let whole = read_bytes(Body::from(vec![b' '; size]), BODY_BYTES).await;
            assert_eq!(whole.as_ref().map(Bytes::len).ok(), fits.then_some(size));
            let parts = read_bytes(chunked(vec![1; size]), BODY_BYTES).await;
            assert_eq!(parts.as_ref().map(Bytes::len).ok(), fits.then_some(size));
            if !fits {
                assert_eq!(whole.unwrap_err().kind(), ProblemType::TooLarge);
                assert_eq!(parts.unwrap_err().kind(), ProblemType::TooLarge);
            }
        }
    }

    #[tokio::test]
    async fn the_size_is_judged_before_the_format() {
        let text = with(&[("content-type", "text/plain")]);
        for (size, kind) in [(BODY_BYTES, ProblemType::UnsupportedMediaType), (BODY_BYTES + 1, ProblemType::TooLarge)] {
            for body in [Body::from(vec![b' '; size]), chunked(vec![1; size])] {
                let problem = read_json_bytes(&text, body).await.unwrap_err();
                assert_eq!(problem.kind(), kind, "{size} bytes");
            }
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        let problem = read_within(silent, BODY_BYTES, Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemType::RequestTimeout);
    }

    #[tokio::test]
    async fn no_body_at_all_stands_for_an_empty_object() {
        let bytes = read_optional_json_bytes(&HeaderMap::new(), Body::empty()).await.unwrap();
        assert_eq!(&bytes[..], b"{}");
        let problem = read_optional_json_bytes(&HeaderMap::new(), Body::from("{}")).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemType::UnsupportedMediaType);
    }
}
