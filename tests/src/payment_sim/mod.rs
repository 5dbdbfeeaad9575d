//! Two payment gateways, simulated in one: a wallet that answers later, and an older one that answers at once and
//! forgets. A ledger on disk of all money that really moved, and faults on demand.

mod auth;
mod completion;
mod control;
mod faults;
mod money;
mod outcome;
mod refunds;
mod routes;
mod rows;
mod state;
mod token;
mod wallet;
mod world;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::ensure;

use state::State;

use crate::sim::{self, Place, signature};

/// From acceptance of a charge or refund to its outcome, in real time, where nothing else is said.
pub const USUAL_DELAY_MS: RangeInclusive<u32> = 3_000..=10_000;

/// How the gateways are started.
#[derive(Clone)]
pub struct Settings {
    pub place: Place,
    /// The bearer the wallet knows its client by.
    pub wallet_key: String,
    /// The `X-Token` of the token gateway.
    pub token: String,
    /// `whsec_…`; each signs webhooks.
    pub webhook_secrets: Vec<String>,
    pub delay_ms: RangeInclusive<u32>,
}

impl Settings {
    /// On a free loopback port with the usual delays.
    pub fn new(data: impl Into<PathBuf>, wallet_key: &str, token: &str, webhook_secret: &str) -> Self {
        Self {
            place: Place::new(data),
            wallet_key: wallet_key.to_owned(),
            token: token.to_owned(),
            webhook_secrets: webhook_secret.split_whitespace().map(str::to_owned).collect(),
            delay_ms: USUAL_DELAY_MS,
        }
    }
}

pub type PaymentSim = sim::Running<State>;

/// Reads the folder, binds the port and serves.
///
/// # Errors
/// When a secret is none, the folder cannot be read or is in use, or the port cannot be bound.
pub async fn start(settings: Settings) -> anyhow::Result<PaymentSim> {
    ensure!(!settings.wallet_key.is_empty() && !settings.token.is_empty(), "a gateway needs a key");
    let is_secret = |secret: &String| signature::key(secret).is_some();
    ensure!(settings.webhook_secrets.iter().all(is_secret), "a webhook secret is whsec_ and base64");
    let place = settings.place.clone();
    sim::start(&place, settings, State::default(), routes::router).await
}
