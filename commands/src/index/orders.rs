//! Which orders wait for their day.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::Event;
use domain::order::OrderEvent;
use event_log::{ApplyError, Recorded};
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

/// An order that waits for its day.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ScheduledOrder {
    pub order_id: Uuid,
    pub start_on: NaiveDate,
    /// Of the request that ordered it.
    pub correlation_id: String,
}

pub(super) async fn scheduled(
    tx: &mut PgConnection,
    recorded: &Recorded,
    start_on: NaiveDate,
) -> Result<(), ApplyError> {
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    sqlx::query(
        "insert into index_scheduled_orders (order_id, start_on, correlation_id) values ($1::text::uuid, $2, $3) \
         on conflict do nothing",
    )
    .bind(&recorded.aggregate_id)
    .bind(start_on)
    .bind(metadata.correlation_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes out what has started or ended, in one go: nearly all of these orders never waited.
pub(super) async fn no_longer_scheduled(tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
    let mut left = Vec::new();
    for recorded in events {
        let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
        if let Event::Order(event) = event
            && leaves(event)
        {
            left.push(recorded.aggregate_id.as_str());
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from index_scheduled_orders where order_id = any($1::text[]::uuid[])")
        .bind(left)
        .execute(tx)
        .await?;
    Ok(())
}

fn leaves(event: &OrderEvent) -> bool {
    matches!(event, OrderEvent::OrderPlaced { .. } | OrderEvent::OrderFailed {} | OrderEvent::OrderCancelled {})
}

/// The next orders whose day is `today` or earlier, by day; `after` is the last of the page before.
///
/// # Errors
/// Any database error.
pub async fn due_orders<'e, E: PgExecutor<'e>>(
    executor: E,
    today: NaiveDate,
    after: Option<&ScheduledOrder>,
    limit: i64,
) -> Result<Vec<ScheduledOrder>, sqlx::Error> {
    sqlx::query_as(
        "select order_id, start_on, correlation_id from index_scheduled_orders \
         where start_on <= $1 and ($2::date is null or (start_on, order_id) > ($2, $3)) \
         order by start_on, order_id limit $4",
    )
    .bind(today)
    .bind(after.map(|order| order.start_on))
    .bind(after.map(|order| order.order_id))
    .bind(limit)
    .fetch_all(executor)
    .await
}
