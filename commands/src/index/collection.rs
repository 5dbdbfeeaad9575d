//! What is to be done about invoices that are not paid, and when: the next attempt to collect each of them, and the next
//! step of dunning.

use chrono::{DateTime, NaiveDate, Utc};
use domain::customer::{Collection, CustomerEvent, Terms};
use domain::invoice::{DunningStep, InvoiceEvent, IssuedInvoice};
use event_log::{ApplyError, Recorded};
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

/// An invoice about which something is to be done, as far as the index knows.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct UnpaidInvoice {
    pub invoice_id: Uuid,
    /// Of what issued it.
    pub correlation_id: String,
}

pub(super) async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &InvoiceEvent) -> Result<(), ApplyError> {
    match event {
        InvoiceEvent::InvoiceIssued(issued) => return issued_now(tx, recorded, issued).await,
        InvoiceEvent::PaymentAttempted { .. } => set(tx, recorded, "attempting = true").await?,
        InvoiceEvent::PaymentAttemptEnded { next_attempt_at, .. } => {
            set_next(tx, recorded, "attempting = false", *next_attempt_at).await?;
        }
        InvoiceEvent::CollectionPlanned { at } => {
            set_next(tx, recorded, "unplanned = unplanned and $2 is null", *at).await?;
        }
        InvoiceEvent::DunningStepTaken { step } => step_taken(tx, recorded, *step).await?,
        InvoiceEvent::InvoiceUncollectible {} => {
            set(tx, recorded, "next_at = null, unplanned = false, next_step_on = null").await?;
        }
        InvoiceEvent::InvoicePaid {} | InvoiceEvent::InvoiceVoided {} => {
            sqlx::query("delete from index_collection where invoice_id = $1::text::uuid")
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
        // It stays open until that is found out.
        | InvoiceEvent::PaymentAttemptUnclear { .. }
        | InvoiceEvent::DocumentStored { .. } => {}
    }
    Ok(())
}

async fn issued_now(tx: &mut PgConnection, recorded: &Recorded, issued: &IssuedInvoice) -> Result<(), ApplyError> {
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    sqlx::query(
        "insert into index_collection \
         (invoice_id, customer_id, seller_entity, due_on, next_at, unplanned, next_step_on, correlation_id) \
         values ($1::text::uuid, $2, $3, $4, $5, $5 is null, $6, $7) on conflict do nothing",
    )
    .bind(&recorded.aggregate_id)
    .bind(issued.contents.customer_id)
    .bind(&issued.contents.seller_entity)
    .bind(issued.due_on)
    .bind(issued.collect_at)
    .bind(DunningStep::FirstReminder.day(issued.due_on))
    .bind(metadata.correlation_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// `change` is one of the constants above.
async fn set(tx: &mut PgConnection, recorded: &Recorded, change: &str) -> Result<(), sqlx::Error> {
    let sql = format!("update index_collection set {change} where invoice_id = $1::text::uuid");
    sqlx::query(&sql).bind(&recorded.aggregate_id).execute(tx).await?;
    Ok(())
}

/// The same with the time of the next attempt.
async fn set_next(
    tx: &mut PgConnection,
    recorded: &Recorded,
    change: &str,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let sql = format!("update index_collection set next_at = $2, {change} where invoice_id = $1::text::uuid");
    sqlx::query(&sql).bind(&recorded.aggregate_id).bind(at).execute(tx).await?;
    Ok(())
}

async fn step_taken(tx: &mut PgConnection, recorded: &Recorded, step: DunningStep) -> Result<(), sqlx::Error> {
    let days = step.following().and_then(|step| i32::try_from(step.days()).ok());
    sqlx::query("update index_collection set next_step_on = due_on + $2 where invoice_id = $1::text::uuid")
        .bind(&recorded.aggregate_id)
        .bind(days)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn index_terms(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &CustomerEvent,
) -> Result<(), sqlx::Error> {
    match event {
        CustomerEvent::CustomerRegistered(registered) => terms(tx, recorded, &registered.terms).await,
        CustomerEvent::CommercialTermsSet { terms: set } => terms(tx, recorded, set).await,
        CustomerEvent::CustomerDetailsChanged(_)
        | CustomerEvent::CustomerMoved { .. }
        | CustomerEvent::CustomerSuspended { .. }
        | CustomerEvent::CustomerReinstated {}
        | CustomerEvent::CustomerClosed {}
        | CustomerEvent::PersonalDataErased { .. } => Ok(()),
    }
}

async fn terms(tx: &mut PgConnection, recorded: &Recorded, terms: &Terms) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into index_terms (customer_id, automatic, dunning) values ($1::text::uuid, $2, $3) \
         on conflict (customer_id) do update set automatic = excluded.automatic, dunning = excluded.dunning",
    )
    .bind(&recorded.aggregate_id)
    .bind(terms.collection == Collection::Automatic)
    .bind(terms.dunning)
    .execute(tx)
    .await?;
    Ok(())
}

/// Invoices whose next attempt is due, by id, and those that were overlooked when their customer's terms became
/// automatic; `after` is the last of the page before. What is being tried is not among them.
///
/// # Errors
/// Any database error.
pub async fn invoices_to_collect<'e, E: PgExecutor<'e>>(
    executor: E,
    now: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<UnpaidInvoice>, sqlx::Error> {
    sqlx::query_as(
        "select invoice_id, correlation_id from index_collection c \
         where not attempting and invoice_id > $2 and (next_at <= $1 or unplanned and exists ( \
            select from index_terms t where t.customer_id = c.customer_id and t.automatic)) \
         order by invoice_id limit $3",
    )
    .bind(now)
    .bind(after.unwrap_or(Uuid::nil()))
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Invoices whose next step of dunning comes on `day` or earlier, by id, unless their customer is not dunned; `after` is
/// the last of the page before.
///
/// # Errors
/// Any database error.
pub async fn invoices_to_dun<'e, E: PgExecutor<'e>>(
    executor: E,
    day: NaiveDate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<UnpaidInvoice>, sqlx::Error> {
    sqlx::query_as(
        "select invoice_id, correlation_id from index_collection c \
         where next_step_on <= $1 and invoice_id > $2 and not exists ( \
            select from index_terms t where t.customer_id = c.customer_id and not t.dunning) \
         order by invoice_id limit $3",
    )
    .bind(day)
    .bind(after.unwrap_or(Uuid::nil()))
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Invoices of a customer that were issued and neither paid nor taken back, as of the end of the log.
///
/// # Errors
/// Any database error.
pub async fn unpaid_invoices<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select invoice_id from index_collection where customer_id = $1 \
         union select aggregate_id::uuid from unindexed_events \
         where aggregate_type = 'invoice' and event_type = 'InvoiceIssued' and customer_id = $1",
    )
    .bind(customer)
    .fetch_all(executor)
    .await
}
