//! The next generation of a read model's rows while it is made.

use std::sync::Arc;
use std::time::Duration;

use event_log::attempt::{self, caught};
use event_log::parking::{self, Parked};
use event_log::patience::within;
use event_log::{ApplyError, Recorded, page, recorded};
use sqlx::{Connection, PgConnection, PgPool};
use tracing::warn;

use crate::ReadModel;
use crate::noun::AnyFold;

/// Events read at once.
const PAGE: i64 = 10_000;
/// Closer to the head than this, the rest is applied under the lock.
const NEAR: i64 = 1_000;
/// Events applied under one commit as the live reader applies them.
const PORTION: i64 = 1_000;
/// A step takes minutes at most, with millions of rows: after this it waits for an answer that never comes, and whoever
/// rebuilds would do nothing else any more.
const STEP: Duration = Duration::from_secs(1_800);

pub(super) struct Building<'a> {
    model: &'a ReadModel,
    generation: i32,
    parked: Parked,
}

impl<'a> Building<'a> {
    pub(super) fn new(model: &'a ReadModel, generation: i32) -> Self {
        Self { model, generation, parked: Parked::new() }
    }

    /// Makes the rows until near the head. Answers the position they show.
    ///
    /// # Errors
    /// Any database error.
    pub(super) async fn build(
        &mut self,
        pool: &PgPool,
        connection: &mut PgConnection,
        progress: &mut (impl Fn(i64, i64) + Send),
    ) -> Result<i64, ApplyError> {
        let folded = caught(self.fold(pool, connection, progress)).await;
        let position = match folded {
            Ok(position) => position,
            // The live reader parks what it cannot apply and goes on, and so must a rebuild: without it a newer build
            // could not even start.
            Err(error) if error.is_poison() => {
                warn!(read_model = self.model.name, %error, "a rebuild met a poison event, applying in portions");
                self.parked.clear();
                within(STEP, super::clear(connection, self.model, self.generation)).await?;
                0
            }
            Err(error) => return Err(error),
        };
        self.follow(pool, connection, (position, progress)).await
    }

    /// Folds in memory until near the head, and writes the rows.
    async fn fold(
        &mut self,
        pool: &PgPool,
        connection: &mut PgConnection,
        progress: &mut (impl Fn(i64, i64) + Send),
    ) -> Result<i64, ApplyError> {
        let mut folds: Vec<Box<dyn AnyFold>> = self.model.nouns.iter().map(|noun| noun.fold()).collect();
        let mut position = 0;
        while let Some(events) = next(pool, (position, PAGE), progress).await? {
            let fold = async {
                let mut tx = connection.begin().await?;
                sqlx::query("set local synchronous_commit = off").execute(&mut *tx).await?;
                self.fold_page(&mut tx, &mut folds, &events).await?;
                tx.commit().await.map_err(ApplyError::from)
            };
            within(STEP, fold).await?;
            position = events.last().map_or(position, |event| event.position);
        }
        let write = async {
            let mut tx = connection.begin().await?;
            for fold in &mut folds {
                fold.write(&mut tx, self.generation).await?;
            }
            tx.commit().await.map_err(ApplyError::from)
        };
        within(STEP, write).await?;
        Ok(position)
    }

    /// Folds a page, parking what cannot be read as the live reader would.
    async fn fold_page(
        &mut self,
        tx: &mut PgConnection,
        folds: &mut [Box<dyn AnyFold>],
        events: &[Arc<Recorded>],
    ) -> Result<(), ApplyError> {
        let readable = events.iter().all(|recorded| recorded.event().is_ok());
        if readable && self.parked.is_empty() {
            return add(tx, (&mut *folds, self.generation), events).await;
        }
        for event in events {
            let reason = if self.parked.contains(&aggregate(event)) {
                Some("behind a parked event".to_owned())
            } else {
                event.event().err().map(ToString::to_string)
            };
            match reason {
                Some(reason) => self.park(tx, event, &reason).await?,
                None => add(tx, (&mut *folds, self.generation), std::slice::from_ref(event)).await?,
            }
        }
        Ok(())
    }

    /// Applies what was written meanwhile, portion by portion, so that little is left to do under the lock.
    async fn follow(
        &mut self,
        pool: &PgPool,
        connection: &mut PgConnection,
        (mut position, progress): (i64, &mut (impl Fn(i64, i64) + Send)),
    ) -> Result<i64, ApplyError> {
        while let Some(events) = next(pool, (position, PORTION), progress).await? {
            let apply = async {
                let mut tx = connection.begin().await?;
                sqlx::query("set local synchronous_commit = off").execute(&mut *tx).await?;
                self.apply(&mut tx, &events).await?;
                tx.commit().await.map_err(ApplyError::from)
            };
            within(STEP, apply).await?;
            position = events.last().map_or(position, |event| event.position);
        }
        Ok(position)
    }

