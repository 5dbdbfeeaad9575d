//! Log → JetStream: publishes event p so that the stream stores it at sequence p, or not at all.
//!
//! The relay keeps no state: where to go on is the stream's own last sequence, and a second relay or a late publish is
//! refused by the expectation each message carries. Whatever is wrong with the stream, it is made anew from the log.

mod audit;
mod decide;
mod message;
mod pump;
mod upkeep;
mod wake;
mod window;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use event_log::LogError;
use event_log::mirror::{Mirror, MirrorConfig, MirrorError};
use sqlx::PgPool;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use audit::AuditReport;
use pump::Pump;
use wake::Wake;

const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);
/// A relay that lost against another one steps back this long, by chance, so that they do not lose in turns.
const STEP_BACK_MS: std::ops::Range<u64> = 20..200;

/// One of them is enough; any number of them does no harm. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Relay {
    pool: PgPool,
    nats: async_nats::Client,
    mirror: Mirror,
    committed: watch::Receiver<i64>,
}

/// Why publishing stopped and starts again from what the stream says.
#[derive(Debug, Error)]
enum Setback {
    #[error(transparent)]
    Failed(#[from] MirrorError),
    #[error("an event was not acknowledged")]
    Unacknowledged,
    #[error("another message was stored first")]
    Fenced,
    #[error("the stream is not as it was left")]
    Moved,
}

impl From<LogError> for Setback {
    fn from(error: LogError) -> Self {
        Self::Failed(error.into())
    }
}

impl Relay {
    /// `committed` is the position this process last committed itself; it wakes the relay at once. Makes no request.
    pub fn new(pool: PgPool, nats: async_nats::Client, config: MirrorConfig, committed: watch::Receiver<i64>) -> Self {
        let mirror = Mirror::new(nats.clone(), config);
        Self { pool, nats, mirror, committed }
    }

    /// Publishes and audits until `shutdown`, whatever happens to JetStream or Postgres.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.relay() => {}
            () = self.audit_regularly() => {}
        }
    }

    async fn relay(&self) {
        let mut wake = Wake::new(&self.nats, &self.mirror.config, self.committed.clone()).await;
        let mut doubtful = Vec::new();
        let mut outage = Outage::default();
        loop {
            let setback = match self.session(&mut wake, &mut doubtful, &mut outage).await {
                Ok(never) => match never {},
                Err(setback) => setback,
            };
            tokio::time::sleep(outage.pause_after(&setback)).await;
        }
    }

    /// Puts the stream in order and publishes until something goes wrong. `doubtful` are the positions of messages
    /// that may be somebody else's; they are compared with the log before anything is published behind them.
    async fn session(
        &self,
        wake: &mut Wake,
        doubtful: &mut Vec<i64>,
        outage: &mut Outage,
    ) -> Result<std::convert::Infallible, Setback> {
        let (log_id, after) = self.align(doubtful).await?;
        doubtful.clear();
        let mut pump = Pump::new(self, outage, (log_id, after));
        let outcome = pump.run(wake).await;
        *doubtful = pump.unconfirmed().await;
        outcome
    }
}

/// How long things have not gone well, and whether that was said.
#[derive(Default)]
struct Outage {
    pause: Duration,
    told: bool,
}

impl Outage {
    /// Something was stored, or nothing waits: a stream that can be read and takes nothing is as good as away.
    fn over(&mut self, after: i64) {
        if std::mem::take(&mut self.told) {
            tracing::info!(after, "the mirror is reached again");
        }
        self.pause = Duration::ZERO;
    }

    fn pause_after(&mut self, setback: &Setback) -> Duration {
        match setback {
            Setback::Fenced | Setback::Moved => {
                metrics::counter!("relay_fenced_total").increment(1);
                tracing::debug!(reason = %setback, "reading the mirror's position again");
                Duration::from_millis(STEP_BACK_MS.start + random_below(STEP_BACK_MS.end - STEP_BACK_MS.start))
            }
            Setback::Failed(_) | Setback::Unacknowledged => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(reason = %setback, "the mirror falls behind; readers use Postgres meanwhile");
                }
                self.pause = (self.pause * 2).clamp(RETRY_MIN, RETRY_MAX);
                self.pause
            }
        }
    }
}

/// Good enough for jitter and samples: each `RandomState` has new keys.
fn random_below(limit: u64) -> u64 {
    RandomState::new().build_hasher().finish() % limit.max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn waits_longer_the_longer_it_is_away_and_starts_over_when_it_is_back() {
        let mut outage = Outage::default();
        let pauses: Vec<_> = (0..7).map(|_| outage.pause_after(&Setback::Unacknowledged).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000]);
        outage.over(1);
        assert_eq!(outage.pause_after(&Setback::Unacknowledged), RETRY_MIN);
    }

    #[test]
    fn a_fenced_relay_steps_back_by_chance() {
        let mut outage = Outage::default();
        let pauses: Vec<_> = (0..50).map(|_| outage.pause_after(&Setback::Fenced).as_millis()).collect();
        assert!(pauses.iter().all(|pause| (20..200).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        assert!(!outage.told);
    }
}
