//! Where each reader is.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

/// One reader against the head of the log.
#[derive(Debug, Clone, FromRow)]
pub struct Status {
    pub name: String,
    pub version: i32,
    pub position: i64,
    pub head: i64,
    /// Age in whole seconds of the oldest event it has not applied; 0 when it is at the head.
    pub lag_seconds: i64,
    /// Aggregates it has parked.
    pub parked: i64,
    /// Whether some process holds its lease.
    pub running: bool,
}

/// Every reader, by name.
///
/// # Errors
/// Any database error.
pub async fn readers<'e, E: PgExecutor<'e>>(executor: E) -> Result<Vec<Status>, sqlx::Error> {
    sqlx::query_as(
        "select r.name, r.version, r.position, h.position as head, \
            coalesce(floor(extract(epoch from clock_timestamp() - e.recorded_at)), 0)::bigint as lag_seconds, \
            (select count(distinct (d.aggregate_type, d.aggregate_id)) from dead_letters d \
             where d.reader = r.name and d.generation = r.generation) as parked, \
            coalesce(r.lease_until > clock_timestamp(), false) as running \
         from readers r cross join log_head h left join events e on e.position = r.position + 1 order by r.name",
    )
    .fetch_all(executor)
    .await
}

/// A parked event.
#[derive(Debug, Clone, FromRow)]
pub struct DeadLetter {
    pub id: i64,
    pub reader: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub position: i64,
    pub reason: String,
    pub parked_at: DateTime<Utc>,
}

/// Parked events of the live generations, newest first, before an id.
///
/// # Errors
/// Any database error.
pub async fn dead_letters<'e, E: PgExecutor<'e>>(
    executor: E,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    sqlx::query_as(
        "select d.id, d.reader, d.aggregate_type, d.aggregate_id, d.position, d.reason, d.parked_at \
         from dead_letters d join readers r on r.name = d.reader and r.generation = d.generation \
         where ($1::bigint is null or d.id < $1) order by d.id desc limit $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(executor)
    .await
}
