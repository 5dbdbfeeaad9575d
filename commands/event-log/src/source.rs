//! Where a reader gets its next events: the mirror's tail while that is in step, Postgres whenever it is not.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{LogError, Recorded, Tail, page, patience};

/// A page of catch-up at most: big, since it is read from Postgres once.
pub(crate) const CATCH_UP: usize = 5_000;
/// Events at most taken from the tail for one transaction.
const FROM_TAIL: usize = 1_000;
/// How often Postgres is asked while the mirror is away.
const POLL_AWAY: Duration = Duration::from_millis(25);
/// How often Postgres is asked although the mirror seems well: the net below the net.
const POLL_WELL: Duration = Duration::from_millis(500);

/// One reader's view of the log. Clones share the tail.
#[derive(Debug, Clone)]
pub struct Source {
    pool: PgPool,
    tail: Tail,
    newest: watch::Receiver<i64>,
    committed: watch::Receiver<i64>,
}

impl Source {
    /// `committed` is the position this process last committed itself; a process that writes nothing passes a
    /// channel that never changes.
    pub fn new(pool: PgPool, tail: Tail, committed: watch::Receiver<i64>) -> Self {
        let newest = tail.subscribe();
        Self { pool, tail, newest, committed }
    }

    /// The events right after `position`, at most `limit`, waiting at most until `patience` is over; empty then.
    ///
    /// # Errors
    /// [`LogError::Database`].
    pub async fn next(
        &mut self,
        position: i64,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<Arc<Recorded>>, LogError> {
        let page = i64::try_from(limit.min(CATCH_UP)).unwrap_or(i64::MAX);
        let deadline = Instant::now() + patience;
        let mut asked_postgres = false;
        loop {
            self.newest.mark_unchanged();
            self.committed.mark_unchanged();
            if let Some(events) = self.tail.after(position, limit.min(FROM_TAIL)) {
                return Ok(events);
            }
            let behind_tail = self.tail.newest() > position;
            if behind_tail || !self.tail.is_live() || asked_postgres {
                let events = patience::answer(&self.pool, page::after(&self.pool, position, page)).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
            }
            match self.wait(deadline).await {
                Waited::News => asked_postgres = false,
                Waited::LongEnough => asked_postgres = true,
                Waited::InVain => return Ok(Vec::new()),
            }
        }
    }

    async fn wait(&mut self, deadline: Instant) -> Waited {
        let live = self.tail.is_live();
        let poll = Instant::now() + if live { POLL_WELL } else { POLL_AWAY };
        tokio::select! {
            Ok(()) = self.newest.changed() => Waited::News,
            Ok(()) = self.committed.changed(), if !live => Waited::News,
            () = tokio::time::sleep_until(poll.min(deadline)) =>
                if poll <= deadline { Waited::LongEnough } else { Waited::InVain },
        }
    }
}

/// How waiting for news ended.
enum Waited {
    News,
    /// None came, and it is time to ask Postgres anyway.
    LongEnough,
    /// None came, and patience is over.
    InVain,
}
