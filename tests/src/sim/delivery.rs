//! Delivers webhooks, again and again until they are taken or it has been long enough.

use std::time::Duration;

use chrono::TimeDelta;

use super::hooks::{Hook, Recipient};
use super::memory::Remembered;
use super::world::Sim;
use super::{Model, clock, signature};

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
pub async fn deliver<M: Model>(
    sim: Sim<M>,
    client: reqwest::Client,
    hook: Hook,
    recipient: Option<Recipient>,
    attempt: u32,
) {
    let over = match recipient {
        Some(recipient) => post(&client, &hook, &recipient).await || hook.forged || attempt >= ATTEMPTS,
        None => true,
    };
    sim.change(|change| {
        if over {
            change.put(Remembered::HookDone(hook.number));
        } else {
            let again_at = change.real_now + pause(attempt);
            change.state.memory_mut().hooks.queue_again(hook.number, again_at);
        }
    });
    sim.wake.notify_one();
}

async fn post(client: &reqwest::Client, hook: &Hook, recipient: &Recipient) -> bool {
    let timestamp = clock::real_now().timestamp();
    let signature = if hook.forged {
        signature::sign(FORGED_KEY, &hook.id, timestamp, &hook.body).unwrap_or_default()
    } else {
        signature::header(&recipient.secrets, &hook.id, timestamp, &hook.body)
    };
    let request = client
        .post(&recipient.url)
        .header("content-type", "application/json")
        .header("webhook-id", &hook.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(hook.body.clone());
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}

fn pause(attempt: u32) -> TimeDelta {
    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << attempt.min(10));
    TimeDelta::milliseconds(doubled.min(LONGEST_PAUSE_MS))
}
