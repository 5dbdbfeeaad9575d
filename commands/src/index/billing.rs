//! Who is billed for which accounts, where differences were found, and who earns commission.

use chrono::NaiveDate;
use domain::Currency;
use domain::billing_run::BillingRunEvent;
use domain::commission_account::{CommissionAccountEvent, CommissionEntry};
use domain::customer::{BillTo, CustomerEvent, Terms};
use domain::money::parse_currency;
use event_log::Recorded;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

pub(super) async fn customer(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &CustomerEvent,
) -> Result<(), sqlx::Error> {
    let id = &recorded.aggregate_id;
    let set = |column: &str| format!("update index_parties set {column} = $2 where customer_id = $1::text::uuid");
    match event {
        CustomerEvent::CustomerRegistered(registered) => {
            sqlx::query(
                "insert into index_parties (customer_id, reseller_id, bill_to, seller_entity) values ($1, $2, $3, $4) \
                 on conflict do nothing",
            )
            .bind(registered.customer_id)
            .bind(registered.reseller_id)
            .bind(bill_to(&registered.terms))
            .bind(&registered.seller_entity)
            .execute(tx)
            .await?;
        }
        CustomerEvent::CommercialTermsSet { terms } => {
            sqlx::query(&set("bill_to")).bind(id).bind(bill_to(terms)).execute(tx).await?;
        }
        CustomerEvent::CustomerDetailsChanged(details) => {
            sqlx::query(&set("seller_entity")).bind(id).bind(&details.seller_entity).execute(tx).await?;
        }
        CustomerEvent::CustomerMoved { reseller_id } => {
            sqlx::query(&set("reseller_id")).bind(id).bind(reseller_id).execute(tx).await?;
        }
        CustomerEvent::CustomerSuspended { .. }
        | CustomerEvent::CustomerReinstated {}
        | CustomerEvent::CustomerClosed {}
        | CustomerEvent::PersonalDataErased { .. } => {}
    }
    Ok(())
}

const fn bill_to(terms: &Terms) -> &'static str {
    match terms.bill_to {
        BillTo::Customer => "customer",
        BillTo::Reseller => "reseller",
    }
}

pub(super) async fn run(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &BillingRunEvent,
) -> Result<(), sqlx::Error> {
    match event {
        BillingRunEvent::BillingDiscrepancyFound(found) => {
            sqlx::query(
                "insert into index_discrepancies (discrepancy_id, run_id, account_id) values ($1, $2::text::uuid, $3) \
                 on conflict do nothing",
            )
            .bind(found.discrepancy_id)
            .bind(&recorded.aggregate_id)
            .bind(found.account_id)
            .execute(tx)
            .await?;
        }
        BillingRunEvent::BillingDiscrepancyResolved { discrepancy_id, .. } => {
            sqlx::query(
                "update index_discrepancies set open = false, resolved_at = ($2::text::jsonb->>'at')::timestamptz \
                 where discrepancy_id = $1",
            )
            .bind(discrepancy_id)
            .bind(&recorded.metadata)
            .execute(tx)
            .await?;
        }
        BillingRunEvent::BillingRunStarted(_)
        | BillingRunEvent::ProviderChargesImported { .. }
        | BillingRunEvent::AccountParked { .. }
        | BillingRunEvent::PartiesBilled { .. }
        | BillingRunEvent::BillingRunCompleted { .. }
        | BillingRunEvent::BillingRunRetried {} => {}
    }
    Ok(())
}

pub(super) async fn commission(tx: &mut PgConnection, event: &CommissionAccountEvent) -> Result<(), sqlx::Error> {
    match event {
        CommissionAccountEvent::CommissionAccrued { reseller_id, entries, .. }
        | CommissionAccountEvent::CommissionReversed { reseller_id, entries, .. } => {
            earns(tx, *reseller_id, entries).await
        }
        CommissionAccountEvent::CommissionStatementIssued(_)
        | CommissionAccountEvent::CommissionStatementLinesAdded { .. }
        | CommissionAccountEvent::CommissionStatementDocumentStored { .. }
        | CommissionAccountEvent::CommissionSettled { .. } => Ok(()),
    }
}

