//! How long a mail server that is away is left alone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(30);
/// Of a letter that is not taken now: how long until the second try.
const DEFERRED: Duration = Duration::from_secs(5);
/// A full mailbox, or a server that keeps strangers waiting, is asked no more often than this in the end.
const DEFERRED_LAST: Duration = Duration::from_secs(6 * 3_600);

/// Leaves the server alone for longer and longer while it is away. The pause belongs to the server: it holds for every
/// letter, and one that gets through ends it.
#[derive(Debug, Default)]
pub struct Backoff(Mutex<Option<Pause>>);

#[derive(Debug, Clone)]
struct Pause {
    length: Duration,
    until: Instant,
    why: String,
}

impl Backoff {
    /// How long it is still left alone, and why.
    pub fn pause(&self) -> Option<(Duration, String)> {
        let pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = |pause: &Pause| pause.until.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero());
        pause.as_ref().and_then(|pause| Some((rest(pause)?, pause.why.clone())))
    }

    /// It answered.
    pub fn reached(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It was away: how long until it is tried again. Letters that missed it at the same time wait for the same moment.
    pub fn missed(&self, why: &str) -> Duration {
        if let Some((rest, _)) = self.pause() {
            return rest;
        }
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = pause.as_ref().map_or(FIRST, |before| before.length.saturating_mul(2).min(LAST));
        *pause = Some(Pause { length, until: Instant::now() + length, why: why.to_owned() });
        length
    }
}

/// How long until a letter is tried again that was deferred `attempts` times before: the ten tries an effect has span
/// most of a day.
pub fn deferred(attempts: u32) -> Duration {
    DEFERRED.saturating_mul(4_u32.saturating_pow(attempts)).min(DEFERRED_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_away_is_asked_less_and_less_until_it_answers() {
        let backoff = Backoff::default();
        let mut seconds = Vec::new();
        for _ in 0..7 {
            let length = backoff.missed("away");
            // Another letter, at the same time.
            assert_eq!(backoff.missed("away"), length);
            seconds.push(length.as_secs());
            tokio::time::advance(length).await;
            assert_eq!(backoff.pause(), None);
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reached();
        assert_eq!(backoff.missed("away").as_secs(), 1);
    }

    #[test]
    fn a_deferred_letter_is_tried_for_most_of_a_day() {
        let seconds: Vec<u64> = (0..9).map(|attempts| deferred(attempts).as_secs()).collect();
        assert_eq!(seconds, [5, 20, 80, 320, 1_280, 5_120, 20_480, 21_600, 21_600]);
    }
}
