//! Reading all streams in order.

use std::sync::Arc;

use sqlx::{PgPool, Postgres};

use crate::recorded::COLUMNS;
use crate::{LogError, Recorded};

/// Events at most in one page of the tail; catch-up may ask for more.
pub const PAGE: i64 = 1_000;

/// The events after `position`, in order, at most `limit`.
///
/// Safe without any fence: the append function hands out positions under a lock it holds until commit, so an event
/// that is visible has every earlier one visible too.
///
/// # Errors
/// [`LogError::Database`].
pub async fn after(pool: &PgPool, position: i64, limit: i64) -> Result<Vec<Arc<Recorded>>, LogError> {
    let sql = format!("select {COLUMNS} from events where position > $1 order by position limit $2");
    let rows: Vec<Recorded> = sqlx::query_as(&sql).bind(position).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// The position of the last committed event, 0 for an empty log.
///
/// # Errors
/// [`LogError::Database`].
pub async fn head<'e, E: sqlx::Executor<'e, Database = Postgres>>(executor: E) -> Result<i64, LogError> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(executor).await?)
}

/// What tells this log from any other.
///
/// # Errors
/// [`LogError::Database`].
pub async fn log_id(pool: &PgPool) -> Result<uuid::Uuid, LogError> {
    Ok(sqlx::query_scalar("select log_id from log_head").fetch_one(pool).await?)
}
