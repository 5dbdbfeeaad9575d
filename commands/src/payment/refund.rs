//! Money that goes back: what starts it, and what came of it.

use domain::balance::BalanceSource;
use domain::billing::credit::Wanted;
use domain::billing::{minor_units, minus};
use domain::collecting::refund::{Taken, Whereabouts};
use domain::credit_note::{CreditReason, Settle};
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};
use domain::payment::{Payable, Payment, PaymentCommand, PaymentRules, Refund, RefundCause};
use domain::{Money, Refusal, ids};
use uuid::Uuid;

use super::answer;
use crate::credit_note::CreditInvoice;
use crate::{Answer, Command, Failure, Operation, Work, balance};

/// Why an invoice is credited when its payment is refunded.
const REASON: &str = "Refund";

/// What a gateway says came of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    Succeeded,
    /// Nothing went back.
    Failed,
    /// It may have gone back: to be asked about before anything else.
    Unknown,
}

/// What came of a refund. What did not arrive is the customer's again: it goes to its balance.
#[derive(Debug)]
pub struct RecordRefund {
    pub payment_id: Uuid,
    pub refund_id: Uuid,
    pub outcome: RefundOutcome,
}

impl Command for RecordRefund {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let payment = work.read::<PaymentRules>(self.payment_id).await?;
        let known = payment.state.known().ok_or(Failure::NotFound)?;
        let Refund { amount, status, .. } = *known.refund(self.refund_id).ok_or(Failure::NotFound)?;
        let customer_id = known.started.customer_id;
        drop(payment);
        work.decide::<PaymentRules>(self.payment_id, &self.command(), Some(customer_id)).await?;
        if self.outcome == RefundOutcome::Failed && status.is_open() {
            balance::credit_in(work, customer_id, amount, BalanceSource::Refund(self.refund_id)).await?;
        }
        Ok(answer(200, self.payment_id))
    }
}

impl RecordRefund {
    const fn command(&self) -> PaymentCommand {
        let refund_id = self.refund_id;
        match self.outcome {
            RefundOutcome::Succeeded => PaymentCommand::NoteRefundSucceeded { refund_id },
            RefundOutcome::Failed => PaymentCommand::NoteRefundFailed { refund_id },
            RefundOutcome::Unknown => PaymentCommand::NoteRefundUnknown { refund_id },
        }
    }
}

/// Gives a payment back, or part of it: what no invoice holds comes from the customer's balance, as far as it is still
/// there, and its invoice is credited with the rest, so that the books agree with what the customer got.
#[derive(Debug)]
pub struct RefundPayment {
    pub payment_id: Uuid,
    /// Of what comes from the balance.
    pub refund_id: Uuid,
    /// Of what the invoice is credited with.
    pub credit_note_id: Uuid,
    /// Without one all that can go back.
    pub amount: Option<Money>,
}

impl Command for RefundPayment {
    const OPERATION: Operation = Operation::RefundPayment;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let state = work.read::<PaymentRules>(self.payment_id).await?;
        let payment = state.state.known().ok_or(Failure::NotFound)?.clone();
        work.customer(payment.started.customer_id).await?;
        work.must_match(state.version)?;
        drop(state);
        payment.can_be_refunded()?;
        let paid = paid_invoice(work, &payment).await?;
        let taken = whereabouts(work, &payment, paid.as_ref()).await?.take(self.amount)?;
        refund_in(work, self.payment_id, self.refund_id, taken.balance, RefundCause::Balance).await?;
        if let Some(Paid { invoice, .. }) = paid.filter(|_| !taken.invoice.amount().is_zero()) {
            self.credit(work, invoice.id(), taken).await?;
        }
        Ok(answer(202, self.payment_id))
    }
}

