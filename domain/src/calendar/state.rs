//! How far the calendar of one seller entity has come, folded from its events.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::CalendarEvent;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CalendarState {
    /// The last day that has ended; `None` before the first.
    pub last_day: Option<NaiveDate>,
    /// The last month that has ended, like `2026-10`.
    pub last_period: Option<String>,
}

impl CalendarState {
    /// The day that ends next; `first` where none has ended yet.
    pub fn next_day(&self, first: NaiveDate) -> NaiveDate {
        self.last_day.map_or(first, |last| last.succ_opt().unwrap_or(NaiveDate::MAX))
    }

    pub(super) fn evolve(&mut self, event: &CalendarEvent) {
        match event {
            CalendarEvent::DayEnded { day, .. } => self.last_day = Some(*day),
            CalendarEvent::MonthEnded { period, .. } => self.last_period = Some(period.clone()),
        }
    }
}
