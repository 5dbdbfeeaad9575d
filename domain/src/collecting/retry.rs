//! When an invoice that is collected by itself is tried again. Every attempt is a new payment.

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::payment::{DeclineReason, PaymentOutcome};

/// While the gateway cannot be reached: so often for an hour, then so often for a day.
const SOON: TimeDelta = TimeDelta::minutes(5);
const SOON_FOR: TimeDelta = TimeDelta::hours(1);
const HOURLY: TimeDelta = TimeDelta::hours(1);
const HOURLY_FOR: TimeDelta = TimeDelta::hours(24);
/// After the first attempt that was declined or expired, in days.
const DAYS: [u64; 3] = [8, 16, 24];

/// What went before; business time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first attempt since it is due that was declined or expired.
    pub first_declined_at: Option<DateTime<Utc>>,
    /// The first of the attempts in a row, up to now, that did not reach the gateway.
    pub unreachable_since: Option<DateTime<Utc>>,
}

/// The attempt after one that came to `outcome` at `at`; `None` when none is made by itself. Both failures are noted
/// before it is asked.
pub fn next_attempt(failures: &Failures, outcome: PaymentOutcome, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match outcome {
        // However long it is away, what a decline began goes on.
        PaymentOutcome::Unreachable => after_unreachable(failures.unreachable_since.unwrap_or(at), at)
            .or_else(|| failures.first_declined_at.and_then(|first| after_decline(first, at))),
        PaymentOutcome::Declined(DeclineReason::InsufficientBalance | DeclineReason::Other)
        | PaymentOutcome::Expired => after_decline(failures.first_declined_at.unwrap_or(at), at),
        PaymentOutcome::Declined(DeclineReason::CustomerNotFound | DeclineReason::CurrencyMismatch)
        | PaymentOutcome::Succeeded
        | PaymentOutcome::Unknown(_) => None,
    }
}

/// Since when a gateway has not been reached, when it is not at `at` either. Attempts in a row are an hour apart at most:
/// one that comes after their time is the first of others.
pub fn unreachable_since(before: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    before.filter(|since| at.signed_duration_since(*since) < SOON_FOR + HOURLY_FOR + HOURLY).unwrap_or(at)
}

fn after_unreachable(since: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let elapsed = at.signed_duration_since(since);
    let pause = match elapsed {
        elapsed if elapsed < SOON_FOR => SOON,
        elapsed if elapsed < SOON_FOR + HOURLY_FOR => HOURLY,
        _ => return None,
    };
    at.checked_add_signed(pause)
}

fn after_decline(first: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DAYS.into_iter().filter_map(|days| first.checked_add_days(Days::new(days))).find(|next| *next > at)
}

/// When the gateway is asked about an outcome that nobody knows: after a minute, five minutes and an hour, then daily.
/// `asked` counts the questions so far.
pub const fn ask_after(asked: u32) -> TimeDelta {
    match asked {
        0 => TimeDelta::minutes(1),
        1 => TimeDelta::minutes(5),
        2 => TimeDelta::hours(1),
        _ => TimeDelta::hours(24),
    }
}
