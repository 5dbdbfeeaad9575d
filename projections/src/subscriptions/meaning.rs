//! What an event says about a change request.

use chrono::{DateTime, Utc};
use domain::subscription::SubscriptionEvent as E;
use serde_json::{Value, json};
use uuid::Uuid;

/// A change request as one event shows it.
pub(super) struct Meaning {
    pub kind: &'static str,
    pub state: &'static str,
    pub from: Option<Value>,
    pub to: Option<Value>,
    /// Business time, of a request.
    pub requested_at: Option<DateTime<Utc>>,
    /// Of a rejection.
    pub reason: Option<String>,
}

impl Meaning {
    fn requested(kind: &'static str, at: DateTime<Utc>) -> Self {
        Self { state: "requested", requested_at: Some(at), ..Self::confirmed(kind) }
    }

    fn confirmed(kind: &'static str) -> Self {
        Self { kind, state: "confirmed", from: None, to: None, requested_at: None, reason: None }
    }

    fn rejected(kind: &'static str, reason: &str) -> Self {
        Self { state: "rejected", reason: Some(reason.to_owned()), ..Self::confirmed(kind) }
    }

    fn between(self, from: Value, to: Value) -> Self {
        Self { from: Some(from), to: Some(to), ..self }
    }

    /// A later event of the same request.
    pub fn go_on(&mut self, later: &Self) {
        self.state = later.state;
        self.reason.clone_from(&later.reason);
        self.from = later.from.clone().or_else(|| self.from.take());
        self.to = later.to.clone().or_else(|| self.to.take());
    }
}

const QUANTITY: &str = "quantity";
const CANCELLATION: &str = "cancellation";
const EXTENSION: &str = "extension";
const SUSPENSION: &str = "suspension";
const RESUMPTION: &str = "resumption";

/// The request an event is about, by its id; `None` for events about something else.
pub(super) fn meaning(event: &E) -> Option<(Uuid, Meaning)> {
    Some(match event {
        E::QuantityChangeRequested { change_id, from, to, requested_at } => {
            (*change_id, Meaning::requested(QUANTITY, *requested_at).between(json!(from), json!(to)))
        }
        E::QuantityChangeConfirmed { change_id, from, to, .. } => {
            (*change_id, Meaning::confirmed(QUANTITY).between(json!(from), json!(to)))
        }
        E::QuantityChangeRejected { change_id, reason } => (*change_id, Meaning::rejected(QUANTITY, reason)),
        E::CancellationRequested { change_id, requested_at } => {
            (*change_id, Meaning::requested(CANCELLATION, *requested_at))
        }
        E::CancellationConfirmed { change_id, .. } => (*change_id, Meaning::confirmed(CANCELLATION)),
        E::CancellationRejected { change_id, reason } => (*change_id, Meaning::rejected(CANCELLATION, reason)),
        E::ExtensionRequested { change_id, from, to, requested_at } => {
            (*change_id, Meaning::requested(EXTENSION, *requested_at).between(json!(from), json!(to)))
        }
        E::ExtensionConfirmed { change_id, from, to, .. } => {
            (*change_id, Meaning::confirmed(EXTENSION).between(json!(from), json!(to)))
        }
        E::ExtensionRejected { change_id, reason } => (*change_id, Meaning::rejected(EXTENSION, reason)),
        E::SuspensionRequested { change_id, requested_at, .. } => {
            (*change_id, Meaning::requested(SUSPENSION, *requested_at))
        }
        E::SuspensionConfirmed { change_id, .. } => (*change_id, Meaning::confirmed(SUSPENSION)),
        E::SuspensionRejected { change_id, reason } => (*change_id, Meaning::rejected(SUSPENSION, reason)),
        E::ResumptionRequested { change_id, requested_at } => {
            (*change_id, Meaning::requested(RESUMPTION, *requested_at))
        }
        E::ResumptionConfirmed { change_id, .. } => (*change_id, Meaning::confirmed(RESUMPTION)),
        E::ResumptionRejected { change_id, reason } => (*change_id, Meaning::rejected(RESUMPTION, reason)),
        E::SubscriptionStarted(_)
        | E::LicencesGranted { .. }
        | E::LicencesRemoved { .. }
        | E::RenewalInstructionSet { .. }
        | E::RenewalInstructionConfirmed { .. }
        | E::SubscriptionRenewed(_)
        | E::SubscriptionExpired { .. }
        | E::LicenceAssigned { .. }
        | E::LicenceUnassigned { .. } => return None,
    })
}
