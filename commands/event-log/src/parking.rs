//! Poison: an event a reader cannot apply parks its aggregate, loudly; every other aggregate moves on.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::PgConnection;

use crate::Recorded;

/// An aggregate by the names it is stored under.
pub type Aggregate = (String, String);
/// Aggregates that are parked.
pub type Parked = HashSet<Aggregate>;

/// The aggregates a reader has parked.
///
/// # Errors
/// Any database error.
pub async fn parked_in_tx(tx: &mut PgConnection, reader: &str, generation: i32) -> Result<Parked, sqlx::Error> {
    let rows: Vec<Aggregate> = sqlx::query_as(
        "select distinct aggregate_type, aggregate_id from dead_letters where reader = $1 and generation = $2",
    )
    .bind(reader)
    .bind(generation)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Parks one event; later ones of its aggregate follow it.
///
/// # Errors
/// Any database error.
pub async fn park_in_tx(
    tx: &mut PgConnection,
    reader: &str,
    generation: i32,
    event: &Recorded,
    reason: &str,
) -> Result<(), sqlx::Error> {
    metrics::counter!("reader_parked_total", "reader" => reader.to_owned()).increment(1);
    sqlx::query(
        "insert into dead_letters (reader, generation, aggregate_type, aggregate_id, position, reason) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(reader)
    .bind(generation)
    .bind(&event.aggregate_type)
    .bind(&event.aggregate_id)
    .bind(event.position)
    .bind(reason)
    .execute(tx)
    .await?;
    Ok(())
}

/// Splits a batch into what may be applied and what must wait behind its aggregate's parked event.
pub fn split(events: &[Arc<Recorded>], parked: &Parked) -> (Vec<Arc<Recorded>>, Vec<Arc<Recorded>>) {
    if parked.is_empty() {
        return (events.to_vec(), Vec::new());
    }
    events.iter().cloned().partition(|e| !parked.contains(&(e.aggregate_type.clone(), e.aggregate_id.clone())))
}
