//! The billing period: a calendar month.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::dates::add_months;

/// A calendar month, written like `2026-10`. Years have four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first: NaiveDate,
}

impl Period {
    /// The month a day lies in.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// `None` unless it is four digits, a hyphen and two digits that name a month of the years 1 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let year = year.parse().ok().filter(|year| *year > 0)?;
        NaiveDate::from_ymd_opt(year, month.parse().ok()?, 1).map(|first| Self { first })
    }

    pub const fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The tax point of a period's invoice.
    pub fn last_day(self) -> NaiveDate {
        self.end().checked_sub_days(Days::new(1)).unwrap_or(self.first)
    }

    /// The first day after it: the book date of its invoices.
    pub fn end(self) -> NaiveDate {
        add_months(self.first, 1)
    }

    pub fn next(self) -> Self {
        Self { first: self.end() }
    }

    pub fn contains(self, day: NaiveDate) -> bool {
        self.first <= day && day < self.end()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// Why a text is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is written like 2026-10")]
pub struct NotAPeriod;

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        Self::parse(text).ok_or(NotAPeriod)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_has_a_first_day_a_last_and_one_after() {
        let february = Period::parse("2028-02").unwrap();
        assert_eq!((february.first_day(), february.last_day()), (day("2028-02-01"), day("2028-02-29")));
        assert_eq!((february.end(), february.next().to_string()), (day("2028-03-01"), "2028-03".to_owned()));
        assert!(february.contains(day("2028-02-29")) && !february.contains(day("2028-03-01")));
        assert_eq!(Period::of(day("2026-12-31")).next().to_string(), "2027-01");
    }

    #[test]
    fn only_what_is_written_like_one_is_one() {
        for text in ["2026-13", "2026-00", "2026-1", "26-10", "2026/10", "2026-10-01", "+026-10", "0000-01", ""] {
            assert_eq!(Period::parse(text), None, "{text:?}");
        }
        let period: Period = serde_json::from_str("\"2026-10\"").unwrap();
        assert_eq!(serde_json::to_string(&period).unwrap(), "\"2026-10\"");
        assert!(serde_json::from_str::<Period>("\"October\"").is_err());
    }
}
