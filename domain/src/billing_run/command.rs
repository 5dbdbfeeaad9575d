//! What can be asked of a billing run.

use uuid::Uuid;

use super::{BilledParty, BillingDiscrepancy, DiscrepancyResolution, StartedRun};
use crate::billing::ProviderLine;

#[derive(Debug, Clone)]
pub enum BillingRunCommand {
    Start(Box<StartedRun>),
    /// Lines of an account that no run has imported before.
    Import {
        account_id: Uuid,
        customer_id: Uuid,
        lines: Vec<ProviderLine>,
    },
    Find(Box<BillingDiscrepancy>),
    Resolve {
        discrepancy_id: Uuid,
        resolution: DiscrepancyResolution,
        /// `None` when it settled itself.
        note: Option<DiscrepancyNote>,
    },
    Park {
        account_id: Uuid,
        customer_id: Uuid,
        reason: String,
    },
    Bill {
        parties: Vec<BilledParty>,
    },
    Complete,
    Retry,
}

/// Why an operator resolved it as it did. It may name people, so it is never part of an event.
#[derive(Clone, PartialEq, Eq)]
pub struct DiscrepancyNote {
    pub text: String,
}

impl std::fmt::Debug for DiscrepancyNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscrepancyNote").finish_non_exhaustive()
    }
}
