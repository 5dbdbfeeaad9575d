//! One term of a subscription as a bill sees it: the stretches that are charged whole and in advance.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use super::{ChargeKind, DayFactor, Prices};
use crate::dates::add_months;
use crate::service::BillingCycle;

/// A new end of a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension {
    pub effective_on: NaiveDate,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

#[derive(Debug, Clone)]
pub(super) struct BilledTerm {
    pub kind: ChargeKind,
    pub starts_on: NaiveDate,
    /// As first agreed.
    pub ends_on: NaiveDate,
    pub extensions: Vec<Extension>,
    pub cycle: BillingCycle,
    /// Seats on the first day.
    pub quantity: i64,
    pub prices: Prices,
}

impl BilledTerm {
    /// What is charged in advance before `until`: cycle by cycle, the last one cut at the end known when it begins. A
    /// term prolonged within its cut cycle goes on from the cut.
    pub fn stretches(&self, until: NaiveDate) -> Vec<Range<NaiveDate>> {
        let mut stretches = Vec::new();
        let mut from = self.starts_on;
        while from < until && from < self.end_known_on(from) {
            let to = self.cycle_of(from).end.min(self.end_known_on(from));
            stretches.push(from..to);
            from = to;
        }
        stretches
    }

    /// The whole cycle a day of the term lies in, never cut.
    pub fn cycle_of(&self, day: NaiveDate) -> Range<NaiveDate> {
        let months = self.cycle.months();
        let elapsed = u32::try_from(month_of(day) - month_of(self.starts_on)).unwrap_or(0);
        let boundary = |n: u32| add_months(self.starts_on, n.saturating_mul(months));
        let n = elapsed / months;
        // In its month the boundary may still lie ahead of the day.
        let n = if boundary(n) > day { n.saturating_sub(1) } else { n };
        boundary(n)..boundary(n + 1)
    }

    /// The part a range is of the cycle it lies in.
    pub fn factor(&self, range: &Range<NaiveDate>) -> Option<DayFactor> {
        DayFactor::of_days(range, &self.cycle_of(range.start))
    }

    /// A day is charged at its very beginning, before what happens on it. But where the old end has come, the term was
    /// prolonged in time, or it would have been over.
    fn end_known_on(&self, day: NaiveDate) -> NaiveDate {
        let known = |extension: &&Extension| extension.effective_on < day || extension.from <= day;
        self.extensions.iter().rfind(known).map_or(self.ends_on, |extension| extension.to)
    }
}

/// Counted from the year 0.
fn month_of(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}
