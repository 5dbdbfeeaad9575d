//! Our own rate limit: a token bucket that makes calls wait their turn before the provider has to refuse them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls per second unless configured otherwise.
pub const DEFAULT_CALLS_PER_SECOND: u32 = 50;
/// A call that would wait longer is sent away instead: it is better kept by its worker than in memory.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A bucket that holds one second's tokens, kept as the time from which the next token is its own.
#[derive(Debug)]
pub struct Bucket {
    between: Duration,
    depth: Duration,
    /// When the bucket would be empty of promises; in the past when tokens have gathered.
    next_at: Option<Instant>,
}

impl Bucket {
    /// At least one call per second.
    pub fn new(calls_per_second: u32) -> Self {
        let between = Duration::from_secs(1) / calls_per_second.max(1);
        Self { between, depth: Duration::from_secs(1).saturating_sub(between), next_at: None }
    }

    /// Takes one token and says how long to wait for it.
    ///
    /// # Errors
    /// The wait, when it would be longer than five seconds; then nothing was taken.
    pub fn take(&mut self, now: Instant) -> Result<Duration, Duration> {
        let next_at = self.next_at.map_or(now, |at| at.max(now));
        let wait = next_at.saturating_duration_since(now).saturating_sub(self.depth);
        if wait > LONGEST_WAIT {
            return Err(wait);
        }
        self.next_at = Some(next_at + self.between);
        Ok(wait)
    }
}

/// A [`Bucket`] shared by all calls to one provider.
#[derive(Debug)]
pub struct Limiter {
    bucket: Mutex<Bucket>,
}

impl Limiter {
    pub fn new(calls_per_second: u32) -> Self {
        Self { bucket: Mutex::new(Bucket::new(calls_per_second)) }
    }

    /// Waits for this call's turn.
    ///
    /// # Errors
    /// How long the queue is, when that is more than five seconds.
    pub async fn turn(&self) -> Result<(), Duration> {
        let wait = self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_full_bucket_lets_one_second_of_calls_go_then_spaces_them() {
        for rate in [1, 3, 50, 1_000] {
            let mut bucket = Bucket::new(rate);
            let now = Instant::now();
            for call in 0..rate {
                assert_eq!(bucket.take(now), Ok(Duration::ZERO), "call {call} of {rate}");
            }
            let first = bucket.take(now).unwrap();
            let second = bucket.take(now).unwrap();
            assert!(first <= Duration::from_secs(1) / rate && first + 2 * MS >= Duration::from_secs(1) / rate);
            assert!(second.abs_diff(2 * first) < 2 * MS, "rate {rate}: {first:?} then {second:?}");
        }
    }

    #[test]
    fn tokens_gather_with_time_but_never_above_one_second() {
        let mut bucket = Bucket::new(10);
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(bucket.take(start), Ok(Duration::ZERO));
        }
        let later = start + 300 * MS;
        let free = (0..10).filter(|_| bucket.take(later) == Ok(Duration::ZERO)).count();
        assert_eq!(free, 3);
        let much_later = start + Duration::from_hours(1);
        let free = (0..30).filter(|_| bucket.take(much_later) == Ok(Duration::ZERO)).count();
        assert_eq!(free, 10);
    }

    #[test]
    fn a_queue_that_is_too_long_sends_calls_away_and_takes_nothing() {
        let mut bucket = Bucket::new(1);
        let now = Instant::now();
        let waits: Vec<_> = (0..8).map(|_| bucket.take(now).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits[..6], [0, 1, 2, 3, 4, 5].map(Ok));
        assert_eq!(waits[6], Err(Duration::from_secs(6)));
        assert_eq!(waits[7], Err(Duration::from_secs(6)));
        assert_eq!(bucket.take(now + Duration::from_secs(1)), Ok(Duration::from_secs(5)));
    }

    #[test]
    fn a_rate_of_nought_counts_as_one() {
        let mut bucket = Bucket::new(0);
        let now = Instant::now();
        assert_eq!((bucket.take(now), bucket.take(now)), (Ok(Duration::ZERO), Ok(Duration::from_secs(1))));
    }
}
