//! What only one side has. It is listed after two complete scans in a row, for what is on its way looks just the same.

use std::collections::BTreeSet;

use domain::reconcile::{self, Suspects};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

/// The provider has it and we do not.
#[derive(Debug, Clone, FromRow)]
pub struct Unlisted {
    pub provider_subscription_id: String,
    pub provider_account_id: String,
    /// As people write it.
    pub shown: String,
    pub revision: i64,
    /// Our account and customer of the provider's account, when it is one of ours.
    pub account_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
}

/// What is to be listed now, by the provider's names: what we do not know, and what it does not show.
#[derive(Debug, Clone)]
pub struct Listed {
    pub unknown: BTreeSet<String>,
    pub missing: BTreeSet<String>,
}

/// What this run's complete scan showed, living, that we do not have. One we have come to know since then is not among
/// them.
///
/// # Errors
/// Any database error.
pub async fn unlisted(pool: &PgPool, run_id: Uuid) -> Result<Vec<Unlisted>, sqlx::Error> {
    sqlx::query_as(
        "select s.provider_subscription_id, s.provider_account_id, s.shown, s.revision, a.account_id, a.customer_id \
         from reconcile_seen s left join index_accounts a using (provider_account_id) \
         where s.run_id = $1 and not s.known \
            and not exists (select from index_subscriptions i where i.provider_subscription_id = s.provider_subscription_id) \
         order by s.provider_subscription_id",
    )
    .bind(run_id)
    .fetch_all(pool)
    .await
}

/// Ours that this run's complete scan did not show, as far as the index knows: their streams decide.
///
/// # Errors
/// Any database error.
pub async fn unseen(pool: &PgPool, run_id: Uuid) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "select i.provider_subscription_id, i.subscription_id from index_subscriptions i where i.live \
            and not exists (select from reconcile_seen s \
                where s.run_id = $1 and s.provider_subscription_id = i.provider_subscription_id) \
         order by i.provider_subscription_id",
    )
    .bind(run_id)
    .fetch_all(pool)
    .await
}

/// Counts one more complete scan, once per run, and says what is to be listed now.
///
/// # Errors
/// Any database error.
pub async fn compare(
    pool: &PgPool,
    run_id: Uuid,
    unknown: &BTreeSet<String>,
    missing: &BTreeSet<String>,
) -> Result<Listed, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let first = sqlx::query("update reconcile_runs set compared = true where run_id = $1 and not compared")
        .bind(run_id)
        .execute(&mut *tx)
        .await?;
    let mut listed = Vec::new();
    for (kind, now) in [("unknown", unknown), ("missing", missing)] {
        let mut suspects = load(&mut tx, kind).await?;
        if first.rows_affected() == 1 {
            suspects = reconcile::after_scan(&suspects, now);
            store(&mut tx, kind, &suspects).await?;
        }
        listed.push(reconcile::to_list(&suspects).filter(|id| now.contains(*id)).map(str::to_owned).collect());
    }
    tx.commit().await?;
    let missing = listed.pop().unwrap_or_default();
    Ok(Listed { unknown: listed.pop().unwrap_or_default(), missing })
}

async fn load(tx: &mut PgConnection, kind: &str) -> Result<Suspects, sqlx::Error> {
    let rows: Vec<(String, i32)> =
        sqlx::query_as("select provider_subscription_id, scans from reconcile_suspects where kind = $1 for update")
            .bind(kind)
            .fetch_all(tx)
            .await?;
    Ok(rows.into_iter().map(|(id, scans)| (id, u32::try_from(scans).unwrap_or_default())).collect())
}

async fn store(tx: &mut PgConnection, kind: &str, suspects: &Suspects) -> Result<(), sqlx::Error> {
    sqlx::query("delete from reconcile_suspects where kind = $1").bind(kind).execute(&mut *tx).await?;
    sqlx::query(
        "insert into reconcile_suspects (kind, provider_subscription_id, scans) \
         select $1, * from unnest($2::text[], $3::integer[])",
    )
    .bind(kind)
    .bind(suspects.keys().collect::<Vec<_>>())
    .bind(suspects.values().map(|scans| i32::try_from(*scans).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
