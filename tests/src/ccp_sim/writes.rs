//! What every write has in common: a key, for which the same answer is given for ever.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::faults::Plan;
use super::rows::{Effect, KeptAnswer, Row};
use super::world::{Change, Sim};

const KEY_BYTES: usize = 200;

/// A write as it came in.
pub struct Asked {
    pub by: By,
    fingerprint: String,
    body: Bytes,
}

/// Under which key, and what the fault scripts have in mind for it.
pub struct By {
    pub key: String,
    pub plan: Plan,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let plan = request.extensions().get::<Plan>().cloned().unwrap_or_default();
        let key = key(request.headers()).map_err(IntoResponse::into_response)?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { by: By { key, plan }, fingerprint: fingerprint(&method, &path, &body), body })
    }
}

impl Asked {
    /// Decides once per key; asked again it repeats its answer, and does nothing.
    pub async fn decide<B, F>(self, sim: &Sim, decide: F) -> Response
    where
        B: DeserializeOwned,
        F: FnOnce(&mut Change<'_>, &By, B) -> Answer,
    {
        let body = match parse(&self.body) {
            Ok(body) => body,
            Err(refused) => return refused.into_response(),
        };
        sim.answer(|change| {
            if let Some(kept) = change.state.answers.get(&self.by.key) {
                return kept_answer(kept, &self.fingerprint);
            }
            let answer = decide(change, &self.by, body);
            let (key, fingerprint) = (self.by.key, self.fingerprint);
            change.put(Row::Answer(KeptAnswer { key, fingerprint, answer: answer.clone() }));
            answer
        })
        .await
    }
}

impl Change<'_> {
    /// Enters into the ledger that something was done for a client.
    pub fn record(&mut self, by: &By, operation: &str, external_ref: Option<&str>, resource_id: &str) {
        self.put(Row::Effect(Effect {
            key: by.key.clone(),
            operation: operation.to_owned(),
            external_ref: external_ref.map(str::to_owned),
            resource_id: resource_id.to_owned(),
            at: self.now,
            answer_sent: !by.plan.answer_withheld,
        }));
    }
}

/// Reads a JSON body: 400 when it is no JSON, 422 when it is not what was agreed. No body counts as `null`.
pub fn parse<B: DeserializeOwned>(body: &[u8]) -> Result<B, Answer> {
    let body = if body.trim_ascii().is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Answer::invalid("invalid_request", error.to_string()),
        _ => Answer::bad_request("malformed_json", error.to_string()),
    })
}

fn kept_answer(kept: &KeptAnswer, fingerprint: &str) -> Answer {
    if kept.fingerprint == fingerprint {
        return kept.answer.clone();
    }
    Answer::invalid("idempotency_key_reused", "This Idempotency-Key was used for another request.")
}

fn key(headers: &HeaderMap) -> Result<String, Answer> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_BYTES {
        return Err(Answer::bad_request("idempotency_key_missing", "A write needs an Idempotency-Key."));
    }
    Ok(key.to_owned())
}

fn fingerprint(method: &Method, path: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(method.as_str()).chain_update(" ").chain_update(path);
    hex::encode(digest.chain_update("\n").chain_update(body).finalize())
}
