//! Billing runs: a month's charges become documents, one per billed party and currency.

mod command;
mod decide;
mod event;
mod state;

pub use command::{BillingRunCommand, DiscrepancyNote};
pub use event::{BillingDiscrepancy, BillingRunEvent, StartedRun};
pub use state::{BillingRun, BillingRunState, Discrepancy, PARKED_NAMED, ParkedAccount, RunStatus, RunSummary};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a billing run.
#[derive(Debug, Clone, Copy)]
pub struct BillingRunRules;

impl Decider for BillingRunRules {
    const TYPE: AggregateType = AggregateType::BillingRun;
    type State = BillingRunState;
    type Command = BillingRunCommand;
    type Event = BillingRunEvent;

    fn decide(
        state: &BillingRunState,
        asked: &Asked<'_, BillingRunCommand>,
    ) -> Result<Decided<BillingRunEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut BillingRunState, event: &BillingRunEvent) {
        state.evolve(event);
    }
}

/// What an operator decides about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscrepancyResolution {
    /// Ours holds, and is billed.
    Accept,
    /// The provider is asked to correct its bill; nothing more is billed.
    Dispute,
    /// The customer is charged, or given, what the provider asks or gives.
    PassOn,
}

impl DiscrepancyResolution {
    /// As the state of a discrepancy.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Dispute => "disputed",
            Self::PassOn => "passed_on",
        }
    }
}

/// What a run came to for one billed party: how many documents of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledParty {
    pub customer_id: Uuid,
    pub issued: u32,
    pub drafts: u32,
    pub credit_notes: u32,
    /// Currencies in which the period had been invoiced before.
    pub skipped: u32,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Lines of the provider's.
    pub imported: u32,
    /// Invoices.
    pub issued: u32,
    pub drafts: u32,
    pub credit_notes: u32,
    /// Invoices that were there already.
    pub skipped: u32,
}

impl RunCounts {
    fn add(&mut self, party: &BilledParty) {
        self.issued = self.issued.saturating_add(party.issued);
        self.drafts = self.drafts.saturating_add(party.drafts);
        self.credit_notes = self.credit_notes.saturating_add(party.credit_notes);
        self.skipped = self.skipped.saturating_add(party.skipped);
    }
}