async fn earns(tx: &mut PgConnection, reseller_id: Uuid, entries: &[CommissionEntry]) -> Result<(), sqlx::Error> {
    let Some(entry) = entries.first() else { return Ok(()) };
    sqlx::query("insert into index_commission_accounts (reseller_id, currency) values ($1, $2) on conflict do nothing")
        .bind(reseller_id)
        .bind(entry.amount.currency().code())
        .execute(tx)
        .await?;
    Ok(())
}

/// An account that may have to be billed, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct IndexedAccount {
    /// The billed party.
    pub party: Uuid,
    /// Of the billed party.
    pub seller_entity: String,
    pub account_id: Uuid,
    /// Whose account it is.
    pub customer_id: Uuid,
    pub provider_account_id: String,
    /// How many it has or had.
    pub subscriptions: i64,
}

/// Every linked account that is open, had a subscription whose term reached to `since`, or has a difference that is not
/// resolved, or was after that day: what follows from it is still to be billed. By billed party; only those of one party
/// where one is named.
///
/// # Errors
/// Any database error.
pub async fn billable_accounts<'e, E: PgExecutor<'e>>(
    executor: E,
    party: Option<Uuid>,
    since: NaiveDate,
) -> Result<Vec<IndexedAccount>, sqlx::Error> {
    sqlx::query_as(
        "select party.customer_id as party, party.seller_entity, a.account_id, a.customer_id, a.provider_account_id, \
            (select count(*) from index_subscriptions s where s.account_id = a.account_id) as subscriptions \
         from index_accounts a join index_parties owner on owner.customer_id = a.customer_id \
         join index_parties party on party.customer_id = \
            case when owner.bill_to = 'reseller' then coalesce(owner.reseller_id, owner.customer_id) \
            else owner.customer_id end \
         where a.provider_account_id is not null and ($1::uuid is null or party.customer_id = $1) \
         and (a.open or exists (select from index_subscriptions s where s.account_id = a.account_id \
            and (s.live or s.ends_on >= $2)) \
            or exists (select from index_discrepancies d where d.account_id = a.account_id \
            and (d.open or d.resolved_at >= $2))) \
         order by party.customer_id, a.account_id",
    )
    .bind(party)
    .bind(since)
    .fetch_all(executor)
    .await
}

/// Whether the indexes have what was written up to that position.
///
/// # Errors
/// Any database error.
pub async fn has_caught_up<'e, E: PgExecutor<'e>>(executor: E, position: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select coalesce((select position from readers where name = 'indexes'), 0) >= $1")
        .bind(position)
        .fetch_one(executor)
        .await
}

/// The run that found a difference, also a moment ago.
///
/// # Errors
/// Any database error.
pub async fn run_of_discrepancy<'e, E: PgExecutor<'e>>(executor: E, id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select run_id from index_discrepancies where discrepancy_id = $1 \
         union all select e.aggregate_id::uuid from unindexed_events e \
         where e.aggregate_type = 'billing_run' \
         and e.event_type = 'BillingDiscrepancyFound' \
         and e.payload->'BillingDiscrepancyFound'->>'discrepancy_id' = $1::text limit 1",
    )
    .bind(id)
    .fetch_optional(executor)
    .await
}

/// The open differences of some accounts, each with the run that found it, as far as the index knows.
///
/// # Errors
/// Any database error.
pub async fn open_discrepancies<'e, E: PgExecutor<'e>>(
    executor: E,
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "select discrepancy_id, run_id from index_discrepancies where open and account_id = any($1) \
         order by discrepancy_id",
    )
    .bind(accounts)
    .fetch_all(executor)
    .await
}

/// Every reseller that ever earned commission, with the currency.
///
/// # Errors
/// Any database error.
pub async fn commission_accounts<'e, E: PgExecutor<'e>>(executor: E) -> Result<Vec<(Uuid, Currency)>, sqlx::Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("select reseller_id, currency from index_commission_accounts order by reseller_id, currency")
            .fetch_all(executor)
            .await?;
    Ok(rows.into_iter().filter_map(|(reseller, code)| Some((reseller, parse_currency(&code)?))).collect())
}
