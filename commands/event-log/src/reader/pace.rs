//! How much a reader takes at once.

use std::time::Duration;

use super::Turn;
use crate::ApplyError;
use crate::lease::LEASE;
use crate::source::CATCH_UP;

/// Events applied one by one under one commit: each takes several round trips, and the lease must hold for all of them.
pub(super) const CAREFUL: usize = 200;

/// Events of a batch at most. A batch that takes longer than a lease holds is taken over by another process, which does
/// not come to its end either: two that took always as much would take it from each other for ever.
#[derive(Debug)]
pub(super) struct Pace(usize);

impl Pace {
    pub(super) const fn new() -> Self {
        Self(CATCH_UP)
    }

    pub(super) const fn limit(&self) -> usize {
        self.0
    }

    /// Learns from a turn and the time it took.
    pub(super) fn learn(&mut self, turn: &Result<Turn, ApplyError>, took: Duration) {
        let page = match turn {
            Ok(Turn::Careful) => self.0.min(CAREFUL),
            Ok(Turn::Over | Turn::Lost) | Err(_) => self.0,
        };
        let page = match turn {
            Ok(Turn::Lost) => page / 2,
            _ if took > LEASE => page / 2,
            Ok(Turn::Over) => page * 2,
            Ok(Turn::Careful) | Err(_) => page,
        };
        self.0 = page.clamp(1, CATCH_UP);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const QUICK: Duration = Duration::from_millis(10);
    const SLOW: Duration = Duration::from_secs(10);

    fn pages(turns: impl IntoIterator<Item = (Result<Turn, ApplyError>, Duration)>) -> Vec<usize> {
        let mut pace = Pace::new();
        let learn = |(turn, took): (Result<Turn, ApplyError>, Duration)| {
            pace.learn(&turn, took);
            pace.limit()
        };
        turns.into_iter().map(learn).collect()
    }

    #[test]
    fn takes_less_after_a_loss_or_a_long_turn_and_more_again_after_a_good_one() {
        let failed = || Err(ApplyError::Database(sqlx::Error::PoolTimedOut));
        let turns = [
            (Ok(Turn::Over), QUICK),
            (Ok(Turn::Lost), QUICK),
            (Ok(Turn::Lost), SLOW),
            (Ok(Turn::Over), SLOW),
            (failed(), QUICK),
            (failed(), SLOW),
            (Ok(Turn::Over), QUICK),
            (Ok(Turn::Over), QUICK),
        ];
        assert_eq!(pages(turns), [5_000, 2_500, 1_250, 625, 625, 312, 624, 1_248]);
        assert_eq!(pages((0..20).map(|_| (Ok(Turn::Lost), SLOW))).last(), Some(&1));
    }

    #[test]
    fn takes_few_after_poison() {
        let turns = [
            (Ok(Turn::Careful), QUICK),
            (Ok(Turn::Over), QUICK),
            (Ok(Turn::Careful), SLOW),
            (Ok(Turn::Careful), QUICK),
        ];
        assert_eq!(pages(turns), [200, 400, 100, 100]);
    }
}
