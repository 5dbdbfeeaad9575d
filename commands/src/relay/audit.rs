//! Whether the mirror really is one: nothing missing in the middle, nothing altered.

use std::time::Duration;

use async_nats::jetstream::stream::State;
use event_log::mirror::{MirrorError, log_id_of};
use event_log::{page, patience};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Relay, random_below};

const EVERY: Duration = Duration::from_secs(60);
/// Messages compared byte for byte in one audit.
const SAMPLE: u64 = 20;

/// What an audit found. A missing stream or one of another log has nothing to be audited: all is zero then, and the
/// relay sees to it by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    pub first_sequence: u64,
    pub last_sequence: u64,
    pub messages: u64,
    /// Messages the server says were deleted one by one.
    pub deleted: u64,
    /// Positions compared with the log.
    pub sampled: u64,
    /// Those of them that differ.
    pub differing: Vec<i64>,
}

impl AuditReport {
    fn of(state: &State) -> Self {
        Self {
            first_sequence: state.first_sequence,
            last_sequence: state.last_sequence,
            messages: state.messages,
            deleted: state.deleted_count.unwrap_or(0),
            ..Self::default()
        }
    }

    /// Whether nothing is missing between the first and the last message and every sample is the log's.
    pub fn is_clean(&self) -> bool {
        self.is_complete() && self.differing.is_empty()
    }

    fn is_complete(&self) -> bool {
        // An emptied stream's first sequence is the one to come.
        self.deleted == 0 && (self.last_sequence + 1).checked_sub(self.first_sequence) == Some(self.messages)
            || *self == Self::default()
    }
}

impl Relay {
    /// Compares the stream's counts and a random sample of its messages with the log. A stream that fails is made
    /// anew at once.
    ///
    /// # Errors
    /// [`MirrorError`] when JetStream or Postgres is away; then nothing is known.
    pub async fn audit(&self) -> Result<AuditReport, MirrorError> {
        let log_id = patience::answer(&self.pool, page::log_id(&self.pool)).await?;
        let Some(info) = self.mirror.info().await?.filter(|info| log_id_of(info) == Some(log_id)) else {
            return Ok(AuditReport::default());
        };
        let mut report = AuditReport::of(&info.state);
        for position in sample(&info.state) {
            report.sampled += 1;
            report.differing.extend(self.mirror.differing(&self.pool, (log_id, &info), &[position]).await?);
        }
        self.excuse_expired(&mut report).await?;
        if !report.is_clean() {
            metrics::counter!("mirror_audit_failures_total").increment(1);
            tracing::error!(?report, "the mirror is not a copy of the log");
            self.replace(&info, "audit failed").await?;
        }
        Ok(report)
    }

    /// The limits may have taken a sampled message away since.
    async fn excuse_expired(&self, report: &mut AuditReport) -> Result<(), MirrorError> {
        if report.differing.is_empty() {
            return Ok(());
        }
        let first = self.mirror.info().await?.map_or(u64::MAX, |info| info.state.first_sequence);
        report.differing.retain(|position| position.unsigned_abs() >= first);
        Ok(())
    }

    pub(super) async fn audit_regularly(&self) {
        let mut tick = interval_at(Instant::now() + EVERY, EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.audit().await {
                tracing::debug!(%error, "the mirror could not be audited");
            }
        }
    }
}

fn sample(state: &State) -> Vec<i64> {
    let held = (state.last_sequence + 1).saturating_sub(state.first_sequence);
    let position = |_| i64::try_from(state.first_sequence + random_below(held)).unwrap_or(i64::MAX);
    (0..SAMPLE.min(held)).map(position).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn report(first_sequence: u64, last_sequence: u64, messages: u64, deleted: u64) -> AuditReport {
        AuditReport { first_sequence, last_sequence, messages, deleted, ..AuditReport::default() }
    }

    #[test]
    fn a_mirror_is_clean_only_without_holes_and_differences() {
        assert!(AuditReport::default().is_clean());
        assert!(report(1, 100, 100, 0).is_clean());
        assert!(report(51, 100, 50, 0).is_clean());
        assert!(report(101, 100, 0, 0).is_clean());
        assert!(!report(1, 100, 99, 1).is_clean());
        assert!(!report(1, 100, 99, 0).is_clean());
        assert!(!report(1, 0, 5, 0).is_clean());
        assert!(!AuditReport { differing: vec![7], ..report(1, 100, 100, 0) }.is_clean());
    }
}
