//! Small numbers of customers and issued invoices, by which older systems know them: 1, 2, 3 … in the order of the log,
//! without a gap and for ever.
//!
//! Who has none yet gets one as soon as the reader comes to it, and none is guessed before: a number that turned out to
//! be somebody else's would charge the wrong one. Whoever needs one waits.

use domain::customer::CustomerEvent;
use domain::invoice::InvoiceEvent;
use event_log::Recorded;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub(super) async fn index_customer(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &CustomerEvent,
) -> Result<(), sqlx::Error> {
    match event {
        CustomerEvent::CustomerRegistered(_) => {
            // Nobody else writes here while the checkpoint moves: two readers at once do not both commit.
            sqlx::query(
                "insert into index_customer_aliases (alias, customer_id) \
                 select coalesce(max(alias), 0) + 1, $1::text::uuid from index_customer_aliases on conflict do nothing",
            )
            .bind(&recorded.aggregate_id)
            .execute(tx)
            .await?;
        }
        CustomerEvent::CustomerDetailsChanged(_)
        | CustomerEvent::CommercialTermsSet { .. }
        | CustomerEvent::CustomerMoved { .. }
        | CustomerEvent::CustomerSuspended { .. }
        | CustomerEvent::CustomerReinstated {}
        | CustomerEvent::CustomerClosed {}
        | CustomerEvent::PersonalDataErased { .. } => {}
    }
    Ok(())
}

pub(super) async fn index_invoice(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &InvoiceEvent,
) -> Result<(), sqlx::Error> {
    match event {
        InvoiceEvent::InvoiceIssued(_) => {
            sqlx::query(
                "insert into index_invoice_aliases (alias, invoice_id) \
                 select coalesce(max(alias), 0) + 1, $1::text::uuid from index_invoice_aliases on conflict do nothing",
            )
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
        | InvoiceEvent::InvoicePaid {}
        | InvoiceEvent::PaymentAttempted { .. }
        | InvoiceEvent::PaymentAttemptUnclear { .. }
        | InvoiceEvent::PaymentAttemptEnded { .. }
        | InvoiceEvent::CollectionPlanned { .. }
        | InvoiceEvent::DunningStepTaken { .. }
        | InvoiceEvent::DocumentStored { .. }
        | InvoiceEvent::InvoiceVoided {}
        | InvoiceEvent::InvoiceUncollectible {} => {}
    }
    Ok(())
}

/// The number of a customer; `None` until the reader has come to it.
///
/// # Errors
/// Any database error.
pub async fn customer_alias<'e, E: PgExecutor<'e>>(executor: E, customer_id: Uuid) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("select alias from index_customer_aliases where customer_id = $1")
        .bind(customer_id)
        .fetch_optional(executor)
        .await
}

/// The customer of a number.
///
/// # Errors
/// Any database error.
pub async fn customer_of_alias<'e, E: PgExecutor<'e>>(executor: E, alias: i64) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select customer_id from index_customer_aliases where alias = $1")
        .bind(alias)
        .fetch_optional(executor)
        .await
}

/// The numbers of some customers, of those that have one.
///
/// # Errors
/// Any database error.
pub async fn customer_aliases<'e, E: PgExecutor<'e>>(
    executor: E,
    customers: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as("select customer_id, alias from index_customer_aliases where customer_id = any($1)")
        .bind(customers)
        .fetch_all(executor)
        .await
}

/// The number of an issued invoice; `None` until the reader has come to it.
///
/// # Errors
/// Any database error.
pub async fn invoice_alias<'e, E: PgExecutor<'e>>(executor: E, invoice_id: Uuid) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("select alias from index_invoice_aliases where invoice_id = $1")
        .bind(invoice_id)
        .fetch_optional(executor)
        .await
}

/// The invoice of a number.
///
/// # Errors
/// Any database error.
pub async fn invoice_of_alias<'e, E: PgExecutor<'e>>(executor: E, alias: i64) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select invoice_id from index_invoice_aliases where alias = $1")
        .bind(alias)
        .fetch_optional(executor)
        .await
}

/// The numbers of some invoices, of those that have one.
///
/// # Errors
/// Any database error.
pub async fn invoice_aliases<'e, E: PgExecutor<'e>>(
    executor: E,
    invoices: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as("select invoice_id, alias from index_invoice_aliases where invoice_id = any($1)")
        .bind(invoices)
        .fetch_all(executor)
        .await
}
