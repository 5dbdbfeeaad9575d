//! The provider's bill in our words.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::ChargeKind;
use crate::Money;

/// What a line of the provider's bill is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderCharge {
    New,
    Cycle,
    Renew,
    Add,
    Remove,
    Cancel,
    Credit,
}

impl ProviderCharge {
    /// What we call it.
    pub const fn kind(self) -> ChargeKind {
        match self {
            Self::New => ChargeKind::New,
            Self::Cycle => ChargeKind::Cycle,
            Self::Renew => ChargeKind::Renew,
            Self::Add => ChargeKind::Increase,
            Self::Remove => ChargeKind::Decrease,
            Self::Cancel => ChargeKind::Cancel,
            Self::Credit => ChargeKind::Credit,
        }
    }
}

/// One line of the provider's bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLine {
    pub line_id: String,
    pub provider_subscription_id: String,
    pub charge: ProviderCharge,
    /// Seats; negative where they are credited.
    pub quantity: i64,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    pub amount: Money,
}
