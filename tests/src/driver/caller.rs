//! Sends one request under one key until there is a definite answer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::Counts;
use super::journal::{Journal, Line, Received, Request};
use crate::client::{Answer, Client};

/// How long a caller goes on asking; the longest outage of a test is far shorter.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two tries of the same request.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends and writes down.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub client: Client,
    pub tenant: String,
    pub journal: Journal,
    pub counts: Arc<Counts>,
}

impl Caller {
    /// The definite answer: a success or a refusal.
    ///
    /// # Errors
    /// When none came within the patience, or the journal cannot be written.
    pub async fn surely(&self, method: Method, path: &str, key: &str, body: Value) -> anyhow::Result<Received> {
        let (tenant, key) = (self.tenant.clone(), key.to_owned());
        let request = Request { tenant, key, method: method.to_string(), path: path.to_owned(), body };
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.journal.write(&Line::Sent(request.clone()))?;
            match self.attempt(&method, &request).await {
                Ok(answer) => return self.note(&request, answer),
                Err(why) if Instant::now() >= deadline => {
                    bail!("{} {} was never answered: {why}", request.method, request.path)
                }
                Err(why) => {
                    let (tenant, key) = (request.tenant.clone(), request.key.clone());
                    self.journal.write(&Line::Unanswered { tenant, key, why })?;
                    self.counts.unknown();
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The answer, or why the outcome is unknown.
    async fn attempt(&self, method: &Method, request: &Request) -> Result<Answer, String> {
        let mut sending = self.client.request(method.clone(), &request.path).header("Idempotency-Key", &request.key);
        if !request.body.is_null() {
            sending = sending.json(&request.body);
        }
        let answer = self.client.send(sending).await.map_err(|error| format!("{error:#}"))?;
        if is_definite(&answer) { Ok(answer) } else { Err(format!("{}: {}", answer.status, answer.text)) }
    }

    fn note(&self, request: &Request, answer: Answer) -> anyhow::Result<Received> {
        let received = Received { status: answer.status, position: answer.position().ok(), body: answer.body };
        let (tenant, key) = (request.tenant.clone(), request.key.clone());
        self.journal.write(&Line::Answered { tenant, key, answer: received.clone() })?;
        self.counts.answered(received.is_success());
        Ok(received)
    }

    /// Looks at what is another tenant's and writes down what came back; an outage is nobody's answer.
    pub async fn peek(&self, path: &str) -> anyhow::Result<()> {
        let Ok(answer) = self.client.send(self.client.request(Method::GET, path)).await else { return Ok(()) };
        self.journal.write(&Line::Peeked { path: path.to_owned(), status: answer.status })
    }
}

/// Whether an answer says what became of the request.
fn is_definite(answer: &Answer) -> bool {
    let busy = answer.body["type"].as_str().is_some_and(|problem| problem.ends_with("idempotency-in-progress"));
    answer.status < 500 && !matches!(answer.status, 408 | 429) && !busy
}
