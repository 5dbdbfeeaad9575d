//! Until when it may be cancelled, and how far the quantity may go down at once.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::subscription::{SubscriptionCore, SubscriptionStatus};

/// How far the quantity may go down at once, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reducible {
    /// The lowest quantity allowed.
    pub to: u32,
    /// The first moment at which that is no longer so; `None` means at any time.
    pub until: Option<DateTime<Utc>>,
}

/// Seats that were added in the running term and may still go back in a window of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Increase {
    /// When the provider confirmed it; its window counts from here.
    pub confirmed_at: DateTime<Utc>,
    pub seats: u32,
}

impl SubscriptionCore {
    /// When the window of the start or the last renewal closes, whether or not that has passed. `None` when it never
    /// closes; see `cancellation_window_hours`.
    pub fn cancellable_until(&self) -> Option<DateTime<Utc>> {
        self.closes(self.window_opened_at)
    }

    /// Whether it may be cancelled at once: the window of its start or last renewal is open.
    pub fn is_cancellable(&self, now: DateTime<Utc>) -> bool {
        self.is_live() && self.is_open(self.window_opened_at, now)
    }

    /// The widest decrease allowed at `now`: in the window of start or renewal down to the service's minimum, later
    /// only what increases in their own windows have added. That one holds until the oldest of them closes.
    /// `None` when nothing may go, also while suspended.
    pub fn reducible(&self, now: DateTime<Utc>) -> Option<Reducible> {
        if self.status != SubscriptionStatus::Active {
            return None;
        }
        let widest = match self.is_open(self.window_opened_at, now) {
            true => Reducible { to: self.min_quantity, until: self.cancellable_until() },
            false => self.reducible_by_increases(now),
        };
        (widest.to < self.quantity).then_some(widest)
    }

    fn reducible_by_increases(&self, now: DateTime<Utc>) -> Reducible {
        let open = || self.increases.iter().filter(|increase| self.is_open(increase.confirmed_at, now));
        let seats = open().fold(0u32, |seats, increase| seats.saturating_add(increase.seats));
        let to = self.quantity.saturating_sub(seats).max(self.min_quantity);
        Reducible { to, until: open().filter_map(|increase| self.closes(increase.confirmed_at)).min() }
    }

    fn is_open(&self, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.closes(opened_at).is_none_or(|closes| now < closes)
    }

    fn closes(&self, opened_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let window = TimeDelta::hours(i64::from(self.cancellation_window_hours?));
        Some(opened_at.checked_add_signed(window).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// Seats that came may go back within their window; seats that went cannot go twice: the newest are used up first.
    pub(in crate::subscription) fn count_change(&mut self, to: u32, confirmed_at: DateTime<Utc>) {
        if to > self.quantity {
            self.remember_increase(Increase { confirmed_at, seats: to - self.quantity });
        } else {
            self.use_up(self.quantity - to);
        }
        self.quantity = to;
    }

    /// Where windows never close there is nothing to remember; what has closed is forgotten here.
    fn remember_increase(&mut self, increase: Increase) {
        let now = increase.confirmed_at;
        let mut open = std::mem::take(&mut self.increases);
        open.push(increase);
        open.retain(|known| self.closes(known.confirmed_at).is_some_and(|closes| now < closes));
        self.increases = open;
    }

    fn use_up(&mut self, mut seats: u32) {
        while seats > 0
            && let Some(newest) = self.increases.last_mut()
        {
            let taken = seats.min(newest.seats);
            newest.seats -= taken;
            seats -= taken;
            if newest.seats == 0 {
                self.increases.pop();
            }
        }
    }
}

/// 00:00 UTC of a day: where the window of a renewal opens.
pub(in crate::subscription) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
