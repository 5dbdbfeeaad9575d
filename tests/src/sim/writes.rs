//! What every write has in common: a key, for which the same answer is given for ever.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Model;
use super::answer::Answer;
use super::faults::{ContentFault, Plan};
use super::memory::{KeptAnswer, Remembered};
use super::world::{Change, Sim};

const KEY_BYTES: usize = 200;

/// A write as it came in.
pub struct Asked<C> {
    pub by: By<C>,
    fingerprint: String,
    body: Bytes,
}

/// Under which key, and what the fault scripts have in mind for it.
pub struct By<C> {
    pub key: String,
    pub plan: Plan<C>,
}

impl<C: ContentFault, S: Send + Sync> FromRequest<S> for Asked<C> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let plan = request.extensions().get::<Plan<C>>().cloned().unwrap_or_default();
        let key = key(request.headers()).map_err(IntoResponse::into_response)?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { by: By { key, plan }, fingerprint: fingerprint(&method, &path, &body), body })
    }
}

impl<C> Asked<C> {
    /// Decides once per key; asked again it repeats its answer, and does nothing.
    pub async fn decide<M, B, F>(self, sim: &Sim<M>, decide: F) -> Response
    where
        M: Model<Fault = C>,
        B: DeserializeOwned,
        F: FnOnce(&mut Change<'_, M>, &By<C>, B) -> Answer,
    {
        let body = match parse(&self.body) {
            Ok(body) => body,
            Err(refused) => return refused.into_response(),
        };
        sim.answer(|change| {
            if let Some(kept) = change.state.memory().answers.get(&self.by.key) {
                return kept_answer(kept, &self.fingerprint);
            }
            let answer = decide(change, &self.by, body);
            if answer.is_final() {
                let (key, fingerprint) = (self.by.key, self.fingerprint);
                let answer = Answer { withheld: false, ..answer.clone() };
                change.put(Remembered::Answer(KeptAnswer { key, fingerprint, answer }));
            }
            answer
        })
        .await
    }
}

/// Reads a JSON body: 400 when it is no JSON, 422 when it is not what was agreed. No body counts as `null`.
pub fn parse<B: DeserializeOwned>(body: &[u8]) -> Result<B, Answer> {
    let body = if body.trim_ascii().is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            Answer::trouble(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", &error.to_string())
        }
        _ => Answer::trouble(StatusCode::BAD_REQUEST, "malformed_json", &error.to_string()),
    })
}

fn kept_answer(kept: &KeptAnswer, fingerprint: &str) -> Answer {
    if kept.fingerprint == fingerprint {
        return kept.answer.clone();
    }
    let message = "This Idempotency-Key was used for another request.";
    Answer::trouble(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", message)
}

fn key(headers: &HeaderMap) -> Result<String, Answer> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_BYTES {
        let message = "A write needs an Idempotency-Key.";
        return Err(Answer::trouble(StatusCode::BAD_REQUEST, "idempotency_key_missing", message));
    }
    Ok(key.to_owned())
}

fn fingerprint(method: &Method, path: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(method.as_str()).chain_update(" ").chain_update(path);
    hex::encode(digest.chain_update("\n").chain_update(body).finalize())
}
