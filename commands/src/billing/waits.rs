//! Runs that wait for the provider to close its bills, and what they have read meanwhile. Hints for the worker; nothing
//! is decided by them but when to ask.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::{Period, ProviderLine};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::effects::{self, Due};

/// The kind of the effects that work on a run.
const RUN: &str = "run_billing";

/// Runs that are worked on at once: everything else that is asked of the provider shares its workers with them.
const RUNS_AT_ONCE: i64 = 4;

/// How long a run waits, in business time, before it asks again.
pub fn ask_again_after() -> TimeDelta {
    TimeDelta::hours(1)
}

/// How long it waits altogether: then it bills what is there.
pub fn wait_at_most() -> TimeDelta {
    TimeDelta::days(5)
}

/// An account whose bill was not closed when the provider was asked.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub account_id: Uuid,
    /// The billed party, which waits with it.
    pub customer_id: Uuid,
}

/// Notes that the provider was asked at that time and has not closed these bills.
///
/// # Errors
/// Any database error.
pub async fn note<'e, E: PgExecutor<'e>>(
    executor: E,
    (run_id, period): (Uuid, Period),
    waiting: &[Waiting],
    asked_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into billing_waits (run_id, account_id, customer_id, period, asked_at) \
         select $1, account, customer, $4, $5 from unnest($2::uuid[], $3::uuid[]) w (account, customer) \
         on conflict (run_id, account_id) do update set asked_at = excluded.asked_at, customer_id = excluded.customer_id",
    )
    .bind(run_id)
    .bind(waiting.iter().map(|waiting| waiting.account_id).collect::<Vec<_>>())
    .bind(waiting.iter().map(|waiting| waiting.customer_id).collect::<Vec<_>>())
    .bind(period.to_string())
    .bind(asked_at)
    .execute(executor)
    .await?;
    Ok(())
}

/// The billed parties of a run that were asked for less than an hour ago and need not be asked for now.
///
/// # Errors
/// Any database error.
pub async fn resting<'e, E: PgExecutor<'e>>(
    executor: E,
    run_id: Uuid,
    now: DateTime<Utc>,
) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let parties: Vec<Uuid> =
        sqlx::query_scalar("select distinct customer_id from billing_waits where run_id = $1 and asked_at > $2")
            .bind(run_id)
            .bind(now - ask_again_after())
            .fetch_all(executor)
            .await?;
    Ok(parties.into_iter().collect())
}

/// Forgets who waited an hour ago: whoever still waits was noted again since.
///
/// # Errors
/// Any database error.
pub async fn forget_old<'e, E: PgExecutor<'e>>(
    executor: E,
    run_id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from billing_waits where run_id = $1 and asked_at <= $2")
        .bind(run_id)
        .bind(now - ask_again_after())
        .execute(executor)
        .await?;
    Ok(())
}

/// Asks again for what waits: runs that were asked for an hour of business time ago, however the clock got there.
///
/// # Errors
/// Any database error.
pub async fn hasten_waiting(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set due_at = clock_timestamp() where kind = $1 and state = 'due' \
         and due_at > clock_timestamp() and lease_until is null \
         and subject in (select run_id::text from billing_waits where asked_at <= $2)",
    )
    .bind(RUN)
    .bind(now - ask_again_after())
    .execute(pool)
    .await?;
    Ok(())
}

/// The provider says that it has closed a month's bills, those of one account of ours where it names one: whoever waits
/// for them asks at once. Whether anybody does.
///
/// # Errors
/// Any database error.
pub async fn closed(pool: &PgPool, period: &str, account_id: Option<Uuid>) -> Result<bool, sqlx::Error> {
    let runs: Vec<Uuid> = sqlx::query_scalar(
        "with woken as (update billing_waits set asked_at = '-infinity' \
            where period = $1 and ($2::uuid is null or account_id = $2) returning run_id) \
         select distinct run_id from woken",
    )
    .bind(period)
    .bind(account_id)
    .fetch_all(pool)
    .await?;
    for run in &runs {
        effects::hasten_open(pool, RUN, &run.to_string()).await?;
    }
    Ok(!runs.is_empty())
}

/// Leaves the work to an older effect of the same run, if one is open: it is performed again, now, and sees everything.
///
/// # Errors
/// Any database error.
pub async fn left_to_older(pool: &PgPool, due: &Due) -> Result<bool, sqlx::Error> {
    let older = sqlx::query(
        "update effects set due_at = clock_timestamp() \
         where kind = $1 and subject = $2 and state = 'due' and position < $3",
    )
    .bind(RUN)
    .bind(due.effect.subject())
    .bind(due.position)
    .execute(pool)
    .await?;
    Ok(older.rows_affected() > 0)
}

/// Whether so many older runs are being worked on that this one has to let the provider's other work through.
///
/// # Errors
/// Any database error.
pub async fn is_crowded_out(pool: &PgPool, due: &Due) -> Result<bool, sqlx::Error> {
    let older: i64 = sqlx::query_scalar(
        "select count(*) from effects where kind = $1 and state = 'due' and position < $2 \
         and (lease_until > clock_timestamp() or due_at <= clock_timestamp())",
    )
    .bind(RUN)
    .bind(due.position)
    .fetch_one(pool)
    .await?;
    Ok(older >= RUNS_AT_ONCE)
}

/// What the provider's bill of one account says, kept until those of its whole billed party are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadBill {
    pub months: BTreeSet<Period>,
    pub lines: Vec<ProviderLine>,
}

/// Keeps what was read when there is no time to go on.
///
/// # Errors
/// Any database error.
pub async fn keep_bills<'e, E: PgExecutor<'e>>(
    executor: E,
    run_id: Uuid,
    bills: &[(Uuid, ReadBill)],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into billing_bills (run_id, account_id, bill) \
         select $1, account, bill from unnest($2::uuid[], $3::jsonb[]) b (account, bill) \
         on conflict (run_id, account_id) do update set bill = excluded.bill",
    )
    .bind(run_id)
    .bind(bills.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(bills.iter().map(|(_, bill)| Json(bill)).collect::<Vec<_>>())
    .execute(executor)
    .await?;
    Ok(())
}

/// What was kept of these accounts.
///
/// # Errors
/// Any database error.
pub async fn kept_bills<'e, E: PgExecutor<'e>>(
    executor: E,
    run_id: Uuid,
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, ReadBill)>, sqlx::Error> {
    let rows: Vec<(Uuid, Json<ReadBill>)> =
        sqlx::query_as("select account_id, bill from billing_bills where run_id = $1 and account_id = any($2)")
            .bind(run_id)
            .bind(accounts)
            .fetch_all(executor)
            .await?;
    Ok(rows.into_iter().map(|(account, bill)| (account, bill.0)).collect())
}

/// Forgets what was kept, and who waited: of these accounts, or of the whole run.
///
/// # Errors
/// Any database error.
pub async fn forget(pool: &PgPool, run_id: Uuid, accounts: Option<&[Uuid]>) -> Result<(), sqlx::Error> {
    for table in ["billing_bills", "billing_waits"] {
        let sql = format!("delete from {table} where run_id = $1 and ($2::uuid[] is null or account_id = any($2))");
        sqlx::query(&sql).bind(run_id).bind(accounts).execute(pool).await?;
    }
    Ok(())
}
