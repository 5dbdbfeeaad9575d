//! The attempts to collect an invoice that are made by themselves.

use chrono::{DateTime, Utc};
use domain::customer::{Collection, CustomerRules};
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};
use domain::{AggregateType, Refusal, StreamId, ids};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{AT_ONCE, PAGE, plan};
use crate::index::{self, UnpaidInvoice};
use crate::payment::PayInvoice;
use crate::{Answer, Bus, Command, Failure, Operation, Rejection, Work, bus};

/// Does what is due to collect the invoice: tries it, or ends trying where its customer's terms say so by now. Refused
/// when nothing is due, so that its key stays free.
#[derive(Debug)]
pub struct CollectInvoice {
    pub invoice_id: Uuid,
}

impl Command for CollectInvoice {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = work.read::<InvoiceRules>(self.invoice_id).await?;
        let invoice = state.state.known().ok_or(Failure::NotFound)?;
        let customer = work.read::<CustomerRules>(invoice.contents.customer_id).await?;
        let terms = customer.state.known().ok_or(Failure::NotFound)?.terms.collection;
        match Move::of(invoice, terms, work.context.at) {
            Some(Move::Attempt) => {
                let payment_id = ids::automatic_payment(self.invoice_id, invoice.collection.attempts);
                PayInvoice { payment_id, invoice_id: self.invoice_id, automatic: true }.run(work).await
            }
            Some(Move::Plan) => {
                plan::plan_in(work, invoice, terms).await?;
                Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, self.invoice_id)))
            }
            None => Err(Refusal::InvalidState { state: "not due" }.into()),
        }
    }
}

/// What is to be done.
enum Move {
    Attempt,
    /// The plan does not fit the terms.
    Plan,
}

impl Move {
    fn of(invoice: &Invoice, terms: Collection, now: DateTime<Utc>) -> Option<Self> {
        let collection = &invoice.collection;
        if invoice.status != InvoiceStatus::Issued || collection.open.is_some() {
            return None;
        }
        match (terms, collection.next_at) {
            (Collection::Automatic, Some(at)) => (at <= now).then_some(Self::Attempt),
            (Collection::Automatic, None) => collection.planned_at.is_none().then_some(Self::Plan),
            (Collection::Manual, Some(_)) => Some(Self::Plan),
            (Collection::Manual, None) => None,
        }
    }
}

/// Tries every invoice whose next attempt is due, also those whose time passed while nobody looked. Any number of callers
/// at once start each attempt once.
///
/// # Errors
/// [`Rejection`] when the log is busy or away; the next call goes on from there.
pub async fn run_collection(bus: &Bus) -> Result<(), Rejection> {
    let now = bus.now();
    let mut after = None;
    loop {
        let due = index::invoices_to_collect(bus.pool(), now, after, PAGE).await;
        let due = due.map_err(|error| bus::rejection(Failure::from(error)))?;
        let Some(last) = due.last() else { return Ok(()) };
        after = Some(last.invoice_id);
        let tried = stream::iter(&due).map(Ok);
        tried.try_for_each_concurrent(AT_ONCE, |invoice| collect(bus, invoice)).await?;
    }
}

async fn collect(bus: &Bus, invoice: &UnpaidInvoice) -> Result<(), Rejection> {
    super::ask(bus, invoice, "collect", &CollectInvoice { invoice_id: invoice.invoice_id }).await
}
