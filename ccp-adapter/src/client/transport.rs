//! One HTTP exchange with bounds: on time, on the size of the answer, and on what is said of a failure.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Request, Response, StatusCode};

use crate::backoff::LONGEST_ASKED;
use crate::outcome::Failure;

/// A complete answer.
pub struct Reply {
    pub status: StatusCode,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// No complete answer.
pub enum Missed {
    /// The request never left.
    NotSent(Failure),
    /// It may have arrived.
    Lost(Failure),
}

impl Missed {
    pub fn into_failure(self) -> Failure {
        match self {
            Self::NotSent(failure) | Self::Lost(failure) => failure,
        }
    }
}

/// Sends `request` and reads its answer of at most `longest` bytes.
pub async fn exchange(http: &Client, request: Request, longest: usize) -> Result<Reply, Missed> {
    let response = http.execute(request).await.map_err(missed)?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let body = body(response, longest).await?;
    Ok(Reply { status, retry_after, body })
}

async fn body(mut response: Response, longest: usize) -> Result<Vec<u8>, Missed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(missed)? {
        if body.len() + chunk.len() > longest {
            return Err(Missed::Lost(Failure::undecodable(format!("an answer of more than {longest} bytes"))));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn missed(error: reqwest::Error) -> Missed {
    let failure = Failure::unreachable(describe(&error));
    if error.is_connect() || error.is_builder() { Missed::NotSent(failure) } else { Missed::Lost(failure) }
}

/// The innermost cause: the outer ones repeat the address, which holds ids.
fn describe(error: &reqwest::Error) -> String {
    let doing = if error.is_connect() { "no connection" } else { "no complete answer" };
    if error.is_timeout() {
        return format!("{doing} in time");
    }
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| doing.to_owned(), |cause| format!("{doing}: {cause}"))
}

/// Seconds, or a date that is compared with the answer's own date, so that clocks need not agree. At most an hour.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER)?;
    let seconds = asked.parse().ok().or_else(|| {
        let until = DateTime::parse_from_rfc2822(asked).ok()?;
        let sent_at = DateTime::parse_from_rfc2822(text(headers, &DATE)?).ok()?;
        u64::try_from((until - sent_at).num_seconds()).ok()
    })?;
    Some(Duration::from_secs(seconds).min(LONGEST_ASKED))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        const NOW: &str = "Sat, 03 Oct 2026 10:00:00 GMT";
        let cases = [
            (Some("7"), Some(NOW), Some(7)),
            (Some(" 7 "), None, Some(7)),
            (Some("0"), None, Some(0)),
            (Some("999999999"), None, Some(3_600)),
            (Some("Sat, 03 Oct 2026 10:00:30 GMT"), Some(NOW), Some(30)),
            (Some("Sat, 03 Oct 2026 09:59:30 GMT"), Some(NOW), None),
            (Some("Sat, 03 Oct 2026 10:00:30 GMT"), None, None),
            (Some("-5"), None, None),
            (Some("soon"), Some(NOW), None),
            (None, Some(NOW), None),
        ];
        for (asked, date, expected_s) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [(RETRY_AFTER, asked), (DATE, date)] {
                value.map(|value| headers.insert(name, HeaderValue::from_static(value)));
            }
            assert_eq!(retry_after(&headers), expected_s.map(Duration::from_secs), "{asked:?} {date:?}");
        }
    }
}
