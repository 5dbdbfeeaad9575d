//! Stored JSON to events and back. An unknown name is an error, never skipped.

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::decider::Fact;
use crate::{AggregateType, Event};

/// Why a stored event cannot be read.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CodecError {
    #[error("unknown aggregate type {0:?}")]
    UnknownAggregate(String),
    #[error("unknown event {aggregate}.{name} version {version}")]
    UnknownEvent { aggregate: String, name: String, version: String },
    #[error("{aggregate}.{name} does not decode: {reason}")]
    Undecodable { aggregate: String, name: String, reason: String },
}

/// The JSON stored as `payload`: the event with its name as tag, `{"OrderPlaced":{…}}`.
///
/// # Errors
/// When a value cannot be written as JSON, which no event of ours has.
pub fn encode(event: &Event) -> Result<String, serde_json::Error> {
    match event {
        Event::Customer(e) => serde_json::to_string(e),
        Event::Account(e) => serde_json::to_string(e),
        Event::Service(e) => serde_json::to_string(e),
        Event::PriceRule(e) => serde_json::to_string(e),
        Event::Order(e) => serde_json::to_string(e),
        Event::Subscription(e) => serde_json::to_string(e),
        Event::Drift(e) => serde_json::to_string(e),
        Event::Calendar(e) => serde_json::to_string(e),
        Event::ExchangeRates(e) => serde_json::to_string(e),
        Event::Invoice(e) => serde_json::to_string(e),
        Event::CreditNote(e) => serde_json::to_string(e),
        Event::Balance(e) => serde_json::to_string(e),
        Event::NumberSeries(e) => serde_json::to_string(e),
        Event::ChargeLedger(e) => serde_json::to_string(e),
        Event::BillingRun(e) => serde_json::to_string(e),
        Event::CommissionAccount(e) => serde_json::to_string(e),
        Event::Payment(e) => serde_json::to_string(e),
        Event::NotificationPreferences(e) => serde_json::to_string(e),
    }
}

/// Reads a stored event.
///
/// # Errors
/// [`CodecError`] when this build does not know the type, name or version, or the payload does not fit.
pub fn decode(aggregate: &str, name: &str, version: &str, payload: &str) -> Result<Event, CodecError> {
    match AggregateType::parse(aggregate) {
        Some(AggregateType::Customer) => read::<crate::customer::CustomerEvent>(aggregate, name, version, payload),
        Some(AggregateType::Account) => read::<crate::account::AccountEvent>(aggregate, name, version, payload),
        Some(AggregateType::Service) => read::<crate::service::ServiceEvent>(aggregate, name, version, payload),
        Some(AggregateType::PriceRule) => read::<crate::price_rule::PriceRuleEvent>(aggregate, name, version, payload),
        Some(AggregateType::Order) => read::<crate::order::OrderEvent>(aggregate, name, version, payload),
        Some(AggregateType::Subscription) => {
            read::<crate::subscription::SubscriptionEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::Drift) => read::<crate::drift::DriftEvent>(aggregate, name, version, payload),
        Some(AggregateType::Calendar) => read::<crate::calendar::CalendarEvent>(aggregate, name, version, payload),
        Some(AggregateType::ExchangeRates) => {
            read::<crate::exchange_rates::ExchangeRatesEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::Invoice) => read::<crate::invoice::InvoiceEvent>(aggregate, name, version, payload),
        Some(AggregateType::CreditNote) => {
            read::<crate::credit_note::CreditNoteEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::Balance) => read::<crate::balance::BalanceEvent>(aggregate, name, version, payload),
        Some(AggregateType::NumberSeries) => {
            read::<crate::number_series::NumberSeriesEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::ChargeLedger) => {
            read::<crate::charge_ledger::ChargeLedgerEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::BillingRun) => {
            read::<crate::billing_run::BillingRunEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::CommissionAccount) => {
            read::<crate::commission_account::CommissionAccountEvent>(aggregate, name, version, payload)
        }
        Some(AggregateType::Payment) => read::<crate::payment::PaymentEvent>(aggregate, name, version, payload),
        Some(AggregateType::NotificationPreferences) => {
            read::<crate::notification_preferences::NotificationPreferencesEvent>(aggregate, name, version, payload)
        }
        None => Err(CodecError::UnknownAggregate(aggregate.to_owned())),
    }
}

fn read<E: Fact + DeserializeOwned>(
    aggregate: &str,
    name: &str,
    version: &str,
    payload: &str,
) -> Result<Event, CodecError> {
    if !E::ALL.contains(&(name, version)) {
        return Err(CodecError::UnknownEvent {
            aggregate: aggregate.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        });
    }
    let undecodable =
        |reason: String| CodecError::Undecodable { aggregate: aggregate.to_owned(), name: name.to_owned(), reason };
    let event: E = serde_json::from_str(payload).map_err(|error| undecodable(error.to_string()))?;
    if event.name() != name {
        return Err(undecodable(format!("the payload holds a {}", event.name())));
    }
    Ok(event.into())
}
