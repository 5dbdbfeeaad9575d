//! What can happen to a subscription.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::facts;
use crate::service::{BillingCycle, Term};
use crate::{Money, PersonalRef, UnitPrice};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SubscriptionEvent {
    SubscriptionStarted(Box<SubscriptionStarted>),
    /// At most 500 per event; the rest follows in the same append.
    LicencesGranted {
        licences: Vec<GrantedLicence>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionStarted {
    pub subscription_id: Uuid,
    pub order_id: Uuid,
    /// The order's line, counted from 1.
    pub line: u32,
    pub account_id: Uuid,
    pub customer_id: Uuid,
    pub reseller_id: Option<Uuid>,
    pub service_id: Uuid,
    pub service_name: String,
    pub sku: String,
    pub provider_subscription_id: String,
    /// Seats.
    pub quantity: u32,
    /// Fixed for the term, as are the next two.
    pub unit_price: UnitPrice,
    pub reseller_unit_price: Option<UnitPrice>,
    /// What the provider asks per seat and cycle.
    pub unit_cost: Money,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    /// Half-open: `ends_on` is the first day after the term.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    /// Hours after the provider's confirmation in which it may be cancelled; `None` is always.
    pub cancellation_window_hours: Option<u32>,
    /// Seats the service allows, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// When the provider confirmed it; the cancellation window counts from here.
    pub confirmed_at: DateTime<Utc>,
    /// The provider's revision of what was read.
    pub provider_revision: i64,
}

/// One seat's licence; its key is a secret and lives beside the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantedLicence {
    pub licence_id: Uuid,
    /// Counted from 1, never reused within the subscription.
    pub ordinal: u32,
    /// The provider's name for the seat.
    pub seat_id: String,
    pub key: PersonalRef,
    pub added_on: NaiveDate,
}

facts!(SubscriptionEvent in Subscription { SubscriptionStarted "1.0", LicencesGranted "1.0" });
