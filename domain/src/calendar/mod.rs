//! The calendar: facts about days that have ended, and the arithmetic of terms and billing cycles.

mod arithmetic;
mod event;

pub use arithmetic::{add_months, cycles, days, term_end};
pub use event::CalendarEvent;
