//! When something is due between two midnights: for whoever moves business time by itself.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

/// What is due within so much is due together: payments that were tried together are tried again together.
const TOGETHER: TimeDelta = TimeDelta::seconds(5);

/// The next time between the two, both exclusive, at which an invoice is to be collected or a gateway to be asked.
///
/// # Errors
/// Any database error.
pub async fn next_timer<'e, E: PgExecutor<'e>>(
    executor: E,
    after: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "with timers as materialized ( \
            select next_at as at from index_collection where next_at > $1 and next_at < $2 and not attempting \
            union all select ask_at from payment_asks where ask_at > $1 and ask_at < $2) \
         select max(at) from timers where at <= (select min(at) from timers) + $3",
    )
    .bind(after)
    .bind(before)
    .bind(TOGETHER)
    .fetch_one(executor)
    .await
}

/// Whether an invoice is to be collected by now.
///
/// # Errors
/// Any database error.
pub async fn is_collection_due<'e, E: PgExecutor<'e>>(executor: E, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from index_collection where next_at <= $1 and not attempting)")
        .bind(now)
        .fetch_one(executor)
        .await
}
