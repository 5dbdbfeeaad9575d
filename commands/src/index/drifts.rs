//! Which differences there are between the provider and us.

use domain::drift::DriftEvent;
use event_log::Recorded;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

pub(super) async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &DriftEvent) -> Result<(), sqlx::Error> {
    match event {
        DriftEvent::DriftDetected { drift_id, provider_subscription_id, subscription_id, field, .. } => {
            sqlx::query(
                "insert into index_drifts (drift_id, provider_subscription_id, field, subscription_id, status) \
                 values ($1, $2, $3, $4, 'open') on conflict (drift_id) do update set status = 'open'",
            )
            .bind(drift_id)
            .bind(provider_subscription_id)
            .bind(field.name())
            .bind(subscription_id)
            .execute(tx)
            .await?;
        }
        DriftEvent::DriftResolved { resolution, .. } => {
            sqlx::query("update index_drifts set status = $2 where drift_id = $1::text::uuid")
                .bind(&recorded.aggregate_id)
                .bind(resolution.name())
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}

/// A difference as the index has it.
#[derive(Debug, Clone, FromRow)]
pub struct IndexedDrift {
    pub drift_id: Uuid,
    pub provider_subscription_id: String,
    /// As `DriftField::name` says it.
    pub field: String,
    pub subscription_id: Option<Uuid>,
    /// `open`, or how it was resolved.
    pub status: String,
}

/// Every open difference.
///
/// # Errors
/// Any database error.
pub async fn open_drifts<'e, E: PgExecutor<'e>>(executor: E) -> Result<Vec<IndexedDrift>, sqlx::Error> {
    sqlx::query_as(
        "select drift_id, provider_subscription_id, field, subscription_id, status from index_drifts \
         where status = 'open' order by drift_id",
    )
    .fetch_all(executor)
    .await
}

/// What was ever listed of this subscription for that reason.
///
/// # Errors
/// Any database error.
pub async fn drifts_about<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_subscription_id: &str,
    field: &str,
) -> Result<Vec<IndexedDrift>, sqlx::Error> {
    sqlx::query_as(
        "select drift_id, provider_subscription_id, field, subscription_id, status from index_drifts \
         where provider_subscription_id = $1 and field = $2 order by drift_id",
    )
    .bind(provider_subscription_id)
    .bind(field)
    .fetch_all(executor)
    .await
}

/// Ours by the provider's names of them, as far as the index knows.
///
/// # Errors
/// Any database error.
pub async fn subscriptions_of_provider<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_subscription_ids: &[String],
) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "select provider_subscription_id, subscription_id from index_subscriptions \
         where provider_subscription_id = any($1)",
    )
    .bind(provider_subscription_ids)
    .fetch_all(executor)
    .await
}

/// Our account that is linked to this one of the provider's.
///
/// # Errors
/// Any database error.
pub async fn account_of_provider<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_account_id: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select account_id from index_accounts where provider_account_id = $1")
        .bind(provider_account_id)
        .fetch_optional(executor)
        .await
}
