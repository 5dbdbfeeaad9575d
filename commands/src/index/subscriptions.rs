//! Which subscriptions there are: under which id the provider knows them, whose they are, and when their terms end.

use chrono::NaiveDate;
use domain::subscription::{SubscriptionEvent, SubscriptionStarted};
use event_log::Recorded;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub(super) async fn index(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &SubscriptionEvent,
) -> Result<(), sqlx::Error> {
    use SubscriptionEvent as E;
    match event {
        E::SubscriptionStarted(started) => begun(tx, started).await,
        E::ExtensionConfirmed { to, .. } => ends(tx, recorded, *to).await,
        E::SubscriptionRenewed(renewed) => ends(tx, recorded, renewed.ends_on).await,
        E::CancellationConfirmed { .. } | E::SubscriptionExpired { .. } => ended(tx, recorded).await,
        E::LicencesGranted { .. }
        | E::LicencesRemoved { .. }
        | E::QuantityChangeRequested { .. }
        | E::QuantityChangeConfirmed { .. }
        | E::QuantityChangeRejected { .. }
        | E::CancellationRequested { .. }
        | E::CancellationRejected { .. }
        | E::ExtensionRequested { .. }
        | E::ExtensionRejected { .. }
        | E::SuspensionRequested { .. }
        | E::SuspensionConfirmed { .. }
        | E::SuspensionRejected { .. }
        | E::ResumptionRequested { .. }
        | E::ResumptionConfirmed { .. }
        | E::ResumptionRejected { .. }
        | E::RenewalInstructionSet { .. }
        | E::RenewalInstructionConfirmed { .. }
        | E::LicenceAssigned { .. }
        | E::LicenceUnassigned { .. } => Ok(()),
    }
}

async fn begun(tx: &mut PgConnection, started: &SubscriptionStarted) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into index_subscriptions \
         (subscription_id, account_id, customer_id, provider_subscription_id, ends_on, live) \
         values ($1, $2, $3, $4, $5, true) on conflict do nothing",
    )
    .bind(started.subscription_id)
    .bind(started.account_id)
    .bind(started.customer_id)
    .bind(&started.provider_subscription_id)
    .bind(started.ends_on)
    .execute(tx)
    .await?;
    Ok(())
}

async fn ends(tx: &mut PgConnection, recorded: &Recorded, on: NaiveDate) -> Result<(), sqlx::Error> {
    sqlx::query("update index_subscriptions set ends_on = $2 where subscription_id = $1::text::uuid")
        .bind(&recorded.aggregate_id)
        .bind(on)
        .execute(tx)
        .await?;
    Ok(())
}

async fn ended(tx: &mut PgConnection, recorded: &Recorded) -> Result<(), sqlx::Error> {
    sqlx::query("update index_subscriptions set live = false where subscription_id = $1::text::uuid")
        .bind(&recorded.aggregate_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// The subscription the provider knows under this id.
///
/// # Errors
/// Any database error.
pub async fn subscription_of_provider<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_subscription_id: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select subscription_id from index_subscriptions where provider_subscription_id = $1")
        .bind(provider_subscription_id)
        .fetch_optional(executor)
        .await
}

/// Subscriptions that have not ended although their term has, by `today`, with that term's end.
///
/// # Errors
/// Any database error.
pub async fn live_subscriptions_ended_by<'e, E: PgExecutor<'e>>(
    executor: E,
    today: NaiveDate,
) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
    sqlx::query_as(
        "select subscription_id, ends_on from index_subscriptions where live and ends_on <= $1 \
         order by ends_on, subscription_id",
    )
    .bind(today)
    .fetch_all(executor)
    .await
}

/// A customer's subscriptions that have not ended, by id.
///
/// # Errors
/// Any database error.
pub async fn live_subscriptions_of<'e, E: PgExecutor<'e>>(
    executor: E,
    customer: Uuid,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select subscription_id from index_subscriptions where customer_id = $1 and live order by subscription_id",
    )
    .bind(customer)
    .fetch_all(executor)
    .await
}

/// Whether an account has a subscription that has not ended, as of the end of the log: what the index does not have yet
/// is looked up there, so that one that started a moment ago counts, and one that ended does not.
///
/// # Errors
/// Any database error.
pub async fn has_live_subscriptions<'e, E: PgExecutor<'e>>(executor: E, account: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "with late as materialized ( \
            select aggregate_id, event_type, payload from unindexed_events \
         where aggregate_type = 'subscription' \
            and event_type in ('SubscriptionStarted', 'CancellationConfirmed', 'SubscriptionExpired')), \
         live as (select subscription_id::text as id from index_subscriptions where account_id = $1 and live \
            union all select aggregate_id from late where event_type = 'SubscriptionStarted' \
            and payload #>> '{SubscriptionStarted,account_id}' = $1::text) \
         select exists (select 1 from live where not exists ( \
            select 1 from late where late.aggregate_id = live.id and late.event_type <> 'SubscriptionStarted'))",
    )
    .bind(account)
    .fetch_one(executor)
    .await
}
