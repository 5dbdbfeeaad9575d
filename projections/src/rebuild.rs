//! Rebuilding a read model while it is read and written.
//!
//! The log is folded in memory from position 0 and written as the next generation beside the live one. Then, in one
//! transaction that holds the reader's row, the last events are applied and one number moves: readers see the old rows
//! or the new ones, both whole. The epoch rises with it, so the live reader starts again on the new rows.

mod building;

use event_log::{ApplyError, Reader, patience};
use sqlx::{Connection, PgConnection, PgExecutor, PgPool};
use thiserror::Error;
use tracing::{info, warn};

use crate::ReadModel;
use building::Building;

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
    let lock = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('rebuild/' || $1, 0))")
        .bind(model.name())
        .fetch_one(&mut connection);
    let lock: bool = patience::answer(pool, lock).await?;
    if lock { Ok(connection) } else { Err(RebuildError::Running) }
}

async fn locked(
    pool: &PgPool,
    connection: &mut PgConnection,
    model: &ReadModel,
    mut progress: impl Fn(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    let live: Option<i32> = sqlx::query_scalar("select generation from readers where name = $1")
        .bind(model.name())
        .fetch_optional(&mut *connection)
        .await?;
    let live = live.ok_or(RebuildError::Unknown)?;
    let generation = live + 1;
    // Of rebuilds that ended too soon: before their rows were shown, or before the ones shown until then were deleted.
    clear(connection, model, generation).await?;
    clear(connection, model, live - 1).await?;
    let mut building = Building::new(model, generation);
    let position = building.build(pool, connection, &mut progress).await?;
    let position = building.swap(connection, position).await?;
    if let Err(error) = clear(connection, model, live).await {
        warn!(read_model = model.name(), %error, "the rows of before stay until the next rebuild");
    }
    info!(read_model = model.name(), generation, position, "rebuilt");
    Ok(Rebuilt { generation, position })
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

/// Rebuilds a model if that was asked for, or its rows are an older build's, and nobody has done it since.
///
/// # Errors
/// [`RebuildError`]; it stays asked for then.
pub async fn if_asked(pool: &PgPool, model: &ReadModel) -> Result<Option<Rebuilt>, RebuildError> {
    if !patience::answer(pool, is_asked(pool, model)).await? {
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

/// Rows of an older build are asked for at a start; whoever was at it then may have died. Rows of a newer build are left
/// to that build.
async fn is_asked<'e, E: PgExecutor<'e>>(executor: E, model: &ReadModel) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from readers where name = $1 \
            and (version < $2 or (version = $2 and asked_generation > generation)))",
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
            // Another node of the same build is at it; should it die, whoever keeps the model rebuilds it on demand.
            Ok(_) | Err(RebuildError::Running) => Ok(()),
            Err(error) => Err(error),
        },
        _ => Ok(()),
    }
}
