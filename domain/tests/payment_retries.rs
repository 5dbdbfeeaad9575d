//! When a payment is tried again by itself, and when a gateway is asked what came of one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, TimeDelta, Utc};
use domain::collecting::retry::{Failures, ask_after, next_attempt};
use domain::payment::{DeclineReason, PaymentOutcome as O, UnknownReason};

fn due() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn days(days: i64) -> DateTime<Utc> {
    due() + TimeDelta::days(days)
}

/// The times of all attempts, when each comes to the same, counted from the first; the last one is followed by none.
fn attempts(outcome: O, mut failures: Failures) -> Vec<TimeDelta> {
    let mut times = vec![TimeDelta::zero()];
    while let Some(next) = next_attempt(&failures, outcome, due() + *times.last().unwrap()) {
        match outcome {
            O::Unreachable => failures.unreachable_since.get_or_insert(due()),
            O::Succeeded | O::Declined(_) | O::Expired | O::Unknown(_) => {
                failures.first_declined_at.get_or_insert(due())
            }
        };
        times.push(next - due());
    }
    times
}

#[test]
fn a_decline_is_tried_again_after_8_16_and_24_days() {
    let expected = [0, 8, 16, 24].map(TimeDelta::days);
    for outcome in [O::Declined(DeclineReason::InsufficientBalance), O::Declined(DeclineReason::Other), O::Expired] {
        assert_eq!(attempts(outcome, Failures::default()), expected, "{outcome:?}");
    }
}

#[test]
fn days_count_from_the_first_decline_whoever_tried_in_between() {
    let failures = Failures { first_declined_at: Some(due()), unreachable_since: None };
    let next = |day| next_attempt(&failures, O::Expired, days(day));
    assert_eq!(next(3), Some(days(8)), "a try in between moves nothing");
    assert_eq!((next(8), next(11), next(23)), (Some(days(16)), Some(days(16)), Some(days(24))));
    assert_eq!((next(24), next(40)), (None, None));
}

#[test]
fn what_time_does_not_mend_is_not_tried_again() {
    let outcomes = [
        O::Declined(DeclineReason::CustomerNotFound),
        O::Declined(DeclineReason::CurrencyMismatch),
        O::Succeeded,
        O::Unknown(UnknownReason::NoAnswer),
        O::Unknown(UnknownReason::Mismatch),
    ];
    for outcome in outcomes {
        for failures in [Failures::default(), Failures { first_declined_at: Some(due()), unreachable_since: None }] {
            assert_eq!(next_attempt(&failures, outcome, days(1)), None, "{outcome:?}");
        }
    }
}

#[test]
fn what_was_not_reached_is_tried_every_five_minutes_for_an_hour_then_hourly_for_a_day() {
    let minutes = (0..=12).map(|n| TimeDelta::minutes(5 * n));
    let hours = (2..=25).map(TimeDelta::hours);
    assert_eq!(attempts(O::Unreachable, Failures::default()), minutes.chain(hours).collect::<Vec<_>>());
}

#[test]
fn a_gateway_that_was_away_for_days_does_not_end_what_a_decline_began() {
    // Declined on the first day; on the eighth nobody could be reached, for a day and an hour.
    let failures = Failures { first_declined_at: Some(due()), unreachable_since: Some(days(8)) };
    let given_up = days(8) + TimeDelta::hours(25);
    assert_eq!(next_attempt(&failures, O::Unreachable, given_up), Some(days(16)));
    let failures = Failures { unreachable_since: Some(days(24)), ..failures };
    assert_eq!(next_attempt(&failures, O::Unreachable, days(24) + TimeDelta::hours(25)), None);
}

#[test]
fn an_unknown_outcome_is_asked_about_after_a_minute_five_minutes_an_hour_and_then_daily() {
    let pauses = [0, 1, 2, 3, 4, 100].map(ask_after);
    let expected = [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::hours(1)];
    assert_eq!(pauses[..3], expected);
    assert!(pauses[3..].iter().all(|pause| *pause == TimeDelta::days(1)));
}
