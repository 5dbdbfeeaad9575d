//! What surrounds an event: which stream, who, why.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Every kind of stream there is. The name is stored and appears in audit paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AggregateType {
    Customer,
    Account,
    Service,
    PriceRule,
    Order,
    Subscription,
    Drift,
    Calendar,
    ExchangeRates,
    Invoice,
    CreditNote,
    Balance,
    NumberSeries,
    ChargeLedger,
    BillingRun,
    CommissionAccount,
    Payment,
    NotificationPreferences,
}

impl AggregateType {
    pub const ALL: [Self; 18] = [
        Self::Customer,
        Self::Account,
        Self::Service,
        Self::PriceRule,
        Self::Order,
        Self::Subscription,
        Self::Drift,
        Self::Calendar,
        Self::ExchangeRates,
        Self::Invoice,
        Self::CreditNote,
        Self::Balance,
        Self::NumberSeries,
        Self::ChargeLedger,
        Self::BillingRun,
        Self::CommissionAccount,
        Self::Payment,
        Self::NotificationPreferences,
    ];

    /// Lower snake case, as stored in `aggregate_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Account => "account",
            Self::Service => "service",
            Self::PriceRule => "price_rule",
            Self::Order => "order",
            Self::Subscription => "subscription",
            Self::Drift => "drift",
            Self::Calendar => "calendar",
            Self::ExchangeRates => "exchange_rates",
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Balance => "balance",
            Self::NumberSeries => "number_series",
            Self::ChargeLedger => "charge_ledger",
            Self::BillingRun => "billing_run",
            Self::CommissionAccount => "commission_account",
            Self::Payment => "payment",
            Self::NotificationPreferences => "notification_preferences",
        }
    }

    /// The type of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

impl fmt::Display for AggregateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One aggregate's stream of events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    pub aggregate: AggregateType,
    pub id: String,
}

impl StreamId {
    pub fn new(aggregate: AggregateType, id: impl fmt::Display) -> Self {
        Self { aggregate, id: id.to_string() }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate, self.id)
    }
}

/// The roles a token may carry, and the two the product acts in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Reseller,
    Operator,
    Auditor,
    Service,
    /// The product's own processes and timers.
    System,
    /// What the provider did or said.
    Provider,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Reseller => "reseller",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Service => "service",
            Self::System => "system",
            Self::Provider => "provider",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The token's subject, or the name of the process.
    pub subject: String,
    pub role: Role,
    /// The customer whose token it is; `None` for the seller's staff and the system.
    pub customer_id: Option<Uuid>,
}

impl Actor {
    /// The product itself, acting as one of its processes.
    pub fn system(process: &str) -> Self {
        Self { subject: process.to_owned(), role: Role::System, customer_id: None }
    }
}

/// Who did it, when and because of what: a flat map of strings, absent rather than null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub actor: String,
    pub role: String,
    /// The customer for whom a reseller or an operator acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// Business time of the command.
    pub at: DateTime<Utc>,
    pub correlation_id: String,
    pub causation_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}
