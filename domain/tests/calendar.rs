//! The calendar: every day ends once, in order, and a month with its last day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Days, NaiveDate, Utc};
use cqrs_es::test::TestFramework;
use domain::calendar::{CalendarCommand, CalendarEvent, CalendarRules, CalendarState};
use domain::decider::{Folded, OwnedAsked, fold};
use domain::{Actor, Asked, Decider, Refusal};
use proptest::prelude::*;

const ENTITY: &str = "cloudsales-de";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at() -> DateTime<Utc> {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn ends(day: NaiveDate) -> OwnedAsked<CalendarCommand> {
    let command = CalendarCommand::EndDay { entity: ENTITY.to_owned(), day };
    OwnedAsked { at: at(), by: Actor::system("calendar"), command }
}

fn ended(text: &str) -> CalendarEvent {
    CalendarEvent::DayEnded { entity: ENTITY.to_owned(), day: day(text) }
}

fn month(period: &str) -> CalendarEvent {
    CalendarEvent::MonthEnded { entity: ENTITY.to_owned(), period: period.to_owned() }
}

fn given(events: Vec<CalendarEvent>) -> cqrs_es::test::AggregateTestExecutor<Folded<CalendarRules>> {
    TestFramework::with(()).given(events)
}

#[test]
fn the_first_day_is_whichever_comes_first() {
    given(vec![]).when(ends(day("2026-10-03"))).then_expect_events(vec![ended("2026-10-03")]);
}

#[test]
fn a_month_ends_with_its_last_day() {
    let given_30th = || given(vec![ended("2026-10-30")]);
    given_30th().when(ends(day("2026-10-31"))).then_expect_events(vec![ended("2026-10-31"), month("2026-10")]);
    given(vec![]).when(ends(day("2027-02-28"))).then_expect_events(vec![ended("2027-02-28"), month("2027-02")]);
    given(vec![]).when(ends(day("2028-02-28"))).then_expect_events(vec![ended("2028-02-28")]);
    given(vec![]).when(ends(day("2026-12-31"))).then_expect_events(vec![ended("2026-12-31"), month("2026-12")]);
}

#[test]
fn a_day_ends_once() {
    for again in ["2026-10-30", "2026-10-31", "2020-01-01"] {
        let history = vec![ended("2026-10-30"), ended("2026-10-31"), month("2026-10")];
        given(history).when(ends(day(again))).then_expect_events(vec![]);
    }
}

#[test]
fn no_day_is_skipped() {
    let gap = Refusal::InvalidState { state: "missing an earlier day" };
    given(vec![ended("2026-10-03")]).when(ends(day("2026-10-05"))).then_expect_error(gap);
}

proptest! {
    #[test]
    fn any_stretch_of_days_is_told_whole(first in 0u64..20_000, length in 1u64..800) {
        let first = day("2000-01-01") + Days::new(first);
        let mut state = CalendarState::default();
        let mut told = Vec::new();
        for n in 0..length {
            prop_assert_eq!(state.next_day(first), first + Days::new(n));
            let asked = ends(state.next_day(first));
            let asked = Asked { at: asked.at, by: &asked.by, command: &asked.command };
            let decided = CalendarRules::decide(&state, &asked).unwrap();
            decided.events.iter().for_each(|event| CalendarRules::evolve(&mut state, event));
            told.extend(decided.events);
        }
        prop_assert_eq!(fold::<CalendarRules>(&told), state);
        let days = told.iter().filter(|event| matches!(event, CalendarEvent::DayEnded { .. })).count();
        prop_assert_eq!(days as u64, length);
        let months = told.len() - days;
        let after = first + Days::new(length);
        let count = |day: NaiveDate| chrono::Datelike::year(&day) * 12 + i32::try_from(chrono::Datelike::month0(&day)).unwrap();
        prop_assert_eq!(i32::try_from(months).unwrap(), count(after) - count(first));
    }
}
