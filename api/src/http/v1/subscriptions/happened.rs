//! A subscription's events in short words, for people.

use chrono::NaiveDate;
use domain::subscription::SubscriptionEvent as E;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::seats_or_word;

/// What one event says. What it does not speak of is `null`.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Happened {
    /// Such as `started`, `quantity_change_requested`, `quantity_changed`, `renewed` or `licence_assigned`.
    pub what: &'static str,
    /// Seats concerned.
    pub quantity: Option<u32>,
    /// Before and after: seats of a quantity change, days of an extension, the renewal's instruction.
    #[schema(schema_with = seats_or_word)]
    pub from: Option<Value>,
    #[schema(schema_with = seats_or_word)]
    pub to: Option<Value>,
    /// The provider's day; it belongs to the new state.
    pub effective_on: Option<NaiveDate>,
    /// Why it was rejected.
    pub reason: Option<String>,
    pub licence_id: Option<Uuid>,
}

impl Happened {
    fn just(what: &'static str) -> Self {
        Self { what, ..Self::default() }
    }

    fn seats(self, quantity: u32) -> Self {
        Self { quantity: Some(quantity), ..self }
    }

    fn between(self, from: impl Serialize, to: impl Serialize) -> Self {
        Self { from: Some(json!(from)), to: Some(json!(to)), ..self }
    }

    fn on(self, day: NaiveDate) -> Self {
        Self { effective_on: Some(day), ..self }
    }

    fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    fn licence(self, id: Uuid) -> Self {
        Self { licence_id: Some(id), ..self }
    }
}

impl From<&E> for Happened {
    fn from(event: &E) -> Self {
        match event {
            E::SubscriptionStarted(started) => Self::just("started").seats(started.quantity).on(started.starts_on),
            E::LicencesGranted { licences } => Self::just("licences_granted").seats(count(licences.len())),
            E::LicencesRemoved { ordinals } => Self::just("licences_removed").seats(count(ordinals.len())),
            E::QuantityChangeRequested { from, to, .. } => {
                Self::just("quantity_change_requested").seats(*to).between(from, to)
            }
            E::QuantityChangeConfirmed { from, to, effective_on, .. } => {
                Self::just("quantity_changed").seats(*to).between(from, to).on(*effective_on)
            }
            E::QuantityChangeRejected { reason, .. } => Self::just("quantity_change_rejected").because(reason),
            E::CancellationRequested { .. } => Self::just("cancellation_requested"),
            E::CancellationConfirmed { effective_on, .. } => Self::just("cancelled").on(*effective_on),
            E::CancellationRejected { reason, .. } => Self::just("cancellation_rejected").because(reason),
            E::ExtensionRequested { from, to, .. } => Self::just("extension_requested").between(from, to),
            E::ExtensionConfirmed { from, to, effective_on, .. } => {
                Self::just("extended").between(from, to).on(*effective_on)
            }
            E::ExtensionRejected { reason, .. } => Self::just("extension_rejected").because(reason),
            E::SuspensionRequested { .. } => Self::just("suspension_requested"),
            E::SuspensionConfirmed { effective_on, .. } => Self::just("suspended").on(*effective_on),
            E::SuspensionRejected { reason, .. } => Self::just("suspension_rejected").because(reason),
            E::ResumptionRequested { .. } => Self::just("resumption_requested"),
            E::ResumptionConfirmed { effective_on, .. } => Self::just("resumed").on(*effective_on),
            E::ResumptionRejected { reason, .. } => Self::just("resumption_rejected").because(reason),
            E::RenewalInstructionSet { action, quantity } => {
                Self { quantity: *quantity, to: Some(json!(action.name())), ..Self::just("renewal_set") }
            }
            E::RenewalInstructionConfirmed { .. } => Self::just("renewal_confirmed"),
            E::SubscriptionRenewed(renewed) => {
                let term = Self::just("renewed").seats(renewed.quantity).on(renewed.starts_on);
                term.between(renewed.starts_on, renewed.ends_on)
            }
            E::SubscriptionExpired { effective_on, .. } => Self::just("expired").on(*effective_on),
            E::LicenceAssigned { licence_id, .. } => Self::just("licence_assigned").licence(*licence_id),
            E::LicenceUnassigned { licence_id, .. } => Self::just("licence_unassigned").licence(*licence_id),
        }
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
