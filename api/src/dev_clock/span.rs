//! How far the clock is to move, and where it stops on the way.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use commands::seller::Seller;

/// Days one move may span at most: ten years, so that a slip of the keyboard ends.
pub const MAX_DAYS: i64 = 3_660;

/// Months, then days, then hours; months keep the day of the month where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    months: u32,
    days: u32,
    hours: u32,
}

impl Span {
    /// Reads an ISO 8601 duration of months, days and hours: `P1M`, `P10D`, `PT36H`, `P1M2DT3H`. `None` for anything
    /// else, among it what is longer than ten years.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('P')?;
        let (date, time) = match rest.split_once('T') {
            // A T announces hours.
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        let (months, date) = leading(date, 'M')?;
        let (days, date) = leading(date, 'D')?;
        let (hours, time) = leading(time, 'H')?;
        let something = months.or(days).or(hours).is_some();
        let span = Self { months: months.unwrap_or(0), days: days.unwrap_or(0), hours: hours.unwrap_or(0) };
        (something && date.is_empty() && time.is_empty() && span.is_bounded()).then_some(span)
    }

    fn is_bounded(self) -> bool {
        let days = i64::from(self.months) * 31 + i64::from(self.days) + i64::from(self.hours) / 24;
        days <= MAX_DAYS + 62
    }

    /// That much after `from`; `None` beyond ten years or the end of the calendar.
    pub fn after(self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let day = from.checked_add_months(Months::new(self.months))?.checked_add_days(Days::new(self.days.into()))?;
        let until = day.checked_add_signed(TimeDelta::try_hours(self.hours.into())?)?;
        (until.signed_duration_since(from).num_days() <= MAX_DAYS).then_some(until)
    }
}

/// A number followed by its unit at the beginning, if there is one, and what is left. `None` when a number has no unit.
fn leading(text: &str, unit: char) -> Option<(Option<u32>, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    match rest.strip_prefix(unit) {
        Some(rest) if (1..=6).contains(&digits) => Some((Some(number.parse().ok()?), rest)),
        Some(_) => None,
        None => Some((None, text)),
    }
}

/// Where the clock stops between two moments: at every midnight, of the provider (UTC) and of each seller entity, and
/// at the end.
pub fn stops(from: DateTime<Utc>, until: DateTime<Utc>, seller: &Seller) -> BTreeSet<DateTime<Utc>> {
    let mut stops = BTreeSet::from([until]);
    let mut day = from.date_naive().checked_sub_days(Days::new(1));
    while let Some(ends) = day.filter(|day| *day <= until.date_naive()) {
        let next = ends.checked_add_days(Days::new(1));
        let utc = next.map(|next| next.and_time(chrono::NaiveTime::MIN).and_utc());
        let midnights = seller.entities().map(|entity| entity.end_of(ends)).chain(utc);
        stops.extend(midnights.filter(|midnight| (from..until).contains(midnight) && *midnight > from));
        day = next;
    }
    stops
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn after(span: &str, from: &str) -> DateTime<Utc> {
        Span::parse(span).unwrap().after(at(from)).unwrap()
    }

    fn seller(zones: &[&str]) -> Seller {
        let entity = |zone: &&str| {
            serde_json::from_value(serde_json::json!({
                "id": zone, "legal_name": "E", "country": "DE", "vat_id": "DE1", "address": [], "time_zone": zone,
            }))
        };
        Seller::new(zones.iter().map(entity).collect::<Result<_, _>>().unwrap()).unwrap()
    }

    #[test]
    fn months_days_and_hours_are_added_in_this_order() {
        assert_eq!(after("P1M", "2027-01-31T09:30:00Z"), at("2027-02-28T09:30:00Z"));
        assert_eq!(after("P12M", "2026-10-03T09:30:00Z"), at("2027-10-03T09:30:00Z"));
        assert_eq!(after("P1M1D", "2027-01-31T00:00:00Z"), at("2027-03-01T00:00:00Z"));
        assert_eq!(after("PT36H", "2026-12-31T23:00:00Z"), at("2027-01-02T11:00:00Z"));
        assert_eq!(after("P1M2DT3H", "2026-10-03T09:30:00Z"), at("2026-11-05T12:30:00Z"));
        assert_eq!(after("P0D", "2026-10-03T09:30:00Z"), at("2026-10-03T09:30:00Z"));
    }

    #[test]
    fn nothing_else_is_a_span() {
        let bad = [
            "",
            "P",
            "PT",
            "P1",
            "1M",
            "P1MT",
            "P-1M",
            "-P1M",
            "P+1D",
            "P1.5D",
            "P1D1M",
            "PT1M",
            "PT1S",
            "P1H",
            "P1Y",
            "P1W",
            "p1m",
            " P1M",
            "P1M ",
            "P1M1M",
            "P٣D",
            "P9999999D",
            "P999999D",
            "P999M",
            "PT999999H",
        ];
        for text in bad {
            assert_eq!(Span::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ten_years_are_the_most() {
        let reached = |text: &str| Span::parse(text).and_then(|span| span.after(at("2026-10-03T00:00:00Z")));
        assert_eq!(reached("P120M"), Some(at("2036-10-03T00:00:00Z")));
        assert_eq!((reached("P121M"), reached("P10000D")), (None, None));
    }

    #[test]
    fn every_midnight_on_the_way_is_a_stop() {
        let (from, until) = (at("2026-10-03T09:30:00Z"), at("2026-10-05T09:30:00Z"));
        let expected = [at("2026-10-04T00:00:00Z"), at("2026-10-05T00:00:00Z"), until];
        assert_eq!(stops(from, until, &seller(&["UTC"])).into_iter().collect::<Vec<_>>(), expected);
        let within = stops(from, at("2026-10-03T10:00:00Z"), &seller(&["UTC"]));
        assert_eq!(within.into_iter().collect::<Vec<_>>(), [at("2026-10-03T10:00:00Z")]);
        let midnight = at("2026-10-04T00:00:00Z");
        let from_midnight = stops(midnight, at("2026-10-05T00:00:00Z"), &seller(&["UTC"]));
        assert_eq!(from_midnight.into_iter().collect::<Vec<_>>(), [at("2026-10-05T00:00:00Z")]);
    }

    #[test]
    fn an_entity_of_another_zone_has_its_own_midnights() {
        let (from, until) = (at("2026-10-03T21:30:00Z"), at("2026-10-04T23:30:00Z"));
        let all: Vec<_> = stops(from, until, &seller(&["Europe/Berlin", "Pacific/Auckland"])).into_iter().collect();
        let expected = [
            "2026-10-03T22:00:00Z",
            "2026-10-04T00:00:00Z",
            "2026-10-04T11:00:00Z",
            "2026-10-04T22:00:00Z",
            "2026-10-04T23:30:00Z",
        ];
        assert_eq!(all, expected.map(at));
    }
}
