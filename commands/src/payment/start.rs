//! Having an invoice paid by its payer's gateway.

use std::sync::Arc;

use domain::customer::CustomerState;
use domain::invoice::{Invoice, InvoiceCommand, InvoiceRules, InvoiceState};
use domain::payment::{Payable, PaymentCommand, PaymentMeans, PaymentRules, StartPayment, StartedPayment};
use domain::{Money, Refusal};
use event_log::stream::Versioned;
use uuid::Uuid;

use super::answer;
use crate::{Answer, Command, Failure, Operation, Work};

/// All that is left to pay of it. The gateway is called later, as an effect of this.
#[derive(Debug)]
pub struct PayInvoice {
    /// New for every request or attempt.
    pub payment_id: Uuid,
    pub invoice_id: Uuid,
    /// Nobody asked for it: it is due, or to be tried again.
    pub automatic: bool,
}

impl Command for PayInvoice {
    const OPERATION: Operation = Operation::PayInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        start_in(work, self).await?;
        Ok(answer(202, self.payment_id))
    }
}

/// Starts the payment, in this attempt. One of this id is the same one, seen again.
///
/// # Errors
/// [`Failure::NotFound`] where the caller sees no such invoice; [`Failure::Refused`] while another payment is open, and
/// where there is nothing to pay; [`Failure::Log`].
pub(super) async fn start_in(work: &mut Work<'_>, pay: &PayInvoice) -> Result<(), Failure> {
    let (state, payer) = read(work, pay.invoice_id).await?;
    let (invoice, payer) = (known(&state)?, payer.state.known().ok_or(Failure::NotFound)?);
    if work.read::<PaymentRules>(pay.payment_id).await?.state.known().is_some() {
        return Ok(());
    }
    // The invoice first: it is the resource that the caller's `If-Match` is about.
    let attempt = InvoiceCommand::Attempt { payment_id: pay.payment_id };
    work.decide::<InvoiceRules>(pay.invoice_id, &attempt, Some(payer.id)).await?;
    let means = PaymentMeans::from(payer.terms.gateway);
    let started =
        StartedPayment { automatic: pay.automatic, ..started(pay.payment_id, invoice, invoice.balance, means) };
    let start = PaymentCommand::Start(Box::new(StartPayment { started, reference: None }));
    work.decide::<PaymentRules>(pay.payment_id, &start, Some(payer.id)).await
}

/// An invoice, and who is billed with it, where the caller may pay it. Drafts are the seller's alone.
///
/// # Errors
/// [`Failure::NotFound`] where the caller sees none, [`Failure::Forbidden`], [`Failure::Log`].
pub(super) async fn read(
    work: &mut Work<'_>,
    invoice_id: Uuid,
) -> Result<(Arc<Versioned<InvoiceState>>, Arc<Versioned<CustomerState>>), Failure> {
    let state = work.read::<InvoiceRules>(invoice_id).await?;
    let invoice = known(&state)?;
    if invoice.issue.is_none() && work.context.actor.customer_id.is_some() {
        return Err(Failure::NotFound);
    }
    let payer = work.customer(invoice.contents.customer_id).await?;
    Ok((state, payer))
}

pub(super) fn known(state: &Versioned<InvoiceState>) -> Result<&Invoice, Refusal> {
    state.state.known().ok_or(Refusal::NotFound)
}

/// A payment of the billed party for its invoice.
pub(super) fn started(payment_id: Uuid, invoice: &Invoice, amount: Money, means: PaymentMeans) -> StartedPayment {
    let contents = &invoice.contents;
    StartedPayment {
        payment_id,
        customer_id: contents.customer_id,
        reseller_id: contents.reseller_id,
        seller_entity: contents.seller_entity.clone(),
        payable: Payable::Invoice(contents.invoice_id),
        amount,
        means,
        automatic: false,
        reference: None,
    }
}
