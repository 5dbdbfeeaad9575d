//! Looking at the stream and putting it in order.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::Info;
use event_log::mirror::{MirrorError, log_id_of};
use event_log::{LogError, patience};
use uuid::Uuid;

use super::decide::{Action, Log, Stream, decide, first_of_new};
use super::{Relay, Setback};

/// Other relays may be putting it in order too; after this many tries one waits.
const ROUNDS: usize = 4;

/// The stream and the log as they were found, and what follows.
pub(super) struct Found {
    info: Option<Info>,
    pub(super) log_id: Uuid,
    pub(super) log: Log,
    pub(super) action: Action,
}

impl Relay {
    /// Puts the stream in order. Returns which log it mirrors now, and the position of its last message.
    pub(super) async fn align(&self, doubtful: &[i64]) -> Result<(Uuid, i64), Setback> {
        for _ in 0..ROUNDS {
            match self.step(doubtful).await {
                Ok(Some(aligned)) => return Ok(aligned),
                Ok(None) => {}
                Err(MirrorError::Refused(refusal)) if was_faster(refusal.error_code()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Setback::Moved)
    }

    /// One look and what follows from it; where to go on if there is nothing to do.
    async fn step(&self, doubtful: &[i64]) -> Result<Option<(Uuid, i64)>, MirrorError> {
        let found = self.observe(doubtful).await?;
        if let Action::Resume { after } = found.action {
            return Ok(Some((found.log_id, after)));
        }
        self.act(found).await?;
        Ok(None)
    }

    /// The log is read after the stream, so that nothing of ours on the stream is beyond it.
    pub(super) async fn observe(&self, doubtful: &[i64]) -> Result<Found, MirrorError> {
        let info = self.mirror.info().await?;
        let (log_id, log) = self.log().await?;
        let stream = match &info {
            Some(info) => self.appraise(log_id, info, doubtful).await?,
            None => Stream::Missing,
        };
        Ok(Found { info, log_id, log, action: decide(stream, log) })
    }

    async fn appraise(&self, log_id: Uuid, info: &Info, doubtful: &[i64]) -> Result<Stream, MirrorError> {
        let last_sequence = i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX);
        let of_this_log = log_id_of(info) == Some(log_id);
        let faithful = of_this_log
            && self.mirror.differing(&self.pool, (log_id, info), &[last_sequence]).await?.is_empty()
            && self.mirror.differing(&self.pool, (log_id, info), doubtful).await?.is_empty();
        let configured = self.mirror.config.amended(&info.config).is_none();
        Ok(Stream::Present { of_this_log, configured, last_sequence, faithful })
    }

    async fn log(&self) -> Result<(Uuid, Log), LogError> {
        let sql = "select log_id, position, coalesce((select min(position) from readers), 0) from log_head";
        let found = patience::answer(&self.pool, sqlx::query_as(sql).fetch_one(&self.pool)).await?;
        let (log_id, head, slowest_reader) = found;
        Ok((log_id, Log { head, slowest_reader }))
    }

    async fn act(&self, found: Found) -> Result<(), MirrorError> {
        let Found { info, log_id, action, .. } = found;
        match action {
            Action::Resume { .. } => Ok(()),
            Action::Create { first } => self.create(log_id, first).await,
            Action::Recreate { first, reason } => self.recreate((log_id, first), info.as_ref(), reason).await,
            Action::Reconfigure { first } => {
                let amended = info.as_ref().and_then(|info| self.mirror.config.amended(&info.config));
                let Some(config) = amended else { return Ok(()) };
                tracing::warn!("the mirror's limits were changed by somebody; setting them back");
                match self.mirror.update(&config).await {
                    // Not everything can be changed back.
                    Err(MirrorError::Refused(_)) => {
                        self.recreate((log_id, first), info.as_ref(), "other configuration").await
                    }
                    outcome => outcome,
                }
            }
        }
    }

    /// Makes the stream anew whatever it looks like.
    pub(super) async fn replace(&self, old: &Info, reason: &'static str) -> Result<(), MirrorError> {
        let (log_id, log) = self.log().await?;
        match self.recreate((log_id, first_of_new(log)), Some(old), reason).await {
            Err(MirrorError::Refused(refusal)) if was_faster(refusal.error_code()) => Ok(()),
            outcome => outcome,
        }
    }

    async fn recreate(
        &self,
        (log_id, first): (Uuid, i64),
        old: Option<&Info>,
        reason: &'static str,
    ) -> Result<(), MirrorError> {
        metrics::counter!("mirror_recreated_total", "reason" => reason).increment(1);
        tracing::warn!(reason, first, "the mirror is made anew");
        if let Some(old) = old {
            self.mirror.delete(old).await?;
        }
        self.create(log_id, first).await
    }

    async fn create(&self, log_id: Uuid, first: i64) -> Result<(), MirrorError> {
        self.mirror.create(log_id, first).await?;
        tracing::info!(first, stream = %self.mirror.config.stream, "the mirror's stream is created");
        Ok(())
    }
}

/// Another relay did the same just before.
fn was_faster(code: ErrorCode) -> bool {
    code == ErrorCode::STREAM_NAME_EXIST || code == ErrorCode::STREAM_NOT_FOUND
}
