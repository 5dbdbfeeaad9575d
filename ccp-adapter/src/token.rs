//! OAuth2 client credentials: one token for all calls, fetched once for all who wait for it.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::client::transport::{Missed, Reply, exchange};
use crate::outcome::{Failure, FailureKind};
use crate::{translate, wire};

/// A token is used until this long before its end, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);
/// A token said to live longer is fetched anew after this time all the same.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// Bytes at most of the answer.
const LONGEST_ANSWER: usize = 64 << 10;

/// Who we are to the provider.
#[derive(Debug)]
pub struct Credentials {
    pub id: String,
    pub secret: SecretString,
}

/// A token in use.
#[derive(Debug, Clone)]
pub struct Token {
    authorization: HeaderValue,
    fresh_until: Instant,
    /// Tells tokens apart without comparing secrets.
    serial: u64,
}

impl Token {
    pub(crate) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

/// The one source of tokens of a client.
pub struct Tokens {
    http: Client,
    url: Url,
    credentials: Credentials,
    /// Held while a token is fetched: whoever comes meanwhile waits here and takes the same.
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    token: Option<Token>,
    fetched: u64,
    /// When the last fetch failed, and why: those who waited for it share its failure.
    failed: Option<(Instant, Failure)>,
}

impl Tokens {
    pub(crate) fn new(http: Client, base_url: &Url, credentials: Credentials) -> Self {
        let mut url = base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["oauth", "token"]);
        }
        Self { http, url, credentials, slot: Mutex::default() }
    }

    /// The present token, or a new one when there is none that is fresh.
    pub(crate) async fn current(&self) -> Result<Token, Failure> {
        self.token(|token| Instant::now() < token.fresh_until).await
    }

    /// A token other than the `rejected` one.
    pub(crate) async fn renewed(&self, rejected: &Token) -> Result<Token, Failure> {
        self.token(|token| token.serial != rejected.serial).await
    }

    async fn token(&self, usable: impl FnOnce(&Token) -> bool) -> Result<Token, Failure> {
        let asked_at = Instant::now();
        let mut slot = self.slot.lock().await;
        if let Some(token) = slot.token.clone().filter(usable) {
            return Ok(token);
        }
        if let Some((_, failure)) = slot.failed.as_ref().filter(|(failed_at, _)| *failed_at >= asked_at) {
            return Err(failure.clone());
        }
        let fetched = self.fetch(slot.fetched + 1).await;
        slot.keep(fetched)
    }

    async fn fetch(&self, serial: u64) -> Result<Token, Failure> {
        let reply = exchange(&self.http, self.request(), LONGEST_ANSWER).await.map_err(Missed::into_failure)?;
        token(reply, serial, Instant::now())
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Method::POST, self.url.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some(self.form().into());
        request
    }

    /// An address's query is written like a form.
    fn form(&self) -> String {
        let mut form = self.url.clone();
        form.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.credentials.id)
            .append_pair("client_secret", self.credentials.secret.expose_secret());
        form.query().unwrap_or_default().to_owned()
    }
}

impl Slot {
    fn keep(&mut self, fetched: Result<Token, Failure>) -> Result<Token, Failure> {
        match &fetched {
            Ok(token) => {
                self.fetched = token.serial;
                self.token = Some(token.clone());
                self.failed = None;
            }
            Err(failure) => self.failed = Some((Instant::now(), failure.clone())),
        }
        fetched
    }
}

fn token(reply: Reply, serial: u64, now: Instant) -> Result<Token, Failure> {
    if reply.status != StatusCode::OK {
        let detail = format!("no token: HTTP status {}", reply.status.as_u16());
        return Err(Failure::new(kind(reply.status), detail).with_retry_after(reply.retry_after));
    }
    let wire: wire::Token = translate::decode(&reply.body)?;
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", wire.access_token))
        .map_err(|_| Failure::undecodable("a token that cannot be sent"))?;
    authorization.set_sensitive(true);
    Ok(Token { authorization, fresh_until: now + fresh_for(wire.expires_in), serial })
}

fn kind(status: StatusCode) -> FailureKind {
    match status.as_u16() {
        429 => FailureKind::Throttled,
        400..=499 => FailureKind::Unauthorised,
        500..=599 => FailureKind::ServerError,
        _ => FailureKind::Undecodable,
    }
}

/// How long a token that lives for `expires_in_s` seconds is used.
fn fresh_for(expires_in_s: u64) -> Duration {
    let life = Duration::from_secs(expires_in_s).min(LONGEST_LIFE);
    life - MARGIN.min(life / 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        let retry_after = Some(Duration::from_secs(3));
        Reply { status: StatusCode::from_u16(status).unwrap(), retry_after, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_token_is_used_until_shortly_before_its_end() {
        let cases = [(0, 0), (10, 9), (300, 270), (3_600, 3_540), (86_400, 86_340), (u64::MAX, 86_340)];
        for (expires_in_s, expected_s) in cases {
            assert_eq!(fresh_for(expires_in_s), Duration::from_secs(expected_s), "{expires_in_s}");
        }
    }

    #[test]
    fn a_token_is_sent_as_bearer_and_never_shown() {
        let now = Instant::now();
        let token = token(reply(200, r#"{"access_token":"abc.def","expires_in":100,"token_type":"Bearer"}"#), 1, now);
        let token = token.unwrap();
        assert_eq!(token.authorization(), "Bearer abc.def");
        assert_eq!(token.fresh_until, now + Duration::from_secs(90));
        assert!(!format!("{token:?}").contains("abc"));
    }

    #[test]
    fn no_token_says_why() {
        let cases = [
            (401, "", FailureKind::Unauthorised),
            (400, r#"{"error":"invalid_client"}"#, FailureKind::Unauthorised),
            (429, "", FailureKind::Throttled),
            (500, "", FailureKind::ServerError),
            (302, "", FailureKind::Undecodable),
            (200, "{}", FailureKind::Undecodable),
            (200, r#"{"access_token":"a\nb","expires_in":100}"#, FailureKind::Undecodable),
            (200, r#"{"access_token":"ab","expires_in":-1}"#, FailureKind::Undecodable),
        ];
        for (status, body, kind) in cases {
            let failure = token(reply(status, body), 1, Instant::now()).unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {body}");
        }
        let throttled = token(reply(429, ""), 1, Instant::now()).unwrap_err();
        assert_eq!(throttled.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn credentials_are_written_as_a_form() {
        let credentials = Credentials { id: "me & you".to_owned(), secret: "a=b+c%".into() };
        let tokens = Tokens::new(Client::new(), &Url::parse("http://ccp/api/").unwrap(), credentials);
        let form = "grant_type=client_credentials&client_id=me+%26+you&client_secret=a%3Db%2Bc%25";
        assert_eq!(tokens.form(), form);
        assert_eq!(tokens.request().url().as_str(), "http://ccp/api/oauth/token");
    }
}
