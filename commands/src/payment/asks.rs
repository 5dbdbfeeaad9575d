//! When a gateway is asked what came of something: one schedule per effect that asks, in business time. Hints for the
//! worker; nothing is decided by them but when to ask.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::collecting::retry::ask_after;
use domain::process::{Collect, Effect, Process};
use sqlx::{FromRow, PgExecutor, PgPool};
use uuid::Uuid;

use crate::effects::{self, Wanted};

/// Where one schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Business time of the next question.
    pub at: DateTime<Utc>,
    /// Questions so far.
    pub asked: u32,
    /// At the last question the gateway had never heard of it.
    pub missed: bool,
}

#[derive(FromRow)]
struct Row {
    ask_at: DateTime<Utc>,
    asked: i32,
    missed: bool,
}

/// Where the schedule of an effect stands; it begins now where there is none yet.
///
/// # Errors
/// Any database error.
pub async fn begin<'e, E: PgExecutor<'e>>(executor: E, op_id: Uuid, now: DateTime<Utc>) -> Result<Ask, sqlx::Error> {
    // An update that changes nothing, so that a row that is there is returned too.
    let row: Row = sqlx::query_as(
        "insert into payment_asks (op_id, ask_at) values ($1, $2) \
         on conflict (op_id) do update set asked = payment_asks.asked returning ask_at, asked, missed",
    )
    .bind(op_id)
    .bind(now + ask_after(0))
    .fetch_one(executor)
    .await?;
    Ok(Ask { at: row.ask_at, asked: u32::try_from(row.asked).unwrap_or_default(), missed: row.missed })
}

/// Notes a question that left it open, asked now. A hint that came in meanwhile keeps its question.
///
/// # Errors
/// Any database error.
pub async fn put_off<'e, E: PgExecutor<'e>>(
    executor: E,
    op_id: Uuid,
    now: DateTime<Utc>,
    (ask, missed): (Ask, bool),
) -> Result<Ask, sqlx::Error> {
    let asked = ask.asked.saturating_add(1);
    let next = Ask { at: now + ask_after(asked), asked, missed };
    sqlx::query(
        "update payment_asks set asked = $3, missed = $4, ask_at = case when ask_at = $5 then $2 else ask_at end \
         where op_id = $1",
    )
    .bind(op_id)
    .bind(next.at)
    .bind(i32::try_from(asked).unwrap_or(i32::MAX))
    .bind(missed)
    .bind(ask.at)
    .execute(executor)
    .await?;
    Ok(next)
}

/// Forgets the schedule of an effect that asks no more.
///
/// # Errors
/// Any database error.
pub async fn end<'e, E: PgExecutor<'e>>(executor: E, op_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from payment_asks where op_id = $1").bind(op_id).execute(executor).await?;
    Ok(())
}

/// Has whatever still asks about that subject ask now. Whether anything does.
///
/// # Errors
/// Any database error.
pub async fn ask_now(pool: &PgPool, kind: &str, subject: &str) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "update payment_asks set ask_at = to_timestamp(0) where op_id in \
         (select op_id from effects where subject = $1 and kind = $2 and state = 'due')",
    )
    .bind(subject)
    .bind(kind)
    .execute(pool)
    .await?;
    effects::hasten_open(pool, kind, subject).await
}

/// Asks at once about a payment or refund about which nobody asks any more: it may have come about after all. A second
/// time with the same `op_id` changes nothing.
///
/// # Errors
/// Any database error.
pub async fn ask_once_more(pool: &PgPool, op_id: Uuid, effect: &Effect) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("insert into payment_asks (op_id, ask_at) values ($1, to_timestamp(0)) on conflict do nothing")
        .bind(op_id)
        .execute(&mut *tx)
        .await?;
    let (process, delay) = (Collect::NAME, Duration::ZERO);
    let wanted = Wanted { process, op_id, position: None, correlation_id: None, effect, delay };
    effects::ask_in_tx(&mut *tx, &wanted).await?;
    tx.commit().await
}

/// The payment that a refund was asked of, if it ever was.
///
/// # Errors
/// Any database error.
pub async fn refunded_payment<'e, E: PgExecutor<'e>>(
    executor: E,
    refund_id: Uuid,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select (effect->>'payment_id')::uuid from effects where subject = $1 and kind = 'refund_payment' limit 1",
    )
    .bind(refund_id.to_string())
    .fetch_optional(executor)
    .await
}

/// Asks what is due by the business clock, however that got there.
///
/// # Errors
/// Any database error.
pub async fn hasten_due(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set due_at = clock_timestamp() where state = 'due' and due_at > clock_timestamp() \
         and lease_until is null and op_id in (select op_id from payment_asks where ask_at <= $1)",
    )
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}
