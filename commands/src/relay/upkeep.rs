//! Looking at the stream and putting it in order.

use std::collections::HashMap;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::Info;
use event_log::mirror::{MirrorError, log_id_of};
use event_log::{LogError, page};
use futures::{StreamExt, TryStreamExt};
use uuid::Uuid;

use super::decide::{Action, Log, Stream, decide, first_of_new};
use super::{Relay, RelayError, Setback};

/// Other relays may be putting it in order too; after this many tries one waits.
const ROUNDS: usize = 4;
/// Messages asked for at the same time.
const CONCURRENT: usize = 16;

/// The stream as it was found, and what follows.
pub(super) struct Found {
    info: Option<Info>,
    pub(super) log: Log,
    pub(super) action: Action,
}

impl Relay {
    /// Puts the stream in order. Returns the position of its last message.
    pub(super) async fn align(&self, log_id: Uuid, doubtful: &[i64]) -> Result<i64, Setback> {
        for _ in 0..ROUNDS {
            match self.step(log_id, doubtful).await {
                Ok(Some(after)) => return Ok(after),
                Ok(None) => {}
                Err(RelayError::Mirror(MirrorError::Refused(refusal))) if was_faster(refusal.error_code()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Setback::Moved)
    }

    /// One look and what follows from it; the position to go on from if there is nothing to do.
    async fn step(&self, log_id: Uuid, doubtful: &[i64]) -> Result<Option<i64>, RelayError> {
        let found = self.observe(log_id, doubtful).await?;
        if let Action::Resume { after } = found.action {
            return Ok(Some(after));
        }
        self.act(log_id, found).await?;
        Ok(None)
    }

    pub(super) async fn observe(&self, log_id: Uuid, doubtful: &[i64]) -> Result<Found, RelayError> {
        let info = self.mirror.info().await?;
        let stream = match &info {
            Some(info) => self.appraise(log_id, info, doubtful).await?,
            None => Stream::Missing,
        };
        let log = self.log().await?;
        Ok(Found { info, log, action: decide(stream, log) })
    }

    async fn appraise(&self, log_id: Uuid, info: &Info, doubtful: &[i64]) -> Result<Stream, RelayError> {
        let last_sequence = i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX);
        let of_this_log = log_id_of(info) == Some(log_id);
        let faithful = of_this_log
            && self.is_faithful(log_id, info, &[last_sequence]).await?
            && self.is_faithful(log_id, info, doubtful).await?;
        let configured = self.mirror.config.amended(&info.config).is_none();
        Ok(Stream::Present { of_this_log, configured, last_sequence, faithful })
    }

    /// Whether the stream holds the log's events at those of the positions it reaches to.
    async fn is_faithful(&self, log_id: Uuid, info: &Info, positions: &[i64]) -> Result<bool, RelayError> {
        Ok(self.differing(log_id, info, positions).await?.is_empty())
    }

    /// Those of the positions at which the stream should hold the log's event and does not.
    pub(super) async fn differing(&self, log_id: Uuid, info: &Info, positions: &[i64]) -> Result<Vec<i64>, RelayError> {
        let held = info.state.first_sequence..=info.state.last_sequence;
        let is_held = |position: &i64| info.state.messages > 0 && held.contains(&position.unsigned_abs());
        let positions: Vec<i64> = positions.iter().copied().filter(is_held).collect();
        let (Some(lowest), Some(highest)) = (positions.iter().min(), positions.iter().max()) else {
            return Ok(Vec::new());
        };
        let events = page::after(&self.pool, lowest - 1, (highest - lowest + 1).min(page::PAGE)).await?;
        let events: HashMap<i64, _> = events.into_iter().map(|event| (event.position, event)).collect();
        let compared = futures::stream::iter(positions).map(|position| {
            let event = events.get(&position);
            async move {
                let message = self.mirror.message(position.unsigned_abs()).await?;
                let same =
                    message.zip(event).is_some_and(|(message, event)| self.mirror.is_copy(log_id, &message, event));
                Ok::<_, RelayError>((!same).then_some(position))
            }
        });
        let differing: Vec<Option<i64>> = compared.buffered(CONCURRENT).try_collect().await?;
        Ok(differing.into_iter().flatten().collect())
    }

    async fn log(&self) -> Result<Log, RelayError> {
        let sql = "select position, coalesce((select min(position) from readers), 0) from log_head";
        let (head, slowest_reader) = sqlx::query_as(sql).fetch_one(&self.pool).await.map_err(LogError::from)?;
        Ok(Log { head, slowest_reader })
    }

    async fn act(&self, log_id: Uuid, found: Found) -> Result<(), MirrorError> {
        let info = found.info.as_ref();
        match found.action {
            Action::Resume { .. } => Ok(()),
            Action::Create { first } => self.create(log_id, first).await,
            Action::Recreate { first, reason } => self.recreate(log_id, (info, first), reason).await,
            Action::Reconfigure { first } => {
                let amended = info.and_then(|info| self.mirror.config.amended(&info.config));
                let Some(config) = amended else { return Ok(()) };
                tracing::warn!("the mirror's limits were changed by somebody; setting them back");
                match self.mirror.update(&config).await {
                    // Not everything can be changed back.
                    Err(MirrorError::Refused(_)) => self.recreate(log_id, (info, first), "other configuration").await,
                    outcome => outcome,
                }
            }
        }
    }

    /// Makes the stream anew whatever it looks like.
    pub(super) async fn replace(&self, log_id: Uuid, old: &Info) -> Result<(), RelayError> {
        let first = first_of_new(self.log().await?);
        match self.recreate(log_id, (Some(old), first), "audit failed").await {
            Err(MirrorError::Refused(refusal)) if was_faster(refusal.error_code()) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    async fn recreate(
        &self,
        log_id: Uuid,
        (old, first): (Option<&Info>, i64),
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
