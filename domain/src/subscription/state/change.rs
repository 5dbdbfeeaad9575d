//! A change the provider has been asked for and has not answered yet: data beside the state, never a state.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::subscription::{SubscriptionEvent, SuspendedBy};

/// The one request in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeInFlight {
    pub change_id: Uuid,
    pub kind: ChangeKind,
    /// Business time.
    pub requested_at: DateTime<Utc>,
}

/// What is to change, from what to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Seats.
    Quantity {
        from: u32,
        to: u32,
    },
    Cancellation,
    /// The first day after the term.
    Extension {
        from: NaiveDate,
        to: NaiveDate,
    },
    Suspension {
        by: SuspendedBy,
    },
    Resumption,
}

impl ChangeKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity { .. } => "quantity",
            Self::Cancellation => "cancellation",
            Self::Extension { .. } => "extension",
            Self::Suspension { .. } => "suspension",
            Self::Resumption => "resumption",
        }
    }
}

impl ChangeInFlight {
    pub(in crate::subscription) fn requested(&self) -> SubscriptionEvent {
        let Self { change_id, requested_at, .. } = *self;
        match self.kind {
            ChangeKind::Quantity { from, to } => {
                SubscriptionEvent::QuantityChangeRequested { change_id, from, to, requested_at }
            }
            ChangeKind::Cancellation => SubscriptionEvent::CancellationRequested { change_id, requested_at },
            ChangeKind::Extension { from, to } => {
                SubscriptionEvent::ExtensionRequested { change_id, from, to, requested_at }
            }
            ChangeKind::Suspension { by } => SubscriptionEvent::SuspensionRequested { change_id, by, requested_at },
            ChangeKind::Resumption => SubscriptionEvent::ResumptionRequested { change_id, requested_at },
        }
    }

    pub(in crate::subscription) fn rejected(&self, reason: &str) -> SubscriptionEvent {
        let (change_id, reason) = (self.change_id, reason.to_owned());
        match self.kind {
            ChangeKind::Quantity { .. } => SubscriptionEvent::QuantityChangeRejected { change_id, reason },
            ChangeKind::Cancellation => SubscriptionEvent::CancellationRejected { change_id, reason },
            ChangeKind::Extension { .. } => SubscriptionEvent::ExtensionRejected { change_id, reason },
            ChangeKind::Suspension { .. } => SubscriptionEvent::SuspensionRejected { change_id, reason },
            ChangeKind::Resumption => SubscriptionEvent::ResumptionRejected { change_id, reason },
        }
    }
}
