//! What can happen to a difference.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PersonalRef;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DriftEvent {
    DriftDetected {
        drift_id: Uuid,
        provider_account_id: Option<String>,
        provider_subscription_id: String,
        /// Ours, when we have one.
        subscription_id: Option<Uuid>,
        customer_id: Option<Uuid>,
        field: DriftField,
        /// As people write them; absent where that side has nothing.
        ours: Option<String>,
        theirs: Option<String>,
        /// The provider's revision of what was read; 0 when it showed nothing.
        revision: i64,
    },
    DriftResolved {
        resolution: DriftResolution,
        /// Where a subscription that we did not know is to belong; with its adoption only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account_id: Option<Uuid>,
        /// An operator's words, which may name people.
        note: Option<PersonalRef>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftField {
    Quantity,
    EndsOn,
    Status,
    Renewal,
    /// The provider has a subscription that we do not know.
    Unknown,
    /// We have a live subscription that the provider does not show.
    Missing,
}

impl DriftField {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::EndsOn => "ends_on",
            Self::Status => "status",
            Self::Renewal => "renewal",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftResolution {
    /// Ours became theirs.
    Adopted,
    /// Theirs was made ours again.
    Corrected,
    Ignored,
}

impl DriftResolution {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Corrected => "corrected",
            Self::Ignored => "ignored",
        }
    }
}

facts!(DriftEvent in Drift { DriftDetected "1.0", DriftResolved "1.0" });
