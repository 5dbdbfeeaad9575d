//! Calendar arithmetic: terms and billing cycles that keep the day they were anchored on.

use std::ops::Range;

use chrono::{Months, NaiveDate};

use crate::service::Term;

/// The anchor's day of the month `n` months on, clamped to that month's end: 31 Jan + 1 is 28 or 29 Feb,
/// 31 Jan + 2 is 31 Mar. Always count from the anchor; adding to an already clamped day would lose it.
/// Beyond the last representable day it stays there.
pub fn add_months(anchor: NaiveDate, n: u32) -> NaiveDate {
    anchor.checked_add_months(Months::new(n)).unwrap_or(NaiveDate::MAX)
}

/// The billing cycles of a term as half-open ranges without gaps. The last one is cut at `ends_on` when the
/// term is no whole number of cycles. `cycle_months` counts from 1; 0 is taken as 1.
pub fn cycles(starts_on: NaiveDate, ends_on: NaiveDate, cycle_months: u32) -> impl Iterator<Item = Range<NaiveDate>> {
    let boundary = move |n: u32| add_months(starts_on, n.saturating_mul(cycle_months.max(1)));
    (0..u32::MAX).map(move |n| boundary(n)..boundary(n + 1).min(ends_on)).take_while(move |cycle| cycle.start < ends_on)
}

/// The first day after a term that starts on `starts_on`.
pub fn term_end(starts_on: NaiveDate, term: Term) -> NaiveDate {
    add_months(starts_on, term.months())
}

/// Days in the half-open range; negative when `to` lies before `from`.
pub fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use chrono::Datelike;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn any_day() -> impl Strategy<Value = NaiveDate> {
        (0..40_000i32).prop_map(|n| NaiveDate::from_num_days_from_ce_opt(720_000 + n).unwrap())
    }

    #[test]
    fn the_last_of_january_keeps_its_day() {
        let starts: Vec<NaiveDate> = cycles(day("2026-01-31"), day("2026-06-30"), 1).map(|cycle| cycle.start).collect();
        let expected = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"].map(day);
        assert_eq!(starts, expected);
    }

    #[test]
    fn a_leap_year_gives_february_its_29th() {
        assert_eq!(add_months(day("2028-01-31"), 1), day("2028-02-29"));
        assert_eq!(add_months(day("2028-02-29"), 12), day("2029-02-28"));
        assert_eq!(add_months(day("2028-02-29"), 48), day("2032-02-29"));
        assert_eq!(days(day("2028-02-01"), day("2028-03-01")), 29);
    }

    #[test]
    fn an_extended_term_ends_in_a_cut_cycle() {
        let all: Vec<_> = cycles(day("2026-10-03"), day("2026-11-20"), 1).collect();
        assert_eq!(all, [day("2026-10-03")..day("2026-11-03"), day("2026-11-03")..day("2026-11-20")]);
    }

    #[test]
    fn an_empty_term_has_no_cycle_and_the_last_day_is_no_trap() {
        assert_eq!(cycles(day("2026-10-03"), day("2026-10-03"), 1).count(), 0);
        assert_eq!(add_months(day("2026-10-03"), u32::MAX), NaiveDate::MAX);
        assert_eq!(cycles(day("2026-10-03"), day("2026-12-03"), 0).count(), 2);
    }

    #[test]
    fn terms_end_on_their_anchor() {
        assert_eq!(term_end(day("2026-10-15"), Term::Month), day("2026-11-15"));
        assert_eq!(term_end(day("2026-10-15"), Term::Year), day("2027-10-15"));
        assert_eq!(term_end(day("2028-02-29"), Term::ThreeYears), day("2031-02-28"));
    }

    proptest! {
        #[test]
        fn a_month_later_is_the_same_day_or_that_months_last(anchor in any_day(), n in 0u32..600) {
            let later = add_months(anchor, n);
            let months = |d: NaiveDate| d.year() * 12 + i32::try_from(d.month0()).unwrap();
            prop_assert_eq!(months(later) - months(anchor), i32::try_from(n).unwrap());
            let is_last = later.succ_opt().unwrap().day() == 1;
            prop_assert!(later.day() == anchor.day() || (later.day() < anchor.day() && is_last));
        }

        #[test]
        fn cycles_tile_the_term(start in any_day(), length in 1i64..1_200, every in prop::sample::select(vec![1u32, 12])) {
            let end = start + chrono::Days::new(length.unsigned_abs());
            let all: Vec<_> = cycles(start, end, every).collect();
            prop_assert_eq!(all[0].start, start);
            prop_assert_eq!(all[all.len() - 1].end, end);
            prop_assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(all.iter().all(|cycle| cycle.start < cycle.end));
            prop_assert_eq!(all.iter().map(|cycle| days(cycle.start, cycle.end)).sum::<i64>(), length);
        }

        #[test]
        fn a_term_holds_a_whole_number_of_monthly_cycles(start in any_day(), term in prop::sample::select(vec![Term::Month, Term::Year, Term::ThreeYears])) {
            let all: Vec<_> = cycles(start, term_end(start, term), 1).collect();
            prop_assert_eq!(all.len(), term.months() as usize);
            prop_assert!(all.iter().all(|cycle| (28..=31).contains(&days(cycle.start, cycle.end))));
        }
    }
}
