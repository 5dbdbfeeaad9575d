//! What can happen to a subscription.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{RenewalAction, SuspendedBy};
use crate::decider::facts;
use crate::pricing::AppliedRate;
use crate::service::{BillingCycle, Term};
use crate::{Money, PersonalRef, UnitPrice};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SubscriptionEvent {
    SubscriptionStarted(Box<SubscriptionStarted>),
    /// At most 500 per event; the rest follows in the same append.
    LicencesGranted {
        licences: Vec<GrantedLicence>,
    },
    /// By ordinal, at most 500 per event; the rest follows in the same append.
    LicencesRemoved {
        ordinals: Vec<u32>,
    },

    /// Seats before and after; the provider has to confirm it.
    QuantityChangeRequested {
        change_id: Uuid,
        from: u32,
        to: u32,
        /// Business time, as in the other requests.
        requested_at: DateTime<Utc>,
    },
    /// Also for what was changed at the provider without our asking; nothing was requested under that id then.
    QuantityChangeConfirmed {
        change_id: Uuid,
        from: u32,
        to: u32,
        /// The provider's day; it belongs to the new state.
        effective_on: NaiveDate,
        /// When the provider confirmed it; the window of an increase counts from here.
        confirmed_at: DateTime<Utc>,
        provider_revision: i64,
    },
    /// `reason` in our words, as in the other rejections.
    QuantityChangeRejected {
        change_id: Uuid,
        reason: String,
    },

    /// The end before the term's end.
    CancellationRequested {
        change_id: Uuid,
        requested_at: DateTime<Utc>,
    },
    CancellationConfirmed {
        change_id: Uuid,
        effective_on: NaiveDate,
        provider_revision: i64,
    },
    CancellationRejected {
        change_id: Uuid,
        reason: String,
    },

    /// The term's end before and after.
    ExtensionRequested {
        change_id: Uuid,
        from: NaiveDate,
        to: NaiveDate,
        requested_at: DateTime<Utc>,
    },
    ExtensionConfirmed {
        change_id: Uuid,
        from: NaiveDate,
        to: NaiveDate,
        effective_on: NaiveDate,
        provider_revision: i64,
    },
    ExtensionRejected {
        change_id: Uuid,
        reason: String,
    },

    SuspensionRequested {
        change_id: Uuid,
        by: SuspendedBy,
        requested_at: DateTime<Utc>,
    },
    SuspensionConfirmed {
        change_id: Uuid,
        by: SuspendedBy,
        effective_on: NaiveDate,
        provider_revision: i64,
    },
    SuspensionRejected {
        change_id: Uuid,
        reason: String,
    },

    ResumptionRequested {
        change_id: Uuid,
        requested_at: DateTime<Utc>,
    },
    ResumptionConfirmed {
        change_id: Uuid,
        effective_on: NaiveDate,
        provider_revision: i64,
    },
    ResumptionRejected {
        change_id: Uuid,
        reason: String,
    },

    /// What is to happen at the end of the term; the provider does not know it yet.
    RenewalInstructionSet {
        action: RenewalAction,
        /// Seats from the renewal on; `None` follows the quantity of that day.
        quantity: Option<u32>,
    },
    RenewalInstructionConfirmed {
        provider_revision: i64,
    },
    SubscriptionRenewed(Box<SubscriptionRenewed>),
    /// At the end of its term.
    SubscriptionExpired {
        effective_on: NaiveDate,
        provider_revision: i64,
    },

    LicenceAssigned {
        licence_id: Uuid,
        ordinal: u32,
        user: PersonalRef,
        /// Business time.
        assigned_at: DateTime<Utc>,
    },
    LicenceUnassigned {
        licence_id: Uuid,
        ordinal: u32,
    },
}

/// A new term, with prices and the service's conditions fixed anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionRenewed {
    /// Seats from the first day of the new term on.
    pub quantity: u32,
    pub unit_price: UnitPrice,
    pub reseller_unit_price: Option<UnitPrice>,
    /// Whose price the last one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller_id: Option<Uuid>,
    /// What the provider asks per seat and cycle.
    pub unit_cost: Money,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    /// Hours after the first day's start in which it may be cancelled; `None` is always.
    pub cancellation_window_hours: Option<u32>,
    /// Seats the service allows, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// Half-open: `ends_on` is the first day after the new term.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub provider_revision: i64,
    /// The billed party's discount applies; not written while it does, as nearly always.
    #[serde(default = "applies", skip_serializing_if = "is_so")]
    pub discountable: bool,
    /// The rate the prices were made with; absent when no other currency was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_rate: Option<AppliedRate>,
}

const fn applies() -> bool {
    true
}

fn is_so(flag: &bool) -> bool {
    *flag
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
    /// The billed party's discount applies; not written while it does, as nearly always.
    #[serde(default = "applies", skip_serializing_if = "is_so")]
    pub discountable: bool,
    /// The rate the prices were made with; absent when no other currency was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_rate: Option<AppliedRate>,
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

facts!(SubscriptionEvent in Subscription {
    SubscriptionStarted "1.0", LicencesGranted "1.0", LicencesRemoved "1.0",
    QuantityChangeRequested "1.0", QuantityChangeConfirmed "1.0", QuantityChangeRejected "1.0",
    CancellationRequested "1.0", CancellationConfirmed "1.0", CancellationRejected "1.0",
    ExtensionRequested "1.0", ExtensionConfirmed "1.0", ExtensionRejected "1.0",
    SuspensionRequested "1.0", SuspensionConfirmed "1.0", SuspensionRejected "1.0",
    ResumptionRequested "1.0", ResumptionConfirmed "1.0", ResumptionRejected "1.0",
    RenewalInstructionSet "1.0", RenewalInstructionConfirmed "1.0", SubscriptionRenewed "1.0",
    SubscriptionExpired "1.0", LicenceAssigned "1.0", LicenceUnassigned "1.0"
});
