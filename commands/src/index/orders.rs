//! Which orders wait for their day, which to be paid, and which of them have not ended.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::Event;
use domain::order::{OrderDetails, OrderEvent, PaymentMode};
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

/// A prepaid order that is not paid, as far as the index knows.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct UnpaidOrder {
    pub order_id: Uuid,
    /// Business time.
    pub placed_at: DateTime<Utc>,
    /// Of the request that ordered it.
    pub correlation_id: String,
}

pub(super) async fn placed(
    tx: &mut PgConnection,
    recorded: &Recorded,
    details: &OrderDetails,
) -> Result<(), ApplyError> {
    sqlx::query("insert into index_open_orders (order_id, account_id) values ($1, $2) on conflict do nothing")
        .bind(details.order_id)
        .bind(details.account_id)
        .execute(&mut *tx)
        .await?;
    match details.payment {
        PaymentMode::Invoice => return Ok(()),
        PaymentMode::Prepaid => {}
    }
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    sqlx::query(
        "insert into index_unpaid_orders (order_id, placed_at, correlation_id) values ($1, $2, $3) \
         on conflict do nothing",
    )
    .bind(details.order_id)
    .bind(details.ordered_at)
    .bind(metadata.correlation_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes out what waits no more, and what has ended, in one go: nearly all of these orders never waited.
pub(super) async fn no_longer_waiting(tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
    let (mut started, mut paid, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    for recorded in events {
        let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
        let Event::Order(event) = event else { continue };
        let order = recorded.aggregate_id.as_str();
        if matches!(event, OrderEvent::OrderPlaced { .. }) || has_come_to_nothing(event) {
            started.push(order);
        }
        if matches!(event, OrderEvent::OrderPaid { .. }) || has_come_to_nothing(event) {
            paid.push(order);
        }
        if matches!(event, OrderEvent::OrderFulfilled {} | OrderEvent::OrderPartiallyFulfilled {})
            || has_come_to_nothing(event)
        {
            ended.push(order);
        }
    }
    take_out(tx, "delete from index_scheduled_orders where order_id = any($1::text[]::uuid[])", &started).await?;
    take_out(tx, "delete from index_unpaid_orders where order_id = any($1::text[]::uuid[])", &paid).await?;
    take_out(tx, "delete from index_open_orders where order_id = any($1::text[]::uuid[])", &ended).await
}

/// Perhaps without having been placed, or paid.
const fn has_come_to_nothing(event: &OrderEvent) -> bool {
    matches!(event, OrderEvent::OrderFailed {} | OrderEvent::OrderCancelled {})
}

async fn take_out(tx: &mut PgConnection, delete: &'static str, orders: &[&str]) -> Result<(), ApplyError> {
    if !orders.is_empty() {
        sqlx::query(delete).bind(orders).execute(tx).await?;
    }
    Ok(())
}

/// The orders of an account that have been placed and, as far as the index knows, have not ended. What the index does
/// not have yet is looked up at the end of the log, so that one placed a moment ago is not overlooked.
///
/// # Errors
/// Any database error.
pub async fn open_orders<'e, E: PgExecutor<'e>>(executor: E, account: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select order_id from index_open_orders where account_id = $1 \
         union select aggregate_id::uuid from unindexed_events \
         where aggregate_type = 'order' and event_type = 'OrderPlaced' \
            and payload #>> '{OrderPlaced,details,account_id}' = $1::text",
    )
    .bind(account)
    .fetch_all(executor)
    .await
}

/// The next prepaid orders that were placed at `until` or earlier and are not paid, oldest first; `after` is the last of
/// the page before.
///
/// # Errors
/// Any database error.
pub async fn orders_unpaid_since<'e, E: PgExecutor<'e>>(
    executor: E,
    until: DateTime<Utc>,
    after: Option<&UnpaidOrder>,
    limit: i64,
) -> Result<Vec<UnpaidOrder>, sqlx::Error> {
    sqlx::query_as(
        "select order_id, placed_at, correlation_id from index_unpaid_orders \
         where placed_at <= $1 and ($2::timestamptz is null or (placed_at, order_id) > ($2, $3)) \
         order by placed_at, order_id limit $4",
    )
    .bind(until)
    .bind(after.map(|order| order.placed_at))
    .bind(after.map(|order| order.order_id))
    .bind(limit)
    .fetch_all(executor)
    .await
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
