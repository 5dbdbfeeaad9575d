//! What subscriptions ask of the provider: the change in flight, and what is to happen at the end of the term.

use uuid::Uuid;

use super::{Effect, Process};
use crate::subscription::SubscriptionEvent;
use crate::{Event, StreamId};

/// Stable: it is part of every operation id.
pub const NAME: &str = "change";

/// One instance per subscription. It remembers nothing: which change is in flight is the subscription's own state.
#[derive(Debug, Clone, Copy)]
pub struct Change;

impl Process for Change {
    const NAME: &'static str = NAME;
    type State = ();
    type News = Effect;

    /// Every subscription's stream has the subscription's id as its own.
    fn news(event: &Event, stream: &StreamId) -> Option<(String, Effect)> {
        let asked = asked(subscription_event(event)?, Uuid::parse_str(&stream.id).ok()?)?;
        Some((stream.id.clone(), asked))
    }

    fn react((): &mut (), asked: Effect) -> Vec<Effect> {
        vec![asked]
    }
}

fn subscription_event(event: &Event) -> Option<&SubscriptionEvent> {
    match event {
        Event::Subscription(event) => Some(event),
        Event::Customer(_)
        | Event::Account(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Order(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::Invoice(_)
        | Event::CreditNote(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::BillingRun(_)
        | Event::CommissionAccount(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => None,
    }
}

/// What the provider is to be asked because of the event.
fn asked(event: &SubscriptionEvent, subscription_id: Uuid) -> Option<Effect> {
    use SubscriptionEvent as E;
    match event {
        E::QuantityChangeRequested { change_id, .. }
        | E::CancellationRequested { change_id, .. }
        | E::ExtensionRequested { change_id, .. }
        | E::SuspensionRequested { change_id, .. }
        | E::ResumptionRequested { change_id, .. } => {
            Some(Effect::ChangeSubscription { subscription_id, change_id: *change_id })
        }
        E::RenewalInstructionSet { .. } => Some(Effect::SendRenewal { subscription_id }),
        E::SubscriptionStarted(_)
        | E::LicencesGranted { .. }
        | E::LicencesRemoved { .. }
        | E::QuantityChangeConfirmed { .. }
        | E::QuantityChangeRejected { .. }
        | E::CancellationConfirmed { .. }
        | E::CancellationRejected { .. }
        | E::ExtensionConfirmed { .. }
        | E::ExtensionRejected { .. }
        | E::SuspensionConfirmed { .. }
        | E::SuspensionRejected { .. }
        | E::ResumptionConfirmed { .. }
        | E::ResumptionRejected { .. }
        | E::RenewalInstructionConfirmed { .. }
        | E::SubscriptionRenewed(_)
        | E::SubscriptionExpired { .. }
        | E::LicenceAssigned { .. }
        | E::LicenceUnassigned { .. } => None,
    }
}
