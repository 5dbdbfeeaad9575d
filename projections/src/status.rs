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

/// How far a reader is, or without a name the one that is furthest behind; 0 when there is none.
///
/// # Errors
/// Any database error.
pub async fn position<'e, E: PgExecutor<'e>>(executor: E, reader: Option<&str>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(min(position), 0) from readers where $1::text is null or name = $1")
        .bind(reader)
        .fetch_one(executor)
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

/// What parked events to list.
#[derive(Debug, Clone, Default)]
pub struct LetterFilter {
    /// Of this customer.
    pub customer_id: Option<uuid::Uuid>,
    /// Only what comes after this moment and id in the list.
    pub before: Option<(DateTime<Utc>, String)>,
    pub limit: i64,
}

/// Parked events of the live generations, newest first; of the same moment by id.
///
/// # Errors
/// Any database error.
pub async fn dead_letters<'e, E: PgExecutor<'e>>(
    executor: E,
    filter: &LetterFilter,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    sqlx::query_as(
        "select d.id, d.reader, d.aggregate_type, d.aggregate_id, d.position, d.reason, d.parked_at \
         from dead_letters d join readers r on r.name = d.reader and r.generation = d.generation \
         where ($1::timestamptz is null or (d.parked_at, d.id::text collate \"C\") < ($1, $2::text collate \"C\")) \
         and ($3::uuid is null or exists (select from events e where e.position = d.position and e.customer_id = $3)) \
         order by d.parked_at desc, d.id::text collate \"C\" desc limit $4",
    )
    .bind(filter.before.as_ref().map(|(moment, _)| *moment))
    .bind(filter.before.as_ref().map(|(_, id)| id))
    .bind(filter.customer_id)
    .bind(filter.limit)
    .fetch_all(executor)
    .await
}
