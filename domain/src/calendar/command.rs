//! What can be asked of the calendar of one seller entity.

use chrono::NaiveDate;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarCommand {
    /// The day is over at the entity. Asked for every day in order; the month ends with its last day.
    EndDay { entity: String, day: NaiveDate },
}
