//! What can happen to a billing run.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BilledParty, DiscrepancyResolution, RunCounts};
use crate::billing::matching::DiscrepancyKind;
use crate::billing::{Charge, ChargeKind, Period, ProviderLine};
use crate::decider::facts;
use crate::{Money, PersonalRef};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BillingRunEvent {
    BillingRunStarted(Box<StartedRun>),
    /// New lines of the provider's bill of one account, at most 200 per event.
    ProviderChargesImported {
        account_id: Uuid,
        customer_id: Uuid,
        lines: Vec<ProviderLine>,
    },
    BillingDiscrepancyFound(Box<BillingDiscrepancy>),
    BillingDiscrepancyResolved {
        discrepancy_id: Uuid,
        resolution: DiscrepancyResolution,
        /// An operator's words, which may name people; absent when a later line of the provider's settled it.
        note: Option<PersonalRef>,
    },
    /// The provider's bill of the account cannot be had or read: its billed party waits for a retry.
    AccountParked {
        account_id: Uuid,
        /// Whose account it is; who is billed for it may be its reseller.
        customer_id: Uuid,
        /// In our words.
        reason: String,
    },
    /// These billed parties are done, at most 200 per event.
    PartiesBilled {
        parties: Vec<BilledParty>,
    },
    /// Everything is done except what is parked.
    BillingRunCompleted {
        counts: RunCounts,
    },
    /// What was parked is tried again.
    BillingRunRetried {},
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartedRun {
    pub run_id: Uuid,
    pub period: Period,
    /// Only customers of this seller entity; absent: of all.
    pub seller_entity: Option<String>,
    /// Only this billed party; absent: all of them, and commission statements with them.
    pub customer_id: Option<Uuid>,
    /// Asked for by somebody, not by the month's end: its documents have the day it started as their book date.
    pub on_demand: bool,
    /// Business time.
    pub started_at: DateTime<Utc>,
}

/// A way in which the provider's bill and ours differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillingDiscrepancy {
    pub discrepancy_id: Uuid,
    /// Of the account.
    pub customer_id: Uuid,
    pub account_id: Uuid,
    pub subscription_id: Option<Uuid>,
    pub provider_subscription_id: String,
    pub kind: DiscrepancyKind,
    pub charge: ChargeKind,
    pub from: NaiveDate,
    /// Our charges, at most 200, and what the provider is expected to ask for them.
    pub charges: Vec<Charge>,
    pub ours: Option<Money>,
    /// The provider's lines, at most 200, and what it asks.
    pub lines: Vec<ProviderLine>,
    pub theirs: Option<Money>,
    /// The draft that waits until it is resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<Uuid>,
}

facts!(BillingRunEvent in BillingRun {
    BillingRunStarted "1.0", ProviderChargesImported "1.0", BillingDiscrepancyFound "1.0",
    BillingDiscrepancyResolved "1.0", AccountParked "1.0", PartiesBilled "1.0", BillingRunCompleted "1.0",
    BillingRunRetried "1.0"
});
