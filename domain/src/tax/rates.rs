//! Standard rates of value added tax, by country and day.

use std::str::FromStr;
use std::sync::LazyLock;

use chrono::NaiveDate;
use rust_decimal::Decimal;

static RATES: LazyLock<Vec<Rate>> = LazyLock::new(|| read(include_str!("../tax_rates.csv")));

/// A country's standard rate from a day on, until its next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub valid_from: NaiveDate,
    pub percent: Decimal,
}

/// All rates on file: those of the European Union's states, by country, oldest first.
pub fn rates() -> &'static [Rate] {
    &RATES
}

/// The standard rate of a day; before the oldest on file that one holds. `None` outside the European Union.
pub fn rate_on(country: &str, on: NaiveDate) -> Option<Decimal> {
    let of_country = || rates().iter().filter(|rate| rate.country == country);
    let current = of_country().rfind(|rate| rate.valid_from <= on).or_else(|| of_country().next());
    current.map(|rate| rate.percent)
}

/// A test reads the file with the same function and counts the lines, so that none is lost here.
fn read(csv: &str) -> Vec<Rate> {
    csv.lines().skip(1).filter_map(read_line).collect()
}

fn read_line(line: &str) -> Option<Rate> {
    let mut cells = line.split(',');
    let (country, valid_from, percent) = (cells.next()?, cells.next()?, cells.next()?);
    Some(Rate {
        country: country.to_owned(),
        valid_from: NaiveDate::from_str(valid_from).ok()?,
        percent: Decimal::from_str(percent).ok()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_line_of_the_file_is_read_and_in_order() {
        assert_eq!(rates().len(), include_str!("../tax_rates.csv").lines().count() - 1);
        assert!(rates().is_sorted_by_key(|rate| (rate.country.clone(), rate.valid_from)));
        assert!(rates().iter().all(|rate| (15..=27).contains(&rate.percent.trunc().try_into().unwrap_or(0))));
        assert_eq!(rates().iter().map(|rate| &rate.country).collect::<BTreeSet<_>>().len(), 27);
    }

    #[test]
    fn a_rate_holds_from_its_day_on() {
        let percent = |country, on: &str| rate_on(country, day(on)).map(|percent| percent.to_string());
        let expected = [
            ("EE", "2025-06-30", "22"),
            ("EE", "2025-07-01", "24"),
            ("SK", "2024-12-31", "20"),
            ("SK", "2026-10-31", "23"),
            ("FI", "2026-10-31", "25.5"),
            ("RO", "2025-07-31", "19"),
            ("RO", "2025-08-01", "21"),
            ("DE", "1990-01-01", "19"),
            ("IE", "2026-10-31", "23"),
            ("LU", "2026-10-31", "17"),
        ];
        for (country, on, wanted) in expected {
            assert_eq!(percent(country, on).as_deref(), Some(wanted), "{country} {on}");
        }
        assert_eq!(percent("CH", "2026-10-31"), None);
    }
}
