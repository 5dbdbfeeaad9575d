//! What can be asked of a difference.

use uuid::Uuid;

use super::{DriftField, DriftResolution};

#[derive(Debug, Clone)]
pub enum DriftCommand {
    Detect(Box<DetectDrift>),
    Resolve {
        resolution: DriftResolution,
        /// Where a subscription that we did not know is to belong; with its adoption only.
        account_id: Option<Uuid>,
        /// An operator's words; `None` when it resolved itself.
        note: Option<DriftNote>,
    },
}

/// A difference as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectDrift {
    pub drift_id: Uuid,
    pub provider_account_id: Option<String>,
    pub provider_subscription_id: String,
    /// Ours, when we have one.
    pub subscription_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    pub field: DriftField,
    /// As people write them; absent where that side has nothing.
    pub ours: Option<String>,
    pub theirs: Option<String>,
    /// The provider's revision of what was read; 0 when it showed nothing.
    pub revision: i64,
}

/// Why an operator resolved it as it did. It may name people, so it is never part of an event.
#[derive(Clone, PartialEq, Eq)]
pub struct DriftNote {
    pub text: String,
}

impl std::fmt::Debug for DriftNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DriftNote").finish_non_exhaustive()
    }
}
