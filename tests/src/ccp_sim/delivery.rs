//! Delivers webhooks, again and again until they are taken or it has been long enough.

use std::time::Duration;

use chrono::TimeDelta;

use super::clock;
use super::rows::{Endpoint, Hook, Row};
use super::signature;
use super::world::Sim;

const TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE_MS: i64 = 250;
const LONGEST_PAUSE_MS: i64 = 30_000;
/// With these pauses a receiver may be away for about twenty minutes.
const ATTEMPTS: u32 = 45;
const FORGED_KEY: &[u8] = b"a key the receiver never heard of";

/// Shared by all deliveries.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?)
}

/// One attempt; what comes of it is in the state afterwards.
pub async fn deliver(sim: Sim, client: reqwest::Client, hook: Hook, endpoint: Endpoint, attempt: u32) {
    let taken = post(&client, &hook, &endpoint).await;
    sim.change(|change| {
        if taken || hook.forged || attempt >= ATTEMPTS {
            change.put(Row::HookDone(hook.number));
        } else {
            change.state.hooks.queue_again(hook.number, change.real_now + pause(attempt));
        }
    });
    sim.wake.notify_one();
}

async fn post(client: &reqwest::Client, hook: &Hook, endpoint: &Endpoint) -> bool {
    let at = clock::real_now();
    let signature = if hook.forged {
        signature::sign(FORGED_KEY, &hook.id, at.timestamp(), &hook.body).unwrap_or_default()
    } else {
        signature::header(endpoint, at, &hook.id, &hook.body)
    };
    let request = client
        .post(&endpoint.url)
        .header("content-type", "application/json")
        .header("webhook-id", &hook.id)
        .header("webhook-timestamp", at.timestamp())
        .header("webhook-signature", signature)
        .body(hook.body.clone());
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}

fn pause(attempt: u32) -> TimeDelta {
    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << attempt.min(10));
    TimeDelta::milliseconds(doubled.min(LONGEST_PAUSE_MS))
}
