//! What subscriptions ask of the provider: given events, then effects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::process::{Change, Effect, Process};
use domain::subscription::{RenewalAction, SubscriptionEvent, SuspendedBy};
use domain::{AggregateType, Event, StreamId};
use uuid::Uuid;

const SUBSCRIPTION: Uuid = Uuid::from_u128(0x5b);
const CHANGE: Uuid = Uuid::from_u128(0xc4);

fn follows(event: SubscriptionEvent) -> Vec<Effect> {
    let (event, stream) = (Event::from(event), StreamId::new(AggregateType::Subscription, SUBSCRIPTION));
    let Some((key, news)) = Change::news(&event, &stream) else { return Vec::new() };
    assert_eq!(key, SUBSCRIPTION.to_string());
    Change::react(&mut (), news)
}

fn now() -> DateTime<Utc> {
    "2026-10-03T09:00:00Z".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn every_request_is_sent_under_its_own_change() {
    let (change_id, requested_at) = (CHANGE, now());
    let (from, to) = (day("2026-11-03"), day("2027-01-03"));
    let requests = [
        SubscriptionEvent::QuantityChangeRequested { change_id, from: 5, to: 7, requested_at },
        SubscriptionEvent::CancellationRequested { change_id, requested_at },
        SubscriptionEvent::ExtensionRequested { change_id, from, to, requested_at },
        SubscriptionEvent::SuspensionRequested { change_id, by: SuspendedBy::Customer, requested_at },
        SubscriptionEvent::ResumptionRequested { change_id, requested_at },
    ];
    for request in requests {
        let expected = Effect::ChangeSubscription { subscription_id: SUBSCRIPTION, change_id: CHANGE };
        assert_eq!(follows(request), [expected]);
    }
}

#[test]
fn an_instruction_for_the_renewal_is_told_to_the_provider() {
    let set = SubscriptionEvent::RenewalInstructionSet { action: RenewalAction::Expire, quantity: None };
    assert_eq!(follows(set), [Effect::SendRenewal { subscription_id: SUBSCRIPTION }]);
}

#[test]
fn what_the_provider_has_answered_asks_nothing_of_it() {
    let (change_id, effective_on, provider_revision) = (CHANGE, day("2026-10-05"), 4);
    let reason = "window-closed".to_owned();
    let answers = [
        SubscriptionEvent::QuantityChangeConfirmed {
            change_id,
            from: 5,
            to: 7,
            effective_on,
            confirmed_at: now(),
            provider_revision,
        },
        SubscriptionEvent::CancellationConfirmed { change_id, effective_on, provider_revision },
        SubscriptionEvent::SuspensionRejected { change_id, reason },
        SubscriptionEvent::RenewalInstructionConfirmed { provider_revision },
        SubscriptionEvent::SubscriptionExpired { effective_on, provider_revision },
        SubscriptionEvent::LicencesRemoved { ordinals: vec![3] },
    ];
    for answer in answers {
        assert_eq!(follows(answer), []);
    }
}

#[test]
fn effects_say_what_and_about_what() {
    let subscription_id = SUBSCRIPTION;
    let effects = [
        (Effect::ChangeSubscription { subscription_id, change_id: CHANGE }, "change_subscription"),
        (Effect::SendRenewal { subscription_id }, "send_renewal"),
        (Effect::LookAtSubscription { subscription_id }, "look_at_subscription"),
    ];
    for (effect, kind) in effects {
        let stored = serde_json::to_value(&effect).unwrap();
        assert_eq!((effect.name(), stored["kind"].as_str()), (kind, Some(kind)));
        assert_eq!(effect.subject(), SUBSCRIPTION.to_string());
        assert_eq!(serde_json::from_value::<Effect>(stored).unwrap(), effect);
    }
}
