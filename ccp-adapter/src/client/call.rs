//! One call: through the gate, with a token, classified, measured.

use std::time::Instant;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, StatusCode, Url};
use serde::Serialize;
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use super::CcpClient;
use super::transport::{Missed, Reply, exchange};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::token::Token;
use crate::translate;

/// Bytes at most of most answers.
pub const LONGEST_ANSWER: usize = 4 << 20;

/// What is asked of the provider.
pub struct Call<'a> {
    /// The name it is counted under.
    pub name: &'static str,
    pub method: Method,
    /// Below the base address, not yet encoded.
    pub path: &'a [&'a str],
    pub query: Vec<(&'static str, String)>,
    /// The operation id, for writes.
    pub op: Option<Uuid>,
    pub body: Option<Vec<u8>>,
    /// Bytes.
    pub longest_answer: usize,
}

impl<'a> Call<'a> {
    pub const fn read(name: &'static str, path: &'a [&'a str]) -> Self {
        let query = Vec::new();
        Self { name, method: Method::GET, path, query, op: None, body: None, longest_answer: LONGEST_ANSWER }
    }

    pub fn write(name: &'static str, method: Method, path: &'a [&'a str], op: Uuid) -> Self {
        Self { method, op: Some(op), ..Self::read(name, path) }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        let body =
            serde_json::to_vec(body).map_err(|_| Failure::undecodable("the request cannot be written as JSON"))?;
        self.body = Some(body);
        Ok(self)
    }

    fn request(&self, base: &Url, token: &Token) -> Request {
        let mut request = Request::new(self.method.clone(), self.url(base));
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization());
        if let Some(key) = self.op.and_then(|op| HeaderValue::try_from(op.to_string()).ok()) {
            headers.insert("idempotency-key", key);
        }
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        request
    }

    fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(self.path);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

impl CcpClient {
    /// Makes the call once (twice if the token was refused) and reads its answer.
    pub(super) async fn perform<T>(
        &self,
        call: &Call<'_>,
        read: impl FnOnce(Vec<u8>) -> Result<T, Failure>,
    ) -> Outcome<T> {
        let op_id = call.op.map(field::display);
        let span = tracing::info_span!("ccp_call", call = call.name, op_id, status = field::Empty, ms = field::Empty);
        let started = Instant::now();
        let outcome = self.gated(call).instrument(span.clone()).await.then(read);
        span.record("ms", u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        span.in_scope(|| report(call.name, started, &outcome));
        outcome
    }

    async fn gated(&self, call: &Call<'_>) -> Outcome<Vec<u8>> {
        if let Err(held_back) = self.shared.gate.pass().await {
            return Outcome::NotReached(held_back);
        }
        let outcome = self.authorised(call).await.unwrap_or_else(Outcome::NotReached);
        self.shared.gate.record(&outcome);
        outcome
    }

    /// The error is that of getting a token: then nothing was asked.
    async fn authorised(&self, call: &Call<'_>) -> Result<Outcome<Vec<u8>>, Failure> {
        let tokens = &self.shared.tokens;
        let token = tokens.current().await?;
        let reply = self.send(call, &token).await;
        if !reply.as_ref().is_ok_and(|reply| reply.status == StatusCode::UNAUTHORIZED) {
            return Ok(outcome(reply));
        }
        let token = tokens.renewed(&token).await?;
        Ok(outcome(self.send(call, &token).await))
    }

    async fn send(&self, call: &Call<'_>, token: &Token) -> Result<Reply, Missed> {
        let request = call.request(&self.shared.base_url, token);
        let reply = exchange(&self.shared.http, request, call.longest_answer).await?;
        Span::current().record("status", reply.status.as_u16());
        Ok(reply)
    }
}

/// What an exchange says about what was asked.
fn outcome(reply: Result<Reply, Missed>) -> Outcome<Vec<u8>> {
    match reply {
        Err(Missed::NotSent(failure)) => Outcome::NotReached(failure),
        Err(Missed::Lost(failure)) => Outcome::Unknown(failure),
        Ok(reply) => classify(reply),
    }
}

fn classify(reply: Reply) -> Outcome<Vec<u8>> {
    let status = reply.status.as_u16();
    let failed = |kind| Failure::new(kind, format!("HTTP status {status}")).with_retry_after(reply.retry_after);
    match status {
        200..=299 => Outcome::Done(reply.body),
        // Says something about us, nothing about what was asked.
        401 | 403 => Outcome::NotReached(failed(FailureKind::Unauthorised)),
        429 => Outcome::NotReached(failed(FailureKind::Throttled)),
        503 => Outcome::NotReached(failed(FailureKind::ServerError)),
        // The server gave up on a request that had arrived in part or whole.
        408 => Outcome::Unknown(failed(FailureKind::ServerError)),
        400..=499 => Outcome::Refused(translate::refusal(status, &reply.body)),
        500..=599 => Outcome::Unknown(failed(FailureKind::ServerError)),
        _ => Outcome::Unknown(failed(FailureKind::Undecodable)),
    }
}

fn report<T>(call: &'static str, started: Instant, outcome: &Outcome<T>) {
    metrics::counter!("ccp_calls_total", "call" => call, "outcome" => outcome.name()).increment(1);
    metrics::histogram!("ccp_call_seconds", "call" => call).record(started.elapsed());
    match outcome {
        Outcome::Done(_) => tracing::debug!("done"),
        Outcome::Refused(refused) => tracing::info!(code = refused.code, line = refused.line, "refused"),
        Outcome::NotReached(failure) => tracing::info!(%failure, "not reached"),
        Outcome::Unknown(failure) => tracing::warn!(%failure, "outcome unknown"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::outcome::RefusedBy;

    #[test]
    fn every_status_has_an_outcome() {
        let retry_after = Some(Duration::from_secs(7));
        let failed =
            |kind, status: u16| Failure::new(kind, format!("HTTP status {status}")).with_retry_after(retry_after);
        for status in 100..1_000 {
            let reply = Reply { status: StatusCode::from_u16(status).unwrap(), retry_after, body: b"body".to_vec() };
            let expected = match status {
                200..=299 => Outcome::Done(b"body".to_vec()),
                401 | 403 => Outcome::NotReached(failed(FailureKind::Unauthorised, status)),
                429 => Outcome::NotReached(failed(FailureKind::Throttled, status)),
                503 => Outcome::NotReached(failed(FailureKind::ServerError, status)),
                404 => Outcome::Refused(RefusedBy::not_found()),
                408 | 500..=599 => Outcome::Unknown(failed(FailureKind::ServerError, status)),
                400..=499 => Outcome::Refused(translate::refusal(status, b"body")),
                _ => Outcome::Unknown(failed(FailureKind::Undecodable, status)),
            };
            assert_eq!(classify(reply), expected, "{status}");
        }
    }

    #[test]
    fn addresses_are_encoded() {
        let cases = [
            ("http://ccp", vec!["v1", "orders", "a/b?c"], vec![], "http://ccp/v1/orders/a%2Fb%3Fc"),
            (
                "http://ccp/api/",
                vec!["v1", "orders"],
                vec![("cursor", "a&b=c")],
                "http://ccp/api/v1/orders?cursor=a%26b%3Dc",
            ),
            ("http://ccp/api", vec!["v1"], vec![("a", "1"), ("b", "")], "http://ccp/api/v1?a=1&b="),
        ];
        for (base, path, query, expected) in cases {
            let call = query.iter().fold(Call::read("test", &path), |call, (name, value)| call.with(name, *value));
            assert_eq!(call.url(&Url::parse(base).unwrap()).as_str(), expected);
        }
    }
}
