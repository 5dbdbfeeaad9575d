//! What can happen in the calendar of one seller entity. Billing, dunning and scheduled orders follow from these
//! facts, so a replay does the same again.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CalendarEvent {
    /// The stream's id is the entity's.
    DayEnded { entity: String, day: NaiveDate },
    /// Follows the month's last day; `period` is like `2026-10`.
    MonthEnded { entity: String, period: String },
}

facts!(CalendarEvent in Calendar { DayEnded "1.0", MonthEnded "1.0" });
