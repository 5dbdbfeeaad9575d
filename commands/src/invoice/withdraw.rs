//! Taking an invoice back, or giving up on it.

use std::sync::Arc;

use domain::balance::BalanceSource;
use domain::invoice::{Invoice, InvoiceCommand, InvoiceRules, InvoiceState, InvoiceStatus};
use domain::{AggregateType, StreamId};
use event_log::stream::Versioned;
use uuid::Uuid;

use crate::billing::ledger;
use crate::commission::Reversal;
use crate::{Answer, Command, Failure, Operation, Work, balance, commission};

/// A draft that shall never be issued. What it charged may be billed again.
#[derive(Debug)]
pub struct DiscardInvoice {
    pub invoice_id: Uuid,
}

/// As if it had never been issued, but its number stays used. What it charged may be billed again.
#[derive(Debug)]
pub struct VoidInvoice {
    pub invoice_id: Uuid,
}

/// Nobody expects it to be paid any more.
#[derive(Debug)]
pub struct WriteOffInvoice {
    pub invoice_id: Uuid,
}

impl Command for DiscardInvoice {
    const OPERATION: Operation = Operation::DiscardInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = read(work, self.invoice_id).await?;
        let invoice = state.state.known().ok_or(Failure::NotFound)?;
        decide(work, invoice, &InvoiceCommand::Discard).await?;
        if invoice.status == InvoiceStatus::Draft {
            ledger::release_in(work, invoice).await?;
        }
        Ok(answer(invoice))
    }
}

impl Command for VoidInvoice {
    const OPERATION: Operation = Operation::VoidInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = read(work, self.invoice_id).await?;
        let invoice = state.state.known().ok_or(Failure::NotFound)?;
        decide(work, invoice, &InvoiceCommand::Void).await?;
        if invoice.status == InvoiceStatus::Issued {
            ledger::release_in(work, invoice).await?;
            let source = BalanceSource::Invoice(invoice.id());
            balance::credit_in(work, invoice.contents.customer_id, invoice.applied_credit, source).await?;
            reverse_commission(work, invoice).await?;
        }
        Ok(answer(invoice))
    }
}

impl Command for WriteOffInvoice {
    const OPERATION: Operation = Operation::WriteOffInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = read(work, self.invoice_id).await?;
        let invoice = state.state.known().ok_or(Failure::NotFound)?;
        decide(work, invoice, &InvoiceCommand::WriteOff).await?;
        if invoice.status == InvoiceStatus::Issued {
            reverse_commission(work, invoice).await?;
        }
        Ok(answer(invoice))
    }
}

async fn read(work: &mut Work<'_>, id: Uuid) -> Result<Arc<Versioned<InvoiceState>>, Failure> {
    work.read::<InvoiceRules>(id).await
}

async fn decide(work: &mut Work<'_>, invoice: &Invoice, command: &InvoiceCommand) -> Result<(), Failure> {
    work.decide::<InvoiceRules>(invoice.id(), command, Some(invoice.contents.customer_id)).await
}

/// All that is left of it, in the books of today.
async fn reverse_commission(work: &mut Work<'_>, invoice: &Invoice) -> Result<(), Failure> {
    let on = work.bus().seller().entity(&invoice.contents.seller_entity).day_at(work.context.at);
    commission::reverse_in(work, &Reversal { invoice, credit: None, on }).await
}

fn answer(invoice: &Invoice) -> Answer {
    Answer::resource(200, StreamId::new(AggregateType::Invoice, invoice.id()))
}
