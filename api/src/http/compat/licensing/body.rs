//! What older clients send and read.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use domain::order::{LineStatus, PlacedLine};
use domain::subscription::{SubscriptionCore, SubscriptionStatus};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An id with a name, as inventory and accounts are listed.
#[derive(Debug, Serialize)]
pub struct Named {
    pub id: Uuid,
    pub name: String,
}

/// A subscription, or what will become one.
#[derive(Debug, Serialize)]
pub struct SubscriptionItem {
    pub id: Uuid,
    pub name: String,
    /// `Created`, `Processing`, `Active`, `Error` or `Cancelled`.
    pub status: &'static str,
    /// The moment after its term, without a zone; the first of all moments until it has a term.
    pub expires: NaiveDateTime,
}

impl SubscriptionItem {
    pub fn started(core: &SubscriptionCore) -> Self {
        let status = match core.status {
            SubscriptionStatus::Cancelled | SubscriptionStatus::Expired => "Cancelled",
            SubscriptionStatus::Active | SubscriptionStatus::Suspended if core.change.is_some() => "Processing",
            SubscriptionStatus::Active | SubscriptionStatus::Suspended => "Active",
        };
        let expires = core.ends_on.and_time(NaiveTime::MIN);
        Self { id: core.started.subscription_id, name: core.started.service_name.clone(), status, expires }
    }

    pub fn ordered(id: Uuid, placed: &PlacedLine) -> Self {
        let status = match placed.status {
            // Provisioned, but not yet to be seen.
            LineStatus::Open | LineStatus::Provisioned => "Created",
            LineStatus::Rejected => "Error",
            LineStatus::Cancelled => "Cancelled",
        };
        let expires = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN);
        Self { id, name: placed.line.service_name.clone(), status, expires }
    }
}

/// One seat's licence; `value` is its key.
#[derive(Debug, Serialize)]
pub struct LicenceItem {
    pub id: Uuid,
    pub value: Option<String>,
}

/// `{id}`, as a purchase is answered.
#[derive(Debug, Serialize)]
pub struct Made {
    pub id: Uuid,
}

#[derive(Debug, Deserialize)]
pub struct Purchase {
    /// Of the inventory.
    pub id: Uuid,
    pub quantity: i64,
}

#[derive(Debug, Deserialize)]
pub struct NewQuantity {
    pub quantity: i64,
}

#[derive(Debug, Deserialize)]
pub struct NewExpiration {
    pub expires: String,
}

/// Seats, if they can be: above 0, and no more than anybody could order.
pub fn seats(quantity: i64) -> Option<u32> {
    u32::try_from(quantity).ok().filter(|seats| (1..=domain::order::MAX_QUANTITY).contains(seats))
}

/// A moment as older clients write it: with a zone, without one, or as a day.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.with_timezone(&Utc));
    let local = || text.parse::<NaiveDateTime>().ok().map(|moment| moment.and_utc());
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    zoned.or_else(local).or_else(day)
}

/// The first day after a term that covers that moment.
pub fn end_covering(moment: DateTime<Utc>) -> Option<NaiveDate> {
    let day = moment.date_naive();
    if moment.time() == NaiveTime::MIN { Some(day) } else { day.succ_opt() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn moments_are_read_as_they_used_to_be_written() {
        let end = |text: &str| end_covering(moment(text).unwrap()).unwrap().to_string();
        assert_eq!(end("2027-01-31"), "2027-01-31");
        assert_eq!(end("2027-01-31T00:00:00"), "2027-01-31");
        assert_eq!(end("2027-01-31T00:00:00Z"), "2027-01-31");
        assert_eq!(end("2027-01-31T12:30:00.123"), "2027-02-01");
        assert_eq!(end("2027-01-31T22:30:00-01:00"), "2027-02-01");
        for bad in ["", "soon", "2027-02-30", "31.01.2027", "2027-01-31 12:00"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn seats_are_positive() {
        let read = [i64::MIN, -1, 0, 1, 100_000, 100_001, i64::MAX].map(seats);
        assert_eq!(read, [None, None, None, Some(1), Some(100_000), None, None]);
    }

    #[test]
    fn what_has_no_term_yet_expires_at_the_beginning_of_time() {
        let shown = serde_json::to_value(NaiveDate::from_ymd_opt(1, 1, 1).unwrap().and_time(NaiveTime::MIN)).unwrap();
        assert_eq!(shown, "0001-01-01T00:00:00");
    }
}
