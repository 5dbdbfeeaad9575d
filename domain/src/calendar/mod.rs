//! The calendar: facts about days that have ended, and the arithmetic of terms and billing cycles.

mod command;
mod decide;
mod event;
mod state;

pub use crate::dates::{add_months, cycles, days, term_end};
pub use command::CalendarCommand;
pub use event::CalendarEvent;
pub use state::CalendarState;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of one seller entity's calendar.
#[derive(Debug, Clone, Copy)]
pub struct CalendarRules;

impl Decider for CalendarRules {
    const TYPE: AggregateType = AggregateType::Calendar;
    type State = CalendarState;
    type Command = CalendarCommand;
    type Event = CalendarEvent;

    fn decide(state: &CalendarState, asked: &Asked<'_, CalendarCommand>) -> Result<Decided<CalendarEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut CalendarState, event: &CalendarEvent) {
        state.evolve(event);
    }
}
