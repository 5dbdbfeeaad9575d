//! How far a subscription may shrink, and until when it may be cancelled.

use chrono::{DateTime, TimeDelta, Utc};

use super::rows::Subscription;

/// Within the window of its start or last renewal, to the hour.
pub fn cancellable(subscription: &Subscription, now: DateTime<Utc>) -> bool {
    is_open(subscription.window_hours, subscription.confirmed_at, now)
}

/// The fewest seats it may have now: in the window of the start any number, later only what increases added, each in
/// its own window.
pub fn reducible_to(subscription: &Subscription, now: DateTime<Utc>) -> u32 {
    if cancellable(subscription, now) {
        return 1;
    }
    let open = subscription.increases.iter().filter(|increase| is_open(subscription.window_hours, increase.at, now));
    subscription.quantity.saturating_sub(open.map(|increase| increase.seats).sum())
}

/// Without a window it is always open.
fn is_open(window_hours: Option<u32>, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    window_hours.is_none_or(|hours| now < since + TimeDelta::hours(i64::from(hours)))
}
