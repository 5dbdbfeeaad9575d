//! Webhooks: where they go, what they say, and what the fault scripts make of them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::clock;
use super::faults::{Kind, Strike};
use super::rows::{Endpoint, Hook, Previous, Row};
use super::signature;
use super::world::{Change, Sim};
use super::writes::parse;

const REPEAT_MS: u64 = 200;
const REORDER_MS: u64 = 1_000;
const LATE_MS: u64 = 5_000;
/// Hours for which the secret before a rotation signs as well.
const ROTATION_HOURS: i64 = 24;

#[derive(Deserialize)]
struct NewEndpoint {
    url: String,
    secret: String,
}

/// `PUT /v1/webhook-endpoint`. Putting the same twice changes nothing, so it needs no key.
pub async fn endpoint(State(sim): State<Sim>, body: Bytes) -> Response {
    match parse::<NewEndpoint>(&body).and_then(checked) {
        Ok(new) => sim.answer(|change| placed(change, new)).await,
        Err(refused) => refused.into_response(),
    }
}

fn checked(new: NewEndpoint) -> Result<NewEndpoint, Answer> {
    if !new.url.starts_with("http://") && !new.url.starts_with("https://") {
        return Err(Answer::invalid("invalid_request", "url is no http or https address."));
    }
    if signature::key(&new.secret).is_none() {
        return Err(Answer::invalid("invalid_request", "secret is whsec_ and base64."));
    }
    Ok(new)
}

fn placed(change: &mut Change<'_>, new: NewEndpoint) -> Answer {
    let answer = Answer::new(StatusCode::OK, json!({"url": new.url}));
    let until = change.real_now + TimeDelta::hours(ROTATION_HOURS);
    let previous = match change.state.endpoint.clone() {
        Some(old) if old.url == new.url && old.secret == new.secret => return answer,
        Some(old) if old.url == new.url => Some(Previous { secret: old.secret, until }),
        _ => None,
    };
    change.put(Row::Endpoint(Endpoint { url: new.url, secret: new.secret, previous }));
    answer
}

/// Queues one event for delivery, after the scripts have had their say.
pub fn send(change: &mut Change<'_>, kind: &str, data: Value, fates: &[Strike]) {
    let has = |kind| fates.iter().find(|strike| strike.kind == kind);
    if has(Kind::WebhookLost).is_some() {
        return;
    }
    let hook = hook(change, kind, &data);
    if has(Kind::WebhookForged).is_some() {
        queue(change, Hook { forged: true, ..hook.clone() }, 0);
    }
    let hook = Hook { late: has(Kind::WebhookLate).is_some(), ..hook };
    let held_ms = has(Kind::WebhookLate).map(|strike| strike.ms.unwrap_or(LATE_MS));
    let held_ms = held_ms.or(has(Kind::WebhookReorder).map(|strike| strike.ms.unwrap_or(REORDER_MS))).unwrap_or(0);
    queue(change, hook.clone(), held_ms);
    if let Some(strike) = has(Kind::WebhookRepeat) {
        queue(change, hook, held_ms + strike.ms.unwrap_or(REPEAT_MS));
    }
}

fn hook(change: &Change<'_>, kind: &str, data: &Value) -> Hook {
    Hook {
        number: 0,
        id: clock::new_id("msg"),
        kind: kind.to_owned(),
        body: json!({"type": kind, "timestamp": clock::text(change.real_now), "data": data}).to_string(),
        due_at: change.real_now,
        late: false,
        forged: false,
    }
}

fn queue(change: &mut Change<'_>, mut hook: Hook, held_ms: u64) {
    hook.number = change.state.hooks.last_number + 1;
    let held = i64::try_from(held_ms).ok().and_then(TimeDelta::try_milliseconds).unwrap_or_default();
    hook.due_at += held;
    change.put(Row::Hook(hook));
}
