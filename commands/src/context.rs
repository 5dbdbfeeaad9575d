//! What surrounds one command.

use chrono::{DateTime, Utc};
use domain::{Actor, Metadata, Role};
use uuid::Uuid;

/// Who asks, when, under which key, and because of what.
#[derive(Debug, Clone)]
pub struct Context {
    pub actor: Actor,
    /// Business time, fixed once.
    pub at: DateTime<Utc>,
    pub key: Key,
    /// The versions the caller has seen; any other one refuses the command, and every one does when there is none.
    pub if_match: Option<Vec<i64>>,
    pub trace: Trace,
}

/// Under which key the outcome is kept, and what tells this request from another with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub tenant: String,
    pub key: String,
    pub fingerprint: Vec<u8>,
}

impl Key {
    /// A key of the product's own: effects, timers, inbox.
    pub fn system(key: impl Into<String>) -> Self {
        Self { tenant: "system".to_owned(), key: key.into(), fingerprint: Vec::new() }
    }

    /// The id under which the outcome is stored.
    pub fn id(&self) -> Uuid {
        domain::ids::outcome(&self.tenant, &self.key)
    }
}

/// The tenant whose keys an actor uses: its customer, or the seller.
pub fn tenant(actor: &Actor) -> String {
    match actor.role {
        Role::Customer | Role::Reseller => actor.customer_id.map(|id| id.to_string()).unwrap_or_default(),
        Role::Operator | Role::Auditor | Role::Service => "seller".to_owned(),
        Role::System | Role::Provider => "system".to_owned(),
    }
}

/// Correlation through log, mirror and spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The request or process run everything that follows belongs to.
    pub correlation_id: String,
    /// What directly caused this command: a request id, or an event's position.
    pub causation_id: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

impl Context {
    /// A command of the product itself.
    pub fn system(process: &str, at: DateTime<Utc>, key: Key, trace: Trace) -> Self {
        Self { actor: Actor::system(process), at, key, if_match: None, trace }
    }

    /// Whether the caller has seen other versions than this present one.
    pub fn is_stale(&self, version: i64) -> bool {
        self.if_match.as_ref().is_some_and(|seen| !seen.contains(&version))
    }

    /// The metadata of events that concern `customer`.
    pub fn metadata(&self, customer: Option<Uuid>) -> Metadata {
        let for_another =
            matches!(self.actor.role, Role::Reseller | Role::Operator) && customer != self.actor.customer_id;
        Metadata {
            actor: self.actor.subject.clone(),
            role: self.actor.role.name().to_owned(),
            on_behalf_of: customer.filter(|_| for_another).map(|id| id.to_string()),
            at: self.at,
            correlation_id: self.trace.correlation_id.clone(),
            causation_id: self.trace.causation_id.clone(),
            traceparent: self.trace.traceparent.clone(),
        }
    }
}
