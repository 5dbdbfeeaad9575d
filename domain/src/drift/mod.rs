//! Drift: a difference between what the provider shows and what we hold, kept as a fact.

mod command;
mod decide;
mod event;
mod state;

pub use command::{DetectDrift, DriftCommand, DriftNote};
pub use event::{DriftEvent, DriftField, DriftResolution};
pub use state::{Drift, DriftState};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a difference.
#[derive(Debug, Clone, Copy)]
pub struct DriftRules;

impl Decider for DriftRules {
    const TYPE: AggregateType = AggregateType::Drift;
    type State = DriftState;
    type Command = DriftCommand;
    type Event = DriftEvent;

    fn decide(state: &DriftState, asked: &Asked<'_, DriftCommand>) -> Result<Decided<DriftEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut DriftState, event: &DriftEvent) {
        state.evolve(event);
    }
}
