//! Statements of account: every event that changed what a customer owes, in rows that add up to what it owes.
//!
//! Beside them stands what is left to pay of each invoice; both are made from the same events in one pass.

mod meaning;
mod query;
mod rows;

pub use meaning::EntryKind;
pub use query::{Account, LedgerEntry, Place, Wanted, account};

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::{AggregateType, Event};
use event_log::{ApplyError, Recorded};
use futures::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::noun::{self, AnyFold, AnyNoun};
use meaning::{Entry, Receivable};

const RECEIVABLES: &str = "read_receivables";
const ENTRIES: &str = "read_ledger";

/// The entries of all customers, and what is left of each invoice.
#[derive(Debug)]
pub struct Ledger;

/// An entry and where it stands in the log.
#[derive(Debug, Clone, PartialEq)]
struct Booked {
    position: i64,
    n: i16,
    entry: Entry,
}

type Receivables = HashMap<Uuid, Receivable>;

impl AnyNoun for Ledger {
    fn aggregate(&self) -> AggregateType {
        AggregateType::Invoice
    }

    fn concerns(&self, event: &Recorded) -> bool {
        event.aggregate_type == AggregateType::Invoice.name() || has_entries_only(event)
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let invoices = invoices(events)?;
            if invoices.is_empty() && !events.iter().any(|recorded| has_entries_only(recorded)) {
                return Ok(());
            }
            let mut receivables = rows::load(tx, generation, &invoices).await?;
            let booked = book(&mut receivables, events)?;
            rows::write_receivables(tx, generation, &receivables).await?;
            Ok(rows::write_entries(tx, generation, &booked).await?)
        })
    }

    fn fold(&self) -> Box<dyn AnyFold> {
        Box::new(Folding(HashMap::new()))
    }

    fn clear<'a>(&'a self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, ENTRIES, generation).await?;
            noun::clear_table(tx, RECEIVABLES, generation).await
        })
    }
}

/// Entries are written as they come, invoices in the end.
struct Folding(Receivables);

impl AnyFold for Folding {
    fn add<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let booked = book(&mut self.0, events)?;
            Ok(rows::write_entries(tx, generation, &booked).await?)
        })
    }

    fn write<'a>(&'a mut self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(rows::write_receivables(tx, generation, &self.0))
    }
}

/// Credit notes, payments and balances bring entries; nothing is kept of them beside.
fn has_entries_only(recorded: &Recorded) -> bool {
    let aggregates = [AggregateType::CreditNote, AggregateType::Payment, AggregateType::Balance];
    aggregates.iter().any(|aggregate| recorded.aggregate_type == aggregate.name())
}

/// The invoices these events are about.
fn invoices(events: &[Arc<Recorded>]) -> Result<Vec<Uuid>, ApplyError> {
    let concerned = events.iter().filter(|recorded| recorded.aggregate_type == AggregateType::Invoice.name());
    concerned.map(|recorded| stream_id(recorded)).collect()
}

fn stream_id(recorded: &Recorded) -> Result<Uuid, ApplyError> {
    Uuid::parse_str(&recorded.aggregate_id)
        .map_err(|_| ApplyError::Poison(format!("{} is no uuid", recorded.aggregate_id)))
}

/// Business time.
fn day(recorded: &Recorded) -> Result<NaiveDate, ApplyError> {
    let meta = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    Ok(meta.at.date_naive())
}

/// Whose data it is.
fn customer(recorded: &Recorded) -> Result<Uuid, ApplyError> {
    recorded.customer_id.ok_or_else(|| ApplyError::Poison("it names no customer".to_owned()))
}

/// What the events mean, in their order.
fn book(receivables: &mut Receivables, events: &[Arc<Recorded>]) -> Result<Vec<Booked>, ApplyError> {
    let mut booked = Vec::new();
    for recorded in events {
        let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
        let entries = match event {
            Event::Invoice(event) => meaning::of_invoice(receivables, stream_id(recorded)?, event, day(recorded)?),
            Event::CreditNote(event) => meaning::of_credit_note(event),
            Event::Payment(event) => {
                Ok(meaning::of_payment(stream_id(recorded)?, event, customer(recorded)?, day(recorded)?))
            }
            Event::Balance(event) => meaning::of_balance(event, day(recorded)?),
            Event::Customer(_)
            | Event::Account(_)
            | Event::Service(_)
            | Event::PriceRule(_)
            | Event::Order(_)
            | Event::Subscription(_)
            | Event::Drift(_)
            | Event::Calendar(_)
            | Event::ExchangeRates(_)
            | Event::NumberSeries(_)
            | Event::ChargeLedger(_)
            | Event::BillingRun(_)
            | Event::CommissionAccount(_)
            | Event::NotificationPreferences(_) => continue,
        };
        let entries = entries.map_err(|refusal| ApplyError::Poison(refusal.to_string()))?;
        let position = recorded.position;
        booked.extend((1..).zip(entries).map(|(n, entry)| Booked { position, n, entry }));
    }
    Ok(booked)
}
