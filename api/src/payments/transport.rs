//! One call to a gateway: one exchange, on a connection of its own, with bounds on its time and on the size of its
//! answer, measured, and told in the log without anything that was said.

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, Url};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tracing::{debug, info, warn};
use uuid::Uuid;

/// Bytes at most of an answer.
const LONGEST_ANSWER: usize = 64 << 10;
/// Who asks for more is asked again anyway: it may have meant another unit.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// How long a gateway may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub connect: Duration,
    /// From sending the request to the last byte of its answer.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(15) }
    }
}

/// Why there is no client.
#[derive(Debug, Error)]
pub enum GatewayError {
    #[error("a gateway's address must be an http or https address without query and credentials")]
    Address,
    #[error("a gateway's key must fit into a header")]
    Key,
    #[error("the HTTP client cannot be built: {0}")]
    Http(#[source] reqwest::Error),
}

/// The way to one gateway. Clones share it.
#[derive(Clone)]
pub struct Line {
    http: Client,
    base: Url,
    key: (HeaderName, HeaderValue),
    /// Our name of it.
    gateway: &'static str,
}

/// What is asked.
pub struct Call<'a> {
    /// The name it is counted under.
    pub name: &'static str,
    pub method: Method,
    /// Below the gateway's address, not yet encoded.
    pub path: &'a [&'a str],
    pub query: Option<(&'static str, String)>,
    /// The operation, for writes of a gateway that keeps keys.
    pub op: Option<Uuid>,
    /// JSON.
    pub body: Option<Vec<u8>>,
}

/// A complete answer.
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// No complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The request never left.
    NotSent,
    /// It may have arrived.
    Lost,
}

impl<'a> Call<'a> {
    pub const fn read(name: &'static str, path: &'a [&'a str]) -> Self {
        Self { name, method: Method::GET, path, query: None, op: None, body: None }
    }

    pub const fn write(name: &'static str, path: &'a [&'a str], body: Vec<u8>) -> Self {
        Self { name, method: Method::POST, path, query: None, op: None, body: Some(body) }
    }

    pub fn with(self, name: &'static str, value: String) -> Self {
        Self { query: Some((name, value)), ..self }
    }

    pub fn under(self, op: Uuid) -> Self {
        Self { op: Some(op), ..self }
    }
}

impl Line {
    /// Connects to nothing yet. `scheme` stands before the key in its header.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn new(
        gateway: &'static str,
        address: &str,
        (header, scheme, key): (HeaderName, &str, &SecretString),
        patience: Patience,
    ) -> Result<Self, GatewayError> {
        let base = parse(address)?;
        let mut value =
            HeaderValue::try_from(format!("{scheme}{}", key.expose_secret())).map_err(|_| GatewayError::Key)?;
        value.set_sensitive(true);
        let builder = Client::builder()
            .connect_timeout(patience.connect)
            .timeout(patience.total)
            // A connection that was closed while idle loses what is sent over it, and nobody knows whether it arrived.
            .pool_max_idle_per_host(0)
            .redirect(Policy::none())
            .user_agent(concat!("cloudsales/", env!("CARGO_PKG_VERSION")));
        // What runs on this machine is never behind the machine's proxy.
        let builder = if is_local(&base) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(GatewayError::Http)?;
        Ok(Self { http, base, key: (header, value), gateway })
    }

    /// Makes the call, once.
    pub async fn call(&self, call: Call<'_>) -> Result<Reply, Missed> {
        let (name, op, started) = (call.name, call.op, Instant::now());
        let answer = self.exchange(self.request(call)).await;
        let took = started.elapsed();
        metrics::histogram!("payment_call_seconds", "gateway" => self.gateway, "call" => name).record(took);
        metrics::counter!("payment_calls_total", "gateway" => self.gateway, "call" => name, "answer" => label(&answer))
            .increment(1);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match &answer {
            Ok(reply) => debug!(gateway = self.gateway, call = name, ?op, status = reply.status, ms, "answered"),
            Err((Missed::NotSent, why)) => info!(gateway = self.gateway, call = name, ?op, why, ms, "not reached"),
            Err((Missed::Lost, why)) => warn!(gateway = self.gateway, call = name, ?op, why, ms, "no usable answer"),
        }
        answer.map_err(|(missed, _)| missed)
    }

    fn request(&self, call: Call<'_>) -> Request {
        let mut url = self.base.clone();
        if !call.path.is_empty()
            && let Ok(mut segments) = url.path_segments_mut()
        {
            segments.pop_if_empty().extend(call.path);
        }
        if let Some((name, value)) = &call.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = Request::new(call.method, url);
        let headers = request.headers_mut();
        headers.insert(self.key.0.clone(), self.key.1.clone());
        if let Some(key) = call.op.and_then(|op| HeaderValue::try_from(op.to_string()).ok()) {
            headers.insert("idempotency-key", key);
        }
        if let Some(body) = call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        request
    }

    async fn exchange(&self, request: Request) -> Result<Reply, (Missed, String)> {
        let mut response = self.http.execute(request).await.map_err(|error| missed(&error))?;
        let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| missed(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err((Missed::Lost, format!("an answer of more than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, retry_after, body })
    }
}

fn parse(address: &str) -> Result<Url, GatewayError> {
    let url = Url::parse(address).map_err(|_| GatewayError::Address)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let usable = matches!(url.scheme(), "http" | "https") && plain && url.password().is_none();
    if usable { Ok(url) } else { Err(GatewayError::Address) }
}

fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// The innermost cause: the outer ones repeat the address, which holds ids.
fn missed(error: &reqwest::Error) -> (Missed, String) {
    let (missed, doing) = match error.is_connect() || error.is_builder() {
        true => (Missed::NotSent, "no connection"),
        false => (Missed::Lost, "no complete answer"),
    };
    if error.is_timeout() {
        return (missed, format!("{doing} in time"));
    }
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    (missed, cause.map_or_else(|| doing.to_owned(), |cause| format!("{doing}: {cause}")))
}

const fn label(answer: &Result<Reply, (Missed, String)>) -> &'static str {
    match answer {
        Ok(reply) => match reply.status {
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        },
        Err((Missed::NotSent, _)) => "not_sent",
        Err((Missed::Lost, _)) => "lost",
    }
}

/// Seconds, or a date that is compared with the answer's own date, so that clocks need not agree. At most an hour.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked: &str = text(RETRY_AFTER)?;
    let seconds = asked.parse().ok().or_else(|| {
        let until = DateTime::parse_from_rfc2822(asked).ok()?;
        let sent_at = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
        u64::try_from((until - sent_at).num_seconds().max(0)).ok()
    })?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}
