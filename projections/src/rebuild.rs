//! Rebuilding a read model while it is read and written.
//!
//! The log is folded in memory from position 0 and written as the next generation beside the live one. Then, in one
//! transaction that holds the reader's row, the last events are applied and one number moves: readers see the old rows
//! or the new ones, both whole. The epoch rises with it, so the live reader starts again on the new rows.

use std::collections::HashSet;
use std::sync::Arc;

use event_log::parking::{self, Aggregate};
use event_log::{ApplyError, Reader, Recorded, page};
use sqlx::{Connection, PgConnection, PgExecutor, PgPool};
use thiserror::Error;
use tracing::info;

use crate::ReadModel;
use crate::noun::AnyFold;

/// Events read at once.
const PAGE: i64 = 10_000;
/// Closer to the head than this, the rest is applied under the lock.
const NEAR: i64 = 1_000;

#[derive(Debug, Error)]
pub enum RebuildError {
    #[error("another rebuild of it is running")]
    Running,
    #[error("it has never run")]
    Unknown,
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Apply(error.into())
    }
}

/// What a rebuild came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    pub generation: i32,
    /// The position the new rows show.
    pub position: i64,
}

/// Whether a rebuild of that model is under way, in whatever process.
///
/// # Errors
/// Any database error.
pub async fn is_running(pool: &PgPool, name: &str) -> Result<bool, sqlx::Error> {
    // An advisory lock of one number shows as its two halves.
    sqlx::query_scalar(
        "select exists (select from pg_locks where locktype = 'advisory' and objsubid = 1 and granted \
            and database = (select oid from pg_database where datname = current_database()) \
            and (classid::bigint << 32) | objid::bigint = hashtextextended('rebuild/' || $1, 0))",
    )
    .bind(name)
    .fetch_one(pool)
    .await
}

/// Rebuilds one model; `progress` hears the position reached and the head.
///
/// # Errors
/// [`RebuildError`]; the live generation is untouched then.
pub async fn rebuild(
    pool: &PgPool,
    model: &ReadModel,
    progress: impl Fn(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    let mut connection = lock(pool, model).await?;
    // The lock goes with the connection, also when this process dies.
    let rebuilt = locked(pool, &mut connection, model, progress).await;
    let _ = connection.close().await;
    rebuilt
}

async fn lock(pool: &PgPool, model: &ReadModel) -> Result<PgConnection, RebuildError> {
    let mut connection = pool.acquire().await?.detach();
    let lock: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('rebuild/' || $1, 0))")
        .bind(model.name())
        .fetch_one(&mut connection)
        .await?;
    if lock { Ok(connection) } else { Err(RebuildError::Running) }
}

async fn locked(
    pool: &PgPool,
    connection: &mut PgConnection,
    model: &ReadModel,
    progress: impl Fn(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    let live: Option<i32> = sqlx::query_scalar("select generation from readers where name = $1")
        .bind(model.name())
        .fetch_optional(&mut *connection)
        .await?;
    let generation = live.ok_or(RebuildError::Unknown)? + 1;
    clear(connection, model, generation).await?;
    let mut building =
        Building { model, generation, folds: model.nouns.iter().map(|n| n.fold()).collect(), parked: HashSet::new() };
    let position = building.catch_up(pool, connection, progress).await?;
    let swapped = building.swap(connection, position).await?;
    clear(connection, model, generation - 1).await?;
    info!(read_model = model.name(), generation, position = swapped, "rebuilt");
    Ok(Rebuilt { generation, position: swapped })
}

async fn clear(connection: &mut PgConnection, model: &ReadModel, generation: i32) -> Result<(), sqlx::Error> {
    for noun in &model.nouns {
        noun.clear(connection, generation).await?;
    }
    sqlx::query("delete from dead_letters where reader = $1 and generation = $2")
        .bind(model.name())
        .bind(generation)
        .execute(connection)
        .await?;
    Ok(())
}

struct Building<'a> {
    model: &'a ReadModel,
    generation: i32,
    folds: Vec<Box<dyn AnyFold>>,
    parked: HashSet<Aggregate>,
}

