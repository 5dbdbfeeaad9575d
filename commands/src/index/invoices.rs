//! Which invoices wait to be paid, by the day they are due on.

use chrono::NaiveDate;
use domain::invoice::{InvoiceEvent, IssuedInvoice};
use event_log::{ApplyError, Recorded};
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

/// An invoice that is neither settled nor overdue yet, as far as the index knows.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DueInvoice {
    pub invoice_id: Uuid,
    pub due_on: NaiveDate,
    pub seller_entity: String,
    /// Of what issued it.
    pub correlation_id: String,
}

pub(super) async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &InvoiceEvent) -> Result<(), ApplyError> {
    match event {
        InvoiceEvent::InvoiceIssued(issued) => issued_now(tx, recorded, issued).await,
        InvoiceEvent::InvoiceOverdue { .. }
        | InvoiceEvent::InvoicePaid {}
        | InvoiceEvent::InvoiceVoided {}
        | InvoiceEvent::InvoiceUncollectible {} => waits_no_more(tx, recorded).await,
        InvoiceEvent::InvoiceDrafted(_)
        | InvoiceEvent::InvoiceDiscarded {}
        | InvoiceEvent::InvoiceLinesAdded { .. }
        | InvoiceEvent::BalanceApplied { .. }
        | InvoiceEvent::CreditApplied(_)
        | InvoiceEvent::CreditedLinesAdded { .. }
        | InvoiceEvent::PaymentBooked(_)
        | InvoiceEvent::PaymentAttempted { .. }
        | InvoiceEvent::PaymentAttemptUnclear { .. }
        | InvoiceEvent::PaymentAttemptEnded { .. }
        | InvoiceEvent::CollectionPlanned { .. }
        | InvoiceEvent::DunningStepTaken { .. }
        | InvoiceEvent::DocumentStored { .. } => Ok(()),
    }
}

async fn issued_now(tx: &mut PgConnection, recorded: &Recorded, issued: &IssuedInvoice) -> Result<(), ApplyError> {
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    sqlx::query(
        "insert into index_due_invoices (invoice_id, due_on, seller_entity, correlation_id) \
         values ($1::text::uuid, $2, $3, $4) on conflict do nothing",
    )
    .bind(&recorded.aggregate_id)
    .bind(issued.due_on)
    .bind(&issued.contents.seller_entity)
    .bind(metadata.correlation_id)
    .execute(tx)
    .await?;
    Ok(())
}

async fn waits_no_more(tx: &mut PgConnection, recorded: &Recorded) -> Result<(), ApplyError> {
    sqlx::query("delete from index_due_invoices where invoice_id = $1::text::uuid")
        .bind(&recorded.aggregate_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// The next invoices that were due before `day`, by day; `after` is the last of the page before.
///
/// # Errors
/// Any database error.
pub async fn invoices_due_before<'e, E: PgExecutor<'e>>(
    executor: E,
    day: NaiveDate,
    after: Option<&DueInvoice>,
    limit: i64,
) -> Result<Vec<DueInvoice>, sqlx::Error> {
    sqlx::query_as(
        "select invoice_id, due_on, seller_entity, correlation_id from index_due_invoices \
         where due_on < $1 and ($2::date is null or (due_on, invoice_id) > ($2, $3)) \
         order by due_on, invoice_id limit $4",
    )
    .bind(day)
    .bind(after.map(|invoice| invoice.due_on))
    .bind(after.map(|invoice| invoice.invoice_id))
    .bind(limit)
    .fetch_all(executor)
    .await
}
