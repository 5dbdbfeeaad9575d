//! Which accounts a customer has, and which of the provider's accounts are taken.
//!
//! What the index does not have yet is looked up at the end of the log, in one statement with it: an account that was
//! opened a moment ago must not be overlooked.

use domain::account::AccountEvent;
use event_log::Recorded;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Pending and active accounts are open.
pub(super) async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &AccountEvent) -> Result<(), sqlx::Error> {
    match event {
        AccountEvent::AccountOpened { account_id, customer_id, .. } => {
            sqlx::query("insert into index_accounts (account_id, customer_id) values ($1, $2) on conflict do nothing")
                .bind(account_id)
                .bind(customer_id)
                .execute(tx)
                .await?;
        }
        AccountEvent::AccountLinked { provider_account_id } => linked(tx, recorded, provider_account_id).await?,
        AccountEvent::AccountRefused { .. } | AccountEvent::AccountClosed {} => {
            sqlx::query("update index_accounts set open = false where account_id = $1::text::uuid")
                .bind(&recorded.aggregate_id)
                .execute(tx)
                .await?;
        }
        AccountEvent::AccountDetailsChanged { .. } => {}
    }
    Ok(())
}

/// Should two have been linked to one at the same moment, the first keeps it: a hint must not halt the reader.
async fn linked(tx: &mut PgConnection, recorded: &Recorded, provider_account_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update index_accounts a set open = true, provider_account_id = case when not exists ( \
            select 1 from index_accounts o where o.provider_account_id = $2 and o.account_id <> a.account_id) \
            then $2 end \
         where a.account_id = $1::text::uuid",
    )
    .bind(&recorded.aggregate_id)
    .bind(provider_account_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Accounts of a customer that are pending or active as far as the index knows.
///
/// # Errors
/// Any database error.
pub async fn open_accounts<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    of_customer(executor, customer, true).await
}

/// All accounts a customer has ever had.
///
/// # Errors
/// Any database error.
pub async fn accounts<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    of_customer(executor, customer, false).await
}

async fn of_customer<'e, E: PgExecutor<'e>>(
    executor: E,
    customer: Uuid,
    only_open: bool,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "select account_id::text from index_accounts where customer_id = $1 and (open or not $2) \
         union select aggregate_id from unindexed_events \
         where aggregate_type = 'account' and event_type in ('AccountOpened', 'AccountLinked') and customer_id = $1",
    )
    .bind(customer)
    .bind(only_open)
    .fetch_all(executor)
    .await?;
    Ok(ids.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect())
}

/// Whether another account of ours has this one of the provider's.
///
/// # Errors
/// Any database error.
pub async fn is_linked_elsewhere<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_account_id: &str,
    account: Uuid,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from index_accounts where provider_account_id = $1 and account_id <> $2) \
         or exists (select 1 from unindexed_events \
         where aggregate_type = 'account' and event_type = 'AccountLinked' and aggregate_id <> $2::text \
            and payload #>> '{AccountLinked,provider_account_id}' = $1)",
    )
    .bind(provider_account_id)
    .bind(account)
    .fetch_one(executor)
    .await
}
