//! The steps of dunning: reminders, and in the end the suspension.

use domain::customer::CustomerRules;
use domain::invoice::{InvoiceCommand, InvoiceRules, InvoiceStatus};
use domain::{AggregateType, Refusal, StreamId};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{AT_ONCE, PAGE};
use crate::index::{self, UnpaidInvoice};
use crate::{Answer, Bus, Command, Failure, Operation, Rejection, Work, bus};

/// Takes the step that has come by the day it is at the seller entity, where the billed party's terms allow dunning.
/// Refused when there is none, so that its key stays free.
#[derive(Debug)]
pub struct DunInvoice {
    pub invoice_id: Uuid,
}

impl Command for DunInvoice {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = work.read::<InvoiceRules>(self.invoice_id).await?;
        let invoice = state.state.known().ok_or(Failure::NotFound)?;
        let contents = &invoice.contents;
        let customer = work.read::<CustomerRules>(contents.customer_id).await?;
        let dunned = customer.state.known().is_some_and(|customer| customer.terms.dunning);
        let today = work.bus().seller().entity(&contents.seller_entity).day_at(work.context.at);
        let step = invoice.issue.as_ref().and_then(|issue| invoice.collection.step_on(today, issue.due_on));
        let Some(step) = step.filter(|_| dunned && invoice.status == InvoiceStatus::Issued) else {
            return Err(Refusal::InvalidState { state: "not dunned" }.into());
        };
        let take = InvoiceCommand::TakeDunningStep { step, today };
        work.decide::<InvoiceRules>(self.invoice_id, &take, Some(contents.customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, self.invoice_id)))
    }
}

/// Takes the step that has come of every invoice with something left to pay. Any number of callers at once take each
/// step once.
///
/// # Errors
/// [`Rejection`] when the log is busy or away; the next call goes on from there.
pub async fn run_dunning(bus: &Bus) -> Result<(), Rejection> {
    let now = bus.now();
    let Some(latest) = bus.seller().entities().map(|entity| entity.day_at(now)).max() else { return Ok(()) };
    let mut after = None;
    loop {
        let due = index::invoices_to_dun(bus.pool(), latest, after, PAGE).await;
        let due = due.map_err(|error| bus::rejection(Failure::from(error)))?;
        let Some(last) = due.last() else { return Ok(()) };
        after = Some(last.invoice_id);
        let reached = stream::iter(&due).map(Ok);
        reached.try_for_each_concurrent(AT_ONCE, |invoice| dun(bus, invoice)).await?;
    }
}

async fn dun(bus: &Bus, invoice: &UnpaidInvoice) -> Result<(), Rejection> {
    super::ask(bus, invoice, "dun", &DunInvoice { invoice_id: invoice.invoice_id }).await
}