impl RefundPayment {
    /// The payment first: it is what the caller's `If-Match` is about.
    async fn credit(&self, work: &mut Work<'_>, invoice_id: Uuid, taken: Taken) -> Result<(), Failure> {
        let credit = CreditInvoice {
            credit_note_id: self.credit_note_id,
            invoice_id,
            wanted: Wanted::Gross(taken.invoice),
            reason: CreditReason { text: REASON.to_owned() },
            settle: Settle::Refund,
        };
        let correction = credit.correction(work, Some(self.payment_id)).await?;
        // Where something is left to pay of it, a credit would lower that instead.
        if correction.settlement().refund != taken.invoice {
            return Err(Refusal::RefundLimit { left: taken.balance }.into());
        }
        credit.refund_in(work, &correction).await?;
        credit.write_in(work, &correction).await
    }
}

/// The invoice that holds money of a payment, and how much it paid there.
struct Paid {
    invoice: Invoice,
    applied: Money,
}

async fn paid_invoice(work: &mut Work<'_>, payment: &Payment) -> Result<Option<Paid>, Failure> {
    let invoice_id = match payment.started.payable {
        Payable::Invoice(id) => id,
        Payable::Order(id) => ids::order_invoice(id),
    };
    let invoice = work.read::<InvoiceRules>(invoice_id).await?;
    Ok(invoice.state.known().and_then(|invoice| {
        let stands =
            matches!(invoice.status, InvoiceStatus::Issued | InvoiceStatus::Paid | InvoiceStatus::Uncollectible);
        let booked = invoice.payments.iter().find(|booked| booked.payment_id == payment.id()).filter(|_| stands)?;
        Some(Paid { invoice: invoice.clone(), applied: booked.applied })
    }))
}

async fn whereabouts(work: &mut Work<'_>, payment: &Payment, paid: Option<&Paid>) -> Result<Whereabouts, Failure> {
    let (customer_id, currency) = (payment.started.customer_id, payment.started.amount.currency());
    let on_invoice = match paid {
        Some(Paid { invoice, applied }) => lower(payment.returnable(*applied)?, invoice.held()?)?,
        None => Money::zero(currency),
    };
    let balance = balance::available(work, customer_id, currency).await?;
    Ok(Whereabouts { refundable: payment.refundable()?, on_invoice, balance })
}

fn lower(one: Money, other: Money) -> Result<Money, Refusal> {
    Ok(if minor_units(minus(one, other)?)? <= 0 { one } else { other })
}

/// Gives back money that there was nothing to pay with: it is the customer's balance, and goes back from there where
/// the payment's means does that. The payment is as it is after its success was decided.
///
/// # Errors
/// [`Failure::Refused`] when an amount cannot be represented; [`Failure::Log`].
pub(super) async fn give_back_in(work: &mut Work<'_>, payment: &Payment, amount: Money) -> Result<(), Failure> {
    let (id, customer_id) = (payment.id(), payment.started.customer_id);
    balance::credit_in(work, customer_id, amount, BalanceSource::Payment(id)).await?;
    if !payment.started.means.refunds() {
        return Ok(());
    }
    refund_in(work, id, ids::refund(id), amount, RefundCause::Balance).await
}

/// Starts a refund, in this attempt; of nothing, and of what is started already, nothing happens. What comes from the
/// customer's balance is taken from there.
///
/// # Errors
/// [`Failure::NotFound`] without such a payment; [`Failure::Refused`] when it is not one to be refunded, less is left of
/// it, or the balance is lower; [`Failure::Stale`]; [`Failure::Log`].
pub(crate) async fn refund_in(
    work: &mut Work<'_>,
    payment_id: Uuid,
    refund_id: Uuid,
    amount: Money,
    cause: RefundCause,
) -> Result<(), Failure> {
    let payment = work.read::<PaymentRules>(payment_id).await?;
    let known = payment.state.known().ok_or(Failure::NotFound)?;
    if amount.amount().is_zero() || known.refund(refund_id).is_some() {
        return Ok(());
    }
    let customer_id = known.started.customer_id;
    drop(payment);
    let start = PaymentCommand::StartRefund { refund_id, amount, cause };
    work.decide::<PaymentRules>(payment_id, &start, Some(customer_id)).await?;
    match cause {
        RefundCause::Balance => balance::debit_in(work, customer_id, amount, BalanceSource::Refund(refund_id)).await,
        RefundCause::CreditNote(_) => Ok(()),
    }
}
