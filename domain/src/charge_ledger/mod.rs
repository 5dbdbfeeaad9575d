//! The charge ledger of one account: which lines of the provider's bill were imported, which charges are on which
//! document, and what was settled about differences. It is what keeps a charge from being billed twice, whatever runs,
//! retries or races do.

mod command;
mod decide;
mod event;
mod state;

pub use command::ChargeLedgerCommand;
pub use event::ChargeLedgerEvent;
pub use state::{ChargeLedgerState, NotedDiscrepancy, PassedOn};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of an account's charge ledger; its stream has the account's id.
#[derive(Debug, Clone, Copy)]
pub struct ChargeLedgerRules;

impl Decider for ChargeLedgerRules {
    const TYPE: AggregateType = AggregateType::ChargeLedger;
    type State = ChargeLedgerState;
    type Command = ChargeLedgerCommand;
    type Event = ChargeLedgerEvent;

    fn decide(
        state: &ChargeLedgerState,
        asked: &Asked<'_, ChargeLedgerCommand>,
    ) -> Result<Decided<ChargeLedgerEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut ChargeLedgerState, event: &ChargeLedgerEvent) {
        state.evolve(event);
    }
}
