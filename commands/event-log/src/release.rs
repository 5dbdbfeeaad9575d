//! Letting a parked aggregate go on, in order, once what kept it back is mended.

use std::sync::Arc;

use sqlx::{Connection, PgConnection, PgPool};

use crate::reader::Reader;
use crate::{ApplyError, Recorded, attempt, recorded};

/// Events applied under one hold of the reader's row.
const PORTION: i64 = 200;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// Everything was applied; the aggregate follows the log again.
    All,
    /// This event still cannot be applied; it and all later ones stay parked.
    Still { position: i64, reason: String },
    /// Nothing is parked there any more.
    Nothing,
}

/// The reader and aggregate of a parked event of a live generation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Parked {
    pub reader: String,
    pub generation: i32,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub position: i64,
}

/// # Errors
/// Any database error.
pub async fn find(pool: &PgPool, number: i64) -> Result<Option<Parked>, sqlx::Error> {
    sqlx::query_as(
        "select d.reader, d.generation, d.aggregate_type, d.aggregate_id, d.position from dead_letters d \
         join readers r on r.name = d.reader and r.generation = d.generation where d.id = $1",
    )
    .bind(number)
    .fetch_optional(pool)
    .await
}

/// Applies the parked events of one aggregate in order. What is parked behind them meanwhile comes too.
///
/// # Errors
/// [`ApplyError::Database`]; then nothing of the last portion was applied.
pub async fn release(pool: &PgPool, reader: &dyn Reader, parked: &Parked) -> Result<Released, ApplyError> {
    let mut released = Released::Nothing;
    loop {
        let mut connection = pool.acquire().await?;
        let mut tx = connection.begin().await?;
        // Held until the commit: the live reader cannot move past what is being applied here. What it is in the middle
        // of was begun when all this was parked, and would park what comes after it: under the old epoch it fails. So it
        // must also when nothing is parked any more: what it parked now would wait behind nothing for ever.
        let sql = "update readers set epoch = epoch + 1 where name = $1 returning generation, version";
        let live: Option<(i32, i32)> = sqlx::query_as(sql).bind(reader.name()).fetch_optional(&mut *tx).await?;
        // Rows of a newer build are left to that build.
        let ours = live.is_some_and(|(live, version)| live == parked.generation && version <= reader.version());
        let events = if ours { waiting(&mut tx, parked).await? } else { Vec::new() };
        if events.is_empty() {
            tx.commit().await?;
            return Ok(released);
        }
        let mut still = None;
        for event in &events {
            still = apply(&mut tx, reader, parked, event).await?;
            if still.is_some() {
                break;
            }
        }
        tx.commit().await?;
        reader.applied(&events);
        released = Released::All;
        if let Some(still) = still {
            return Ok(still);
        }
    }
}

async fn waiting(tx: &mut PgConnection, parked: &Parked) -> Result<Vec<Arc<Recorded>>, sqlx::Error> {
    let sql = format!(
        "select {} from events where position in ( \
            select position from dead_letters where reader = $1 and generation = $2 and aggregate_type = $3 \
            and aggregate_id = $4 order by position limit $5) order by position",
        recorded::COLUMNS
    );
    let rows: Vec<Recorded> = sqlx::query_as(&sql)
        .bind(&parked.reader)
        .bind(parked.generation)
        .bind(&parked.aggregate_type)
        .bind(&parked.aggregate_id)
        .bind(PORTION)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// `Some` when it still cannot be applied.
async fn apply(
    tx: &mut PgConnection,
    reader: &dyn Reader,
    parked: &Parked,
    event: &Arc<Recorded>,
) -> Result<Option<Released>, ApplyError> {
    let mut savepoint = tx.begin().await?;
    match attempt::apply(reader, &mut savepoint, parked.generation, std::slice::from_ref(event)).await {
        Ok(()) => {
            forget(&mut savepoint, parked, event.position).await?;
            savepoint.commit().await?;
            Ok(None)
        }
        Err(poison) if poison.is_poison() => {
            savepoint.rollback().await?;
            let reason = poison.reason();
            sqlx::query("update dead_letters set reason = $4 where reader = $1 and generation = $2 and position = $3")
                .bind(&parked.reader)
                .bind(parked.generation)
                .bind(event.position)
                .bind(&reason)
                .execute(tx)
                .await?;
            Ok(Some(Released::Still { position: event.position, reason }))
        }
        Err(error) => Err(error),
    }
}

/// Takes one event off the list: it is applied, or given up.
///
/// # Errors
/// Any database error.
pub async fn forget(tx: &mut PgConnection, parked: &Parked, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query("delete from dead_letters where reader = $1 and generation = $2 and position = $3")
        .bind(&parked.reader)
        .bind(parked.generation)
        .bind(position)
        .execute(tx)
        .await?;
    Ok(())
}
