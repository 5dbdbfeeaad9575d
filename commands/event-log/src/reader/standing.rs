//! Where a reader is, as long as it holds the lease.

use std::time::Duration;

use tokio::time::Instant;

use super::session::Session;
use crate::lease::{self, Held};

/// How long a checkpoint may lag behind events that mean nothing to the reader: short enough for whoever waits for it,
/// long enough to make one small write of many.
const PASSING: Duration = Duration::from_millis(10);

/// Where a reader is, and what it knows.
pub(super) struct Standing {
    pub(super) held: Held,
    pub(super) passed: Passed,
    pub(super) may_have_parked: bool,
    pub(super) session: Session,
}

impl Standing {
    /// Where the lease was taken. Another may have parked events before.
    pub(super) fn new(held: Held, session: Session) -> Self {
        Self { held, passed: Passed::none(held.position), may_have_parked: true, session }
    }

    pub(super) const fn is_behind(&self) -> bool {
        self.passed.until > self.held.position
    }

    /// The checkpoint is there now.
    pub(super) fn reached(&mut self, position: i64) {
        self.held.position = position;
        self.passed = Passed::none(position);
    }
}

/// Events that meant nothing, and that the checkpoint does not count yet.
pub(super) struct Passed {
    pub(super) until: i64,
    /// When the first of them was passed.
    since: Option<Instant>,
}

impl Passed {
    const fn none(position: i64) -> Self {
        Self { until: position, since: None }
    }

    pub(super) fn on_to(&mut self, position: i64) {
        self.until = position;
        self.since.get_or_insert_with(Instant::now);
    }

    pub(super) fn is_due(&self) -> bool {
        self.patience().is_zero()
    }

    /// How long news may be waited for before the checkpoint has to follow.
    pub(super) fn patience(&self) -> Duration {
        self.since.map_or(lease::RENEW, |since| PASSING.saturating_sub(since.elapsed()))
    }
}
