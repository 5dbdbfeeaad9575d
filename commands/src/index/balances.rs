//! What a customer owes and has to its credit: which invoices of its wait to be paid, and which balances it has.
//!
//! What the index does not have yet is looked up at the end of the log, in one statement with it: an invoice issued a
//! moment ago must not be overlooked.

use domain::balance::BalanceEvent;
use domain::ids;
use domain::invoice::InvoiceEvent;
use event_log::Recorded;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// An invoice is open from its issue until it is paid, void or uncollectible.
pub(super) async fn index_invoice(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &InvoiceEvent,
) -> Result<(), sqlx::Error> {
    match event {
        InvoiceEvent::InvoiceIssued(issued) => {
            sqlx::query(
                "insert into index_open_invoices (invoice_id, customer_id) values ($1, $2) on conflict do nothing",
            )
            .bind(issued.contents.invoice_id)
            .bind(issued.contents.customer_id)
            .execute(tx)
            .await?;
        }
        InvoiceEvent::InvoicePaid {} | InvoiceEvent::InvoiceVoided {} | InvoiceEvent::InvoiceUncollectible {} => {
            sqlx::query("delete from index_open_invoices where invoice_id = $1::text::uuid")
                .bind(&recorded.aggregate_id)
                .execute(tx)
                .await?;
        }
        InvoiceEvent::InvoiceDrafted(_)
        | InvoiceEvent::InvoiceDiscarded {}
        | InvoiceEvent::InvoiceLinesAdded { .. }
        | InvoiceEvent::InvoiceOverdue { .. }
        | InvoiceEvent::BalanceApplied { .. }
        | InvoiceEvent::CreditApplied(_)
        | InvoiceEvent::CreditedLinesAdded { .. }
        | InvoiceEvent::PaymentBooked(_)
        | InvoiceEvent::PaymentAttempted { .. }
        | InvoiceEvent::PaymentAttemptUnclear { .. }
        | InvoiceEvent::PaymentAttemptEnded { .. }
        | InvoiceEvent::CollectionPlanned { .. }
        | InvoiceEvent::DunningStepTaken { .. }
        | InvoiceEvent::DocumentStored { .. } => {}
    }
    Ok(())
}

/// A balance is there once something was credited, also when nothing is left of it.
pub(super) async fn index_balance(tx: &mut PgConnection, event: &BalanceEvent) -> Result<(), sqlx::Error> {
    match event {
        BalanceEvent::BalanceCredited { customer_id, amount, .. } => {
            sqlx::query("insert into index_balances (balance_id, customer_id) values ($1, $2) on conflict do nothing")
                .bind(ids::balance(*customer_id, amount.currency()))
                .bind(customer_id)
                .execute(tx)
                .await?;
        }
        BalanceEvent::BalanceDebited { .. } => {}
    }
    Ok(())
}

/// Invoices of a customer that are issued and not settled as far as the index knows.
///
/// # Errors
/// Any database error.
pub async fn open_invoices<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select invoice_id from index_open_invoices where customer_id = $1 \
         union select aggregate_id::uuid from unindexed_events \
         where aggregate_type = 'invoice' and event_type = 'InvoiceIssued' and customer_id = $1",
    )
    .bind(customer)
    .fetch_all(executor)
    .await
}

/// The same of all customers, by id; `after` is the last of the page before.
///
/// # Errors
/// Any database error.
pub async fn all_open_invoices<'e, E: PgExecutor<'e>>(
    executor: E,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select invoice_id from index_open_invoices where invoice_id > $1 \
         union select aggregate_id::uuid from unindexed_events \
         where aggregate_type = 'invoice' and event_type = 'InvoiceIssued' \
         and aggregate_id::uuid > $1 order by invoice_id limit $2",
    )
    .bind(after.unwrap_or(Uuid::nil()))
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// The streams of a customer's balances, one per currency.
///
/// # Errors
/// Any database error.
pub async fn balances<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select balance_id from index_balances where customer_id = $1 \
         union select aggregate_id::uuid from unindexed_events \
         where aggregate_type = 'balance' and event_type = 'BalanceCredited' and customer_id = $1",
    )
    .bind(customer)
    .fetch_all(executor)
    .await
}
