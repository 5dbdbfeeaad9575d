//! The runs and what they have met so far. A run is worked on in steps, each committed before the next begins, so that a
//! page that fails, or a process that dies, costs that step only.

use chrono::{DateTime, Utc};
use domain::process::Effect;
use domain::reconcile::{Theirs, in_words};
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

pub use super::suspects::{Listed, Unlisted, compare, unlisted, unseen};
use crate::effects;

/// A run as it stands.
#[derive(Debug, Clone, FromRow)]
pub struct Run {
    pub run_id: Uuid,
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    /// The provider's cursor; `None` at the beginning, and when every page was read.
    pub next_page: Option<String>,
    /// Every page was read.
    pub scanned: bool,
    /// Differences met so far.
    pub found: i64,
    /// Those of them that became ours.
    pub adopted: i64,
}

/// Begins a run; a second time with the same id changes nothing.
///
/// # Errors
/// Any database error.
pub async fn begin_in_tx(tx: &mut PgConnection, run_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("insert into reconcile_runs (run_id) values ($1) on conflict do nothing")
        .bind(run_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// # Errors
/// Any database error.
pub async fn find<'e, E: PgExecutor<'e>>(executor: E, run_id: Uuid) -> Result<Option<Run>, sqlx::Error> {
    sqlx::query_as(
        "select run_id, number, started_at, completed_at, next_page, scanned, \
            (select count(*) from reconcile_findings f where f.run_id = r.run_id) as found, \
            (select count(*) from reconcile_findings f where f.run_id = r.run_id and f.adopted) as adopted \
         from reconcile_runs r where run_id = $1",
    )
    .bind(run_id)
    .fetch_optional(executor)
    .await
}

/// The oldest run that is being worked on, with its number. One that waits for the operator holds up nobody.
async fn first_in_line<'e, E: PgExecutor<'e>>(executor: E) -> Result<Option<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select r.run_id, r.number from reconcile_runs r join effects e \
            on e.kind = 'reconcile' and e.subject = r.run_id::text and e.state = 'due' \
         where r.completed_at is null order by r.number limit 1",
    )
    .fetch_optional(executor)
    .await
}

/// Whether an earlier run is still being worked on.
///
/// # Errors
/// Any database error.
pub async fn is_behind_another<'e, E: PgExecutor<'e>>(executor: E, run: &Run) -> Result<bool, sqlx::Error> {
    Ok(first_in_line(executor).await?.is_some_and(|(_, number)| number < run.number))
}

/// A page was read: what it showed, and where the next one begins. `known` says which of them we have.
///
/// # Errors
/// Any database error.
pub async fn page_read(
    pool: &PgPool,
    run_id: Uuid,
    page: &[(Theirs, bool)],
    next_page: Option<&str>,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query(
        "insert into reconcile_seen (run_id, provider_subscription_id, provider_account_id, known, shown, revision) \
         select $1, * from unnest($2::text[], $3::text[], $4::boolean[], $5::text[], $6::bigint[]) \
         on conflict (run_id, provider_subscription_id) do update set known = excluded.known, shown = excluded.shown, \
            revision = excluded.revision",
    )
    .bind(run_id)
    .bind(page.iter().map(|(theirs, _)| theirs.provider_subscription_id.as_str()).collect::<Vec<_>>())
    .bind(page.iter().map(|(theirs, _)| theirs.provider_account_id.as_str()).collect::<Vec<_>>())
    .bind(page.iter().map(|(_, known)| *known).collect::<Vec<_>>())
    .bind(page.iter().map(|(theirs, _)| in_words(theirs.status, theirs.quantity, &theirs.sku)).collect::<Vec<_>>())
    .bind(page.iter().map(|(theirs, _)| theirs.revision).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    sqlx::query("update reconcile_runs set next_page = $2, scanned = ($2 is null) where run_id = $1")
        .bind(run_id)
        .bind(next_page)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// The provider no longer knows where the next page begins: all over again. Nothing is concluded from what was seen.
///
/// # Errors
/// Any database error.
pub async fn scan_again(pool: &PgPool, run_id: Uuid) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("delete from reconcile_seen where run_id = $1").bind(run_id).execute(&mut *tx).await?;
    sqlx::query("update reconcile_runs set next_page = null, scanned = false where run_id = $1")
        .bind(run_id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Notes a difference, and that it became ours when it did.
///
/// # Errors
/// Any database error.
pub async fn met<'e, E: PgExecutor<'e>>(
    executor: E,
    run_id: Uuid,
    drift_id: Uuid,
    adopted: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into reconcile_findings (run_id, drift_id, adopted) values ($1, $2, $3) \
         on conflict (run_id, drift_id) do update set adopted = reconcile_findings.adopted or excluded.adopted",
    )
    .bind(run_id)
    .bind(drift_id)
    .bind(adopted)
    .execute(executor)
    .await?;
    Ok(())
}

/// Whether this run has met that difference.
///
/// # Errors
/// Any database error.
pub async fn has_met<'e, E: PgExecutor<'e>>(executor: E, run_id: Uuid, drift_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from reconcile_findings where run_id = $1 and drift_id = $2)")
        .bind(run_id)
        .bind(drift_id)
        .fetch_one(executor)
        .await
}

/// Whether this run's pages have shown that subscription of the provider's.
///
/// # Errors
/// Any database error.
pub async fn has_seen<'e, E: PgExecutor<'e>>(executor: E, run_id: Uuid, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from reconcile_seen where run_id = $1 and provider_subscription_id = $2)")
        .bind(run_id)
        .bind(name)
        .fetch_one(executor)
        .await
}

/// The run is over: what it has seen is no longer needed, and the next one need not look any more whether it may begin.
///
/// # Errors
/// Any database error.
pub async fn complete(pool: &PgPool, run_id: Uuid) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("delete from reconcile_seen where run_id = $1").bind(run_id).execute(&mut *tx).await?;
    sqlx::query(
        "update reconcile_runs set completed_at = clock_timestamp() where run_id = $1 and completed_at is null",
    )
    .bind(run_id)
    .execute(&mut *tx)
    .await?;
    if let Some((next, _)) = first_in_line(&mut *tx).await? {
        let effect = Effect::Reconcile { run_id: next };
        effects::hasten_open(&mut *tx, effect.name(), &effect.subject()).await?;
    }
    tx.commit().await
}
