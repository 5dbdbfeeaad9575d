//! Terms, cycles and periods. Written apart from the product's own arithmetic, so that one can catch the other out.

use std::ops::Range;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

/// Months in one of the durations the catalogue uses.
pub fn months(duration: &str) -> Option<u32> {
    match duration {
        "P1M" => Some(1),
        "P1Y" => Some(12),
        "P3Y" => Some(36),
        _ => None,
    }
}

/// `n` months after `day`, clamped to the month's end.
pub fn after(day: NaiveDate, n: u32) -> NaiveDate {
    day.checked_add_months(Months::new(n)).unwrap_or(NaiveDate::MAX)
}

/// The whole cycle that holds `day`, counted from the first day of the term and never cut.
pub fn cycle(starts_on: NaiveDate, cycle_months: u32, day: NaiveDate) -> Range<NaiveDate> {
    let elapsed = months_since_year_zero(day) - months_since_year_zero(starts_on);
    let mut n = u32::try_from(elapsed).unwrap_or(0) / cycle_months;
    // In its month the boundary may still lie ahead of the day.
    if n > 0 && after(starts_on, n * cycle_months) > day {
        n -= 1;
    }
    after(starts_on, n * cycle_months)..after(starts_on, (n + 1) * cycle_months)
}

pub fn days(range: &Range<NaiveDate>) -> i64 {
    range.end.signed_duration_since(range.start).num_days()
}

pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// `2026-10` for any day of that month.
pub fn period(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The first day of `2026-10`.
pub fn first_day(period: &str) -> Option<NaiveDate> {
    let shaped = period.len() == 7 && period.is_ascii();
    shaped.then(|| format!("{period}-01").parse().ok()).flatten()
}

fn months_since_year_zero(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_cycle_keeps_the_day_it_started_on() {
        let cases = [
            ("2026-01-31", 1, "2026-01-31", "2026-01-31", "2026-02-28"),
            ("2026-01-31", 1, "2026-02-27", "2026-01-31", "2026-02-28"),
            ("2026-01-31", 1, "2026-02-28", "2026-02-28", "2026-03-31"),
            ("2026-01-31", 1, "2026-03-31", "2026-03-31", "2026-04-30"),
            ("2026-10-15", 12, "2027-10-14", "2026-10-15", "2027-10-15"),
            ("2026-10-15", 12, "2027-10-15", "2027-10-15", "2028-10-15"),
        ];
        for (start, every, on, from, to) in cases {
            assert_eq!(cycle(day(start), every, day(on)), day(from)..day(to), "{start} {on}");
        }
    }

    #[test]
    fn periods_are_months() {
        assert_eq!(first_day("2026-10"), Some(day("2026-10-01")));
        for wrong in ["2026-13", "2026-1", "202610", "2026-10-01", "", "2026-1ü"] {
            assert_eq!(first_day(wrong), None, "{wrong}");
        }
    }
}
