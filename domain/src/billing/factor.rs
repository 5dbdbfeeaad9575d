//! The part of a cycle that is charged, as a fraction of days: a decimal would already be rounded.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::dates;

/// `days` of a cycle of `of` days, written like `15/31`. Neither is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayFactor {
    days: u32,
    of: u32,
}

impl DayFactor {
    /// All of a cycle without regard to its length.
    pub const WHOLE: Self = Self { days: 1, of: 1 };

    /// `None` where one of them is zero: there is nothing to charge then, or nothing to divide by.
    pub fn new(days: u32, of: u32) -> Option<Self> {
        (days > 0 && of > 0).then_some(Self { days, of })
    }

    /// The days of `part` in those of `cycle`; both are half-open.
    pub fn of_days(part: &Range<NaiveDate>, cycle: &Range<NaiveDate>) -> Option<Self> {
        let length = |range: &Range<NaiveDate>| u32::try_from(dates::days(range.start, range.end)).ok();
        Self::new(length(part)?, length(cycle)?)
    }

    pub const fn days(self) -> u32 {
        self.days
    }

    /// Days in the whole cycle.
    pub const fn of(self) -> u32 {
        self.of
    }
}

impl fmt::Display for DayFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.days, self.of)
    }
}

/// Why a text is no factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a factor is written like 15/31")]
pub struct NotAFactor;

impl FromStr for DayFactor {
    type Err = NotAFactor;

    fn from_str(text: &str) -> Result<Self, NotAFactor> {
        let (days, of) = text.split_once('/').ok_or(NotAFactor)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| NotAFactor);
        Self::new(number(days)?, number(of)?).ok_or(NotAFactor)
    }
}

impl Serialize for DayFactor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayFactor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn it_is_written_as_a_fraction_and_read_again() {
        let factor: DayFactor = serde_json::from_str("\"15/31\"").unwrap();
        assert_eq!((factor.days(), factor.of()), (15, 31));
        assert_eq!(serde_json::to_string(&factor).unwrap(), "\"15/31\"");
        for text in ["15", "0/31", "15/0", "-1/31", "15/31/2", ""] {
            assert_eq!(text.parse::<DayFactor>(), Err(NotAFactor), "{text:?}");
        }
    }
}
