//! Invoices that were not paid in time.

use domain::invoice::{InvoiceCommand, InvoiceRules};
use domain::{AggregateType, StreamId};
use tracing::warn;
use uuid::Uuid;

use crate::index::{self, DueInvoice};
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Rejection, Trace, Work, bus};

/// Invoices looked up at once.
const PAGE: i64 = 200;

/// The day an invoice was due on is over at its seller entity.
#[derive(Debug)]
pub struct NoteOverdue {
    pub invoice_id: Uuid,
}

impl Command for NoteOverdue {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.invoice_id).await?;
        let contents = &invoice.state.known().ok_or(Failure::NotFound)?.contents;
        let today = work.bus().seller().entity(&contents.seller_entity).day_at(work.context.at);
        let note = InvoiceCommand::NoteOverdue { today };
        work.decide::<InvoiceRules>(self.invoice_id, &note, Some(contents.customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, self.invoice_id)))
    }
}

/// Notes every invoice whose day is over and which is not settled, also those whose day passed while nobody looked. Any
/// number of callers at once note each invoice once.
///
/// # Errors
/// [`Rejection`] when the log is busy or away; the next call goes on from there.
pub async fn note_overdue(bus: &Bus) -> Result<(), Rejection> {
    let now = bus.now();
    let Some(latest) = bus.seller().entities().map(|entity| entity.day_at(now)).max() else { return Ok(()) };
    let mut after: Option<DueInvoice> = None;
    loop {
        let due = index::invoices_due_before(bus.pool(), latest, after.as_ref(), PAGE).await;
        let due = due.map_err(|error| bus::rejection(Failure::from(error)))?;
        for invoice in &due {
            // The day may not be over yet where this one was issued.
            if invoice.due_on < bus.seller().entity(&invoice.seller_entity).day_at(now) {
                note(bus, invoice).await?;
            }
        }
        after = due.last().cloned();
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn note(bus: &Bus, invoice: &DueInvoice) -> Result<(), Rejection> {
    let key = format!("invoice/{}/overdue", invoice.invoice_id);
    let trace = Trace { correlation_id: invoice.correlation_id.clone(), causation_id: key.clone(), traceparent: None };
    let context = Context::system("invoices", bus.now(), Key::system(key), trace);
    match bus.execute(&context, &NoteOverdue { invoice_id: invoice.invoice_id }).await {
        Ok(_) => Ok(()),
        Err(busy) if busy.passes() => Err(busy),
        Err(rejection) => {
            // One invoice must not hold up the others.
            warn!(invoice_id = %invoice.invoice_id, %rejection, "an invoice was not noted as overdue");
            Ok(())
        }
    }
}
