//! Which days end, and which months with them.

use chrono::{Datelike, NaiveDate};

use super::{CalendarCommand, CalendarEvent, CalendarState};
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &CalendarState,
    asked: &Asked<'_, CalendarCommand>,
) -> Result<Decided<CalendarEvent>, Refusal> {
    let CalendarCommand::EndDay { entity, day } = asked.command;
    match state.last_day {
        Some(last) if *day <= last => Ok(Decided::nothing()),
        // A skipped day would be missing for ever: what follows from it would never happen.
        Some(_) if *day != state.next_day(*day) => Err(Refusal::InvalidState { state: "missing an earlier day" }),
        Some(_) | None => Ok(ended(entity, *day).into()),
    }
}

fn ended(entity: &str, day: NaiveDate) -> Vec<CalendarEvent> {
    let mut events = vec![CalendarEvent::DayEnded { entity: entity.to_owned(), day }];
    if day.succ_opt().is_some_and(|next| next.month() != day.month()) {
        events.push(CalendarEvent::MonthEnded { entity: entity.to_owned(), period: day.format("%Y-%m").to_string() });
    }
    events
}