impl Building<'_> {
    /// Folds until near the head and writes the rows. Answers the position they show.
    async fn catch_up(
        &mut self,
        pool: &PgPool,
        connection: &mut PgConnection,
        progress: impl Fn(i64, i64) + Send,
    ) -> Result<i64, RebuildError> {
        let mut position = 0;
        loop {
            let head = page::head(pool).await.map_err(ApplyError::from)?;
            progress(position, head);
            if head - position <= NEAR && position > 0 || head == position {
                break;
            }
            let events = page::after(pool, position, PAGE).await.map_err(ApplyError::from)?;
            let Some(last) = events.last() else { break };
            position = last.position;
            let mut tx = connection.begin().await?;
            sqlx::query("set local synchronous_commit = off").execute(&mut *tx).await?;
            self.fold(&mut tx, &events).await?;
            tx.commit().await?;
        }
        let mut tx = connection.begin().await?;
        for fold in &mut self.folds {
            fold.write(&mut tx, self.generation).await?;
        }
        tx.commit().await?;
        Ok(position)
    }

    /// Folds a page, parking what cannot be applied as the live reader would.
    async fn fold(&mut self, tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
        let readable = events.iter().all(|recorded| recorded.event().is_ok());
        if readable && self.parked.is_empty() {
            return self.fold_all(tx, events).await;
        }
        for event in events {
            let key = (event.aggregate_type.clone(), event.aggregate_id.clone());
            let reason = if self.parked.contains(&key) {
                Some("behind a parked event".to_owned())
            } else {
                event.event().err().map(ToString::to_string)
            };
            match reason {
                Some(reason) => {
                    parking::park_in_tx(tx, self.model.name(), self.generation, event, &reason).await?;
                    self.parked.insert(key);
                }
                None => self.fold_all(tx, std::slice::from_ref(event)).await?,
            }
        }
        Ok(())
    }

    async fn fold_all(&mut self, tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
        for fold in &mut self.folds {
            fold.add(tx, self.generation, events).await?;
        }
        Ok(())
    }

    /// Under the reader's row lock: the last events, then the pointer.
    async fn swap(&self, connection: &mut PgConnection, built: i64) -> Result<i64, RebuildError> {
        let mut tx = connection.begin().await?;
        let live: i64 = sqlx::query_scalar("select position from readers where name = $1 for update")
            .bind(self.model.name())
            .fetch_one(&mut *tx)
            .await?;
        let mut position = built;
        while position < live {
            let sql = format!(
                "select {} from events where position > $1 and position <= $2 order by position limit $3",
                event_log::recorded::COLUMNS
            );
            let rows: Vec<Recorded> =
                sqlx::query_as(&sql).bind(position).bind(live).bind(PAGE).fetch_all(&mut *tx).await?;
            let events: Vec<Arc<Recorded>> = rows.into_iter().map(Arc::new).collect();
            let Some(last) = events.last().map(|event| event.position) else { break };
            let (live_events, waiting) = parking::split(&events, &self.parked);
            for event in &waiting {
                let reason = "behind a parked event";
                parking::park_in_tx(&mut tx, self.model.name(), self.generation, event, reason).await?;
            }
            self.model.apply(&mut tx, self.generation, &live_events).await?;
            position = last;
        }
        sqlx::query(
            "update readers set generation = $2, version = $3, position = $4, epoch = epoch + 1, lease_until = null \
             where name = $1",
        )
        .bind(self.model.name())
        .bind(self.generation)
        .bind(self.model.version)
        .bind(position)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(position)
    }
}

/// The generation that a rebuild begun now would show; of a model that has never run, its first.
///
/// # Errors
/// Any database error.
pub async fn next_generation(pool: &PgPool, name: &str) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select coalesce(max(generation), 0) + 1 from readers where name = $1")
        .bind(name)
        .fetch_one(pool)
        .await
}

/// Asks whoever keeps the model for that generation, for as long as it takes. Asking again, or for what is shown
/// already, changes nothing.
///
/// # Errors
/// Any database error.
pub async fn ask(pool: &PgPool, name: &str, generation: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update readers set asked_generation = $2 where name = $1 and asked_generation < $2 and generation < $2",
    )
    .bind(name)
    .bind(generation)
    .execute(pool)
    .await?;
    Ok(())
}

/// Rebuilds a model if that was asked for and nobody has done it since.
///
/// # Errors
/// [`RebuildError`]; it stays asked for then.
pub async fn if_asked(pool: &PgPool, model: &ReadModel) -> Result<Option<Rebuilt>, RebuildError> {
    if !is_asked(pool, model).await? {
        return Ok(None);
    }
    let mut connection = lock(pool, model).await?;
    // Another process may have done it before the lock was ours.
    let rebuilt = match is_asked(&mut connection, model).await {
        Ok(true) => locked(pool, &mut connection, model, |_, _| {}).await.map(Some),
        Ok(false) => Ok(None),
        Err(error) => Err(error.into()),
    };
    let _ = connection.close().await;
    rebuilt
}

/// Rows of a newer build are left to that build.
async fn is_asked<'e, E: PgExecutor<'e>>(executor: E, model: &ReadModel) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from readers where name = $1 and asked_generation > generation and version <= $2)",
    )
    .bind(model.name())
    .bind(model.version)
    .fetch_one(executor)
    .await
}

/// Rebuilds a model whose rows were written by an older build; a model that has never run starts at this build's version.
///
/// # Errors
/// [`RebuildError`].
pub async fn bring_up_to_date(pool: &PgPool, model: &ReadModel) -> Result<(), RebuildError> {
    let known: Option<i32> = sqlx::query_scalar(
        "insert into readers (name, version) values ($1, $2) on conflict (name) do update set name = excluded.name \
         returning version",
    )
    .bind(model.name())
    .bind(model.version)
    .fetch_optional(pool)
    .await?;
    match known {
        Some(version) if version < model.version => match rebuild(pool, model, |_, _| {}).await {
            // Another node of the same build is at it.
            Ok(_) | Err(RebuildError::Running) => Ok(()),
            Err(error) => Err(error),
        },
        _ => Ok(()),
    }
}
