//! Where webhooks go, and the secrets that sign them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use super::rows::{Endpoint, Previous, Row};
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::hooks::Recipient;
use crate::sim::signature;
use crate::sim::writes::parse;

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

/// The endpoint of this moment, whichever it was when the webhook was made.
pub fn recipient(endpoint: &Endpoint, real_now: DateTime<Utc>) -> Recipient {
    let previous = endpoint.previous.as_ref().filter(|previous| real_now < previous.until);
    let secrets = std::iter::once(&endpoint.secret).chain(previous.map(|previous| &previous.secret));
    Recipient { url: endpoint.url.clone(), secrets: secrets.cloned().collect() }
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
