//! Balances: what a customer has to its credit in one currency. It pays the next invoice.

mod command;
mod decide;
mod event;
mod state;

pub use command::BalanceCommand;
pub use event::{BalanceEvent, BalanceSource};
pub use state::BalanceState;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a balance.
#[derive(Debug, Clone, Copy)]
pub struct BalanceRules;

impl Decider for BalanceRules {
    const TYPE: AggregateType = AggregateType::Balance;
    type State = BalanceState;
    type Command = BalanceCommand;
    type Event = BalanceEvent;

    fn decide(state: &BalanceState, asked: &Asked<'_, BalanceCommand>) -> Result<Decided<BalanceEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut BalanceState, event: &BalanceEvent) {
        state.evolve(event);
    }
}
