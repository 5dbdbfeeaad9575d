//! The provider's words into ours. Total: whatever the provider sends becomes one of our words or a
//! [`Failure`](crate::outcome::Failure).

mod account;
mod billing;
mod catalogue;
mod check;
mod operation;
mod order;
mod refusal;
mod subscription;

pub(crate) use account::account;
pub(crate) use billing::bill_line;
pub(crate) use catalogue::catalogue_item;
pub(crate) use check::{decode, is_id};
pub(crate) use operation::{accepted, operation};
pub(crate) use order::{accepted_order, order};
pub(crate) use refusal::refusal;
pub use refusal::{CANCELLED_BY_PROVIDER, REJECTED_BY_PROVIDER};
pub(crate) use subscription::subscription;

use chrono::NaiveDate;
use domain::billing::ProviderLine;
use domain::subscription::ProvisionedSeat;
use uuid::Uuid;

/// An account at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAccount {
    /// The provider's id of it.
    pub id: String,
}

/// An order at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOrder {
    /// The provider's id of it.
    pub id: String,
    /// Our order's id; `None` when the provider does not say, or it is none of ours.
    pub external_ref: Option<Uuid>,
    pub status: ProviderOrderStatus,
    pub lines: Vec<ProviderOrderLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOrderStatus {
    Accepted,
    Completed,
    /// Final: some lines were provisioned.
    Partial,
    Rejected,
    Cancelled,
}

impl ProviderOrderStatus {
    /// The provider will change nothing about it any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Accepted)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOrderLine {
    /// Our line's number, counted from 1.
    pub line: u32,
    pub status: ProviderLineStatus,
}

/// Reasons are slugs of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderLineStatus {
    Pending,
    Provisioned { subscription_id: String },
    Rejected { reason: String },
    Cancelled { reason: String },
}

/// A change that the provider has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOperation {
    /// The provider's id of it.
    pub id: String,
    /// The provider's id of the subscription.
    pub subscription_id: String,
    pub status: ProviderOperationStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderOperationStatus {
    Running,
    Succeeded {
        /// The day from which it holds.
        effective_on: NaiveDate,
    },
    /// `reason` is a slug of ours.
    Failed {
        reason: String,
    },
}

/// A subscription as the provider has it.
#[derive(Debug, Clone)]
pub struct ProviderSubscription {
    pub id: String,
    /// The provider's id of the account.
    pub account_id: String,
    pub sku: String,
    /// Seats.
    pub quantity: u32,
    pub status: ProviderSubscriptionStatus,
    /// Half-open: `ends_on` is the first day after the term.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    /// Only ever grows.
    pub revision: i64,
    /// The day from which the newest change holds.
    pub changed_on: NaiveDate,
    /// In the provider's order.
    pub seats: Vec<ProvisionedSeat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderSubscriptionStatus {
    Active,
    Suspended,
    Cancelled,
    Expired,
}

/// The provider's bill of one account and month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderBill {
    /// Nothing more is to come, as far as the provider knows.
    pub closed: bool,
    /// Each once, in the provider's order.
    pub lines: Vec<ProviderLine>,
}