    /// Under the reader's row lock: the last events, then the pointer. Answers the position the rows show.
    ///
    /// # Errors
    /// Any database error.
    pub(super) async fn swap(&mut self, connection: &mut PgConnection, built: i64) -> Result<i64, ApplyError> {
        within(STEP, self.swap_under_lock(connection, built)).await
    }

    async fn swap_under_lock(&mut self, connection: &mut PgConnection, built: i64) -> Result<i64, ApplyError> {
        let mut tx = connection.begin().await?;
        let live: i64 = sqlx::query_scalar("select position from readers where name = $1 for update")
            .bind(self.model.name)
            .fetch_one(&mut *tx)
            .await?;
        let mut position = built;
        while position < live {
            let events = until(&mut tx, position, live).await?;
            let Some(last) = events.last().map(|event| event.position) else { break };
            self.apply(&mut tx, &events).await?;
            position = last;
        }
        sqlx::query(
            "update readers set generation = $2, version = $3, position = $4, epoch = epoch + 1, lease_until = null \
             where name = $1",
        )
        .bind(self.model.name)
        .bind(self.generation)
        .bind(self.model.version)
        .bind(position)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Applies events to the rows there are, all in one go, or each by itself where one of them is poison.
    async fn apply(&mut self, tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
        let (live, waiting) = parking::split(events, &self.parked);
        for event in &waiting {
            self.park(tx, event, "behind a parked event").await?;
        }
        if live.is_empty() || self.try_apply(tx, &live).await?.is_none() {
            return Ok(());
        }
        for event in &live {
            let reason = if self.parked.contains(&aggregate(event)) {
                Some("behind a parked event".to_owned())
            } else {
                self.try_apply(tx, std::slice::from_ref(event)).await?
            };
            if let Some(reason) = reason {
                self.park(tx, event, &reason).await?;
            }
        }
        Ok(())
    }

    /// Why they cannot be applied, if they cannot; nothing is written then.
    async fn try_apply(&self, tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<Option<String>, ApplyError> {
        let mut savepoint = tx.begin().await?;
        match attempt::apply(self.model, &mut savepoint, self.generation, events).await {
            Ok(()) => {
                savepoint.commit().await?;
                Ok(None)
            }
            Err(poison) if poison.is_poison() => {
                savepoint.rollback().await?;
                Ok(Some(poison.reason()))
            }
            Err(error) => Err(error),
        }
    }

    async fn park(&mut self, tx: &mut PgConnection, event: &Recorded, reason: &str) -> Result<(), ApplyError> {
        parking::park_in_tx(tx, self.model.name, self.generation, event, reason).await?;
        self.parked.insert(aggregate(event));
        Ok(())
    }
}

fn aggregate(event: &Recorded) -> parking::Aggregate {
    (event.aggregate_type.clone(), event.aggregate_id.clone())
}

/// The events after `position`, at most `limit`; none once that is near the head.
async fn next(
    pool: &PgPool,
    (position, limit): (i64, i64),
    progress: &mut (impl Fn(i64, i64) + Send),
) -> Result<Option<Vec<Arc<Recorded>>>, ApplyError> {
    let head = within(STEP, page::head(pool)).await?;
    progress(position, head);
    if head == position || (head - position <= NEAR && position > 0) {
        return Ok(None);
    }
    let events = within(STEP, page::after(pool, position, limit)).await?;
    Ok(Some(events).filter(|events| !events.is_empty()))
}

/// The events after `position` up to `live`, as seen by this transaction.
async fn until(tx: &mut PgConnection, position: i64, live: i64) -> Result<Vec<Arc<Recorded>>, sqlx::Error> {
    let sql = format!(
        "select {} from events where position > $1 and position <= $2 order by position limit $3",
        recorded::COLUMNS
    );
    let rows: Vec<Recorded> = sqlx::query_as(&sql).bind(position).bind(live).bind(PORTION).fetch_all(tx).await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

async fn add(
    tx: &mut PgConnection,
    (folds, generation): (&mut [Box<dyn AnyFold>], i32),
    events: &[Arc<Recorded>],
) -> Result<(), ApplyError> {
    for fold in folds {
        fold.add(tx, generation, events).await?;
    }
    Ok(())
}
