//! A client of the API as a customer's system would write one: every call says which status it expects.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

/// How long a client waits for something that follows by itself.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(10);

/// One caller: an address and a token.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer as received.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// The position of a write's last event.
    pub fn position(&self) -> anyhow::Result<i64> {
        let value = self.headers.get("event-position").context("no Event-Position")?;
        Ok(value.to_str()?.parse()?)
    }

    /// A text member of the body.
    pub fn text_of(&self, name: &str) -> anyhow::Result<String> {
        let value = self.body.get(name).and_then(Value::as_str);
        Ok(value.with_context(|| format!("no {name} in {}", self.text))?.to_owned())
    }

    pub fn id(&self) -> anyhow::Result<String> {
        self.text_of("id")
    }
}

impl Client {
    pub fn new(base: &str, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// The same connection pool with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same caller at another address.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// A request that may be changed before it is sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Sends whatever was built.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, text, body })
    }

    /// # Errors
    /// When the answer is not 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        expect(self.send(self.request(Method::GET, path)).await?, StatusCode::OK, path)
    }

    /// A GET that waits for a write to be visible.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn get_at(&self, path: &str, position: i64) -> anyhow::Result<Answer> {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{joint}min_position={position}")).await
    }

    /// A POST under a key.
    ///
    /// # Errors
    /// When the answer is not the expected one.
    pub async fn post(&self, path: &str, key: &str, body: &Value, expected: u16) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        expect(self.send(request).await?, StatusCode::from_u16(expected)?, path)
    }

    /// A POST under a key that is repeated until the product answers: what a careful client does in an outage.
    ///
    /// # Errors
    /// When it was refused, or never answered within the patience.
    pub async fn post_surely(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
            match self.send(request).await {
                Ok(answer) if answer.status < 300 => return Ok(answer),
                Ok(answer) if answer.status < 500 && answer.status != 429 => bail!("{path}: {}", answer.text),
                _ => ensure!(Instant::now() < deadline, "{path} was never answered"),
            }
            tokio::time::sleep(LOOK * 5).await;
        }
    }

    /// Looks again and again until what is seen satisfies `enough`.
    ///
    /// # Errors
    /// With the last thing seen, when it never does.
    pub async fn wait_until(&self, path: &str, enough: impl Fn(&Value) -> bool) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.send(self.request(Method::GET, path)).await;
            if let Ok(answer) = &seen
                && answer.status == 200
                && enough(&answer.body)
            {
                return seen;
            }
            if Instant::now() >= deadline {
                bail!("{path} never came to it; last seen: {}", seen.map_or_else(|e| e.to_string(), |a| a.text));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn expect(answer: Answer, expected: StatusCode, path: &str) -> anyhow::Result<Answer> {
    ensure!(answer.status == expected.as_u16(), "{path}: {} instead of {expected}: {}", answer.status, answer.text);
    Ok(answer)
}
