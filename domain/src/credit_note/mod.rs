//! Credit notes: what is given back, on an invoice or instead of one.

mod command;
mod decide;
mod event;
mod state;

pub use command::{CreditNoteCommand, CreditReason};
pub use event::{CorrectedInvoice, CreditNoteEvent, CreditNoteLine, IssuedCreditNote};
pub use state::{CreditNote, CreditNoteState, Settlement};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a credit note.
#[derive(Debug, Clone, Copy)]
pub struct CreditNoteRules;

impl Decider for CreditNoteRules {
    const TYPE: AggregateType = AggregateType::CreditNote;
    type State = CreditNoteState;
    type Command = CreditNoteCommand;
    type Event = CreditNoteEvent;

    fn decide(
        state: &CreditNoteState,
        asked: &Asked<'_, CreditNoteCommand>,
    ) -> Result<Decided<CreditNoteEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut CreditNoteState, event: &CreditNoteEvent) {
        state.evolve(event);
    }
}

/// What becomes of the part of a credit note that was paid already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    /// It goes to the customer's balance.
    Balance,
    /// It goes back the way it came.
    Refund,
}

impl Settle {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Refund => "refund",
        }
    }
}
