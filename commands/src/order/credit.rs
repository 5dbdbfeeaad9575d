//! Giving back what was paid in advance for lines that came to nothing.

use domain::billing::credit::{CreditableLine, Wanted};
use domain::billing::{minor_units, order};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::credit_note::{CreditNoteRules, CreditReason, Settle};
use domain::invoice::{Invoice, InvoiceRules};
use domain::order::OrderRules;
use domain::payment::PaymentRules;
use domain::{AggregateType, Money, Refusal, StreamId, ids};
use uuid::Uuid;

use crate::credit_note::{CreditInvoice, correct_in};
use crate::{Answer, Command, Failure, Operation, Work};

/// Printed on the credit note.
const REASON: &str = "Not delivered";

/// One credit note over the invoice's lines that came to nothing. It goes back the way it was paid; where it cannot, to
/// the customer's balance. Does nothing where nothing was paid, and once it is done.
#[derive(Debug)]
pub struct CreditOrder {
    pub order_id: Uuid,
}

impl Command for CreditOrder {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let order = order.state.known().ok_or(Failure::NotFound)?;
        let lost = order::lost_lines(order);
        let invoice = work.read::<InvoiceRules>(ids::order_invoice(self.order_id)).await?;
        let note = work.read::<CreditNoteRules>(ids::order_credit_note(self.order_id)).await?;
        let invoice = invoice.state.known().filter(|_| note.state.known().is_none() && !lost.is_empty());
        if let Some(invoice) = invoice.cloned() {
            self.credit(work, &invoice, &lost).await?;
            release_in(work, &invoice, (order.details.account_id, &lost)).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Order, self.order_id)))
    }
}

impl CreditOrder {
    /// What an operator has credited by hand is not credited once more.
    async fn credit(&self, work: &mut Work<'_>, invoice: &Invoice, lost: &[u32]) -> Result<(), Failure> {
        let wanted = left_of(invoice, lost)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let credit = CreditInvoice {
            credit_note_id: ids::order_credit_note(self.order_id),
            invoice_id: invoice.id(),
            wanted: Wanted::Lines(wanted),
            reason: CreditReason { text: REASON.to_owned() },
            settle: settle(work, invoice).await?,
        };
        correct_in(work, &credit).await?;
        Ok(())
    }
}

fn left_of(invoice: &Invoice, lost: &[u32]) -> Result<Vec<(u32, Money)>, Refusal> {
    let mut wanted = Vec::with_capacity(lost.len());
    for CreditableLine { line, left } in invoice.lines_left()? {
        if lost.contains(&line) && minor_units(left)? > 0 {
            wanted.push((line, left));
        }
    }
    Ok(wanted)
}

async fn settle(work: &mut Work<'_>, invoice: &Invoice) -> Result<Settle, Failure> {
    for booked in &invoice.payments {
        let payment = work.read::<PaymentRules>(booked.payment_id).await?;
        if payment.state.known().is_some_and(|payment| payment.started.means.refunds()) {
            return Ok(Settle::Refund);
        }
    }
    Ok(Settle::Balance)
}

/// What is given back is on the invoice no more: should the provider make it after all, it is billed like any other.
async fn release_in(work: &mut Work<'_>, invoice: &Invoice, (account_id, lost): (Uuid, &[u32])) -> Result<(), Failure> {
    let (document_id, customer) = (invoice.id(), Some(invoice.contents.customer_id));
    let kept = invoice.contents.lines.iter().filter(|line| !lost.contains(&line.line));
    let charges = kept.map(domain::billing::InvoiceLine::charge_key).collect();
    let release = ChargeLedgerCommand::Release { document_id };
    work.decide::<ChargeLedgerRules>(account_id, &release, customer).await?;
    let bill = ChargeLedgerCommand::Bill { document_id, charges, passed_on: Vec::new() };
    work.decide::<ChargeLedgerRules>(account_id, &bill, customer).await
}
