//! The provider as its handlers see it, and what a write of a client leaves in the ledger.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Settings;
use super::faults::Fault;
use super::rows::{Effect, Row};
use super::state::State;

pub type Sim = crate::sim::Sim<State>;
pub type Change<'a> = crate::sim::Change<'a, State>;
pub type Asked = crate::sim::writes::Asked<Fault>;
pub type By = crate::sim::writes::By<Fault>;

/// What it has beside its memory.
pub struct Own {
    pub settings: Settings,
    /// Access tokens and when they end.
    pub tokens: Mutex<HashMap<String, Instant>>,
}

impl Change<'_> {
    /// When what is accepted now completes, in real time.
    pub fn completes_at(&self) -> DateTime<Utc> {
        self.real_now + TimeDelta::milliseconds(i64::from(self.own.settings.completion_ms))
    }

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

    /// Tells the client's endpoint, as far as the fault scripts let it.
    pub fn tell(&mut self, kind: &str, data: Value) {
        if let Some(url) = self.state.endpoint.as_ref().map(|endpoint| endpoint.url.clone()) {
            self.notify(&url, kind, &data);
        }
    }
}
