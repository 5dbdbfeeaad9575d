//! Notification preferences: in which language a customer is told of what, and by which ways.

mod command;
mod decide;
mod event;
mod state;

pub use command::NotificationPreferencesCommand;
pub use event::NotificationPreferencesEvent;
pub use state::{NotificationPreferencesState, Preferences};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of notification preferences.
#[derive(Debug, Clone, Copy)]
pub struct NotificationPreferencesRules;

impl Decider for NotificationPreferencesRules {
    const TYPE: AggregateType = AggregateType::NotificationPreferences;
    type State = NotificationPreferencesState;
    type Command = NotificationPreferencesCommand;
    type Event = NotificationPreferencesEvent;

    fn decide(
        state: &NotificationPreferencesState,
        asked: &Asked<'_, NotificationPreferencesCommand>,
    ) -> Result<Decided<NotificationPreferencesEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut NotificationPreferencesState, event: &NotificationPreferencesEvent) {
        state.evolve(event);
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    #[default]
    En,
    De,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Webhook,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Email, Self::Webhook];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// What a customer can be told of, by the names of stream, webhooks and notifications.
pub const TOPICS: [&str; 28] = [
    "order.placed",
    "order.paid",
    "order.submitted",
    "order.fulfilled",
    "order.partially_fulfilled",
    "order.failed",
    "order.cancelled",
    "subscription.started",
    "subscription.change_requested",
    "subscription.changed",
    "subscription.change_rejected",
    "subscription.suspended",
    "subscription.resumed",
    "subscription.renewed",
    "subscription.cancelled",
    "subscription.expired",
    "invoice.issued",
    "invoice.paid",
    "invoice.overdue",
    "invoice.voided",
    "credit_note.issued",
    "payment.succeeded",
    "payment.failed",
    "payment.unknown",
    "payment.refunded",
    "case.opened",
    "case.answered",
    "case.closed",
];
