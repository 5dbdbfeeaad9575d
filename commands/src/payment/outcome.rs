//! What came of a payment, and what that means for what it pays.

use chrono::NaiveDate;
use domain::Money;
use domain::balance::BalanceSource;
use domain::billing::allocate::{self, Applied};
use domain::billing::minor_units;
use domain::customer::{Collection, CustomerRules};
use domain::invoice::{BookedPayment, Invoice, InvoiceCommand, InvoiceRules, InvoiceStatus};
use domain::payment::{Payable, Payment, PaymentCommand, PaymentOutcome, PaymentRules, PaymentStatus, StartedPayment};
use uuid::Uuid;

use super::refund::give_back_in;
use super::start::known;
use super::{answer, today};
use crate::{Answer, Command, Failure, Operation, Work, balance, commission, order};

/// What the gateway says, or that it says nothing. What was known before brings nothing new.
#[derive(Debug)]
pub struct RecordOutcome {
    pub payment_id: Uuid,
    pub outcome: PaymentOutcome,
}

impl Command for RecordOutcome {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let payment = work.read::<PaymentRules>(self.payment_id).await?;
        let payment = payment.state.known().ok_or(Failure::NotFound)?;
        let record = PaymentCommand::Record { outcome: self.outcome, received_on: today(work, &payment.started) };
        decide_in(work, payment, &record).await?;
        Ok(answer(200, self.payment_id))
    }
}

/// Decides on the payment and, where that brings something new, on what it pays, in one append.
///
/// # Errors
/// [`Failure::Refused`] and [`Failure::Log`].
pub(super) async fn decide_in(work: &mut Work<'_>, payment: &Payment, asked: &PaymentCommand) -> Result<(), Failure> {
    work.decide::<PaymentRules>(payment.id(), asked, Some(payment.started.customer_id)).await?;
    let decided = work.read::<PaymentRules>(payment.id()).await?;
    match decided.state.known() {
        Some(decided) if decided.status != payment.status => settled_in(work, decided).await,
        Some(_) | None => Ok(()),
    }
}

/// What the payment has just come to means for the invoice or order it is for: it is paid, may be tried again, or nobody
/// knows. To be called once for each outcome.
///
/// # Errors
/// [`Failure::Refused`] and [`Failure::Log`].
pub(crate) async fn settled_in(work: &mut Work<'_>, payment: &Payment) -> Result<(), Failure> {
    match (payment.status, payment.started.payable) {
        (PaymentStatus::Started, _) => Ok(()),
        (PaymentStatus::Ended(outcome), Payable::Invoice(invoice)) => on_invoice(work, invoice, payment, outcome).await,
        (PaymentStatus::Ended(outcome), Payable::Order(order)) => on_order(work, order, payment, outcome).await,
    }
}

async fn on_invoice(
    work: &mut Work<'_>,
    invoice_id: Uuid,
    payment: &Payment,
    outcome: PaymentOutcome,
) -> Result<(), Failure> {
    let customer = Some(payment.started.customer_id);
    match outcome {
        PaymentOutcome::Unknown(_) => {
            let unclear = InvoiceCommand::NoteUnclear { payment_id: payment.id() };
            work.decide::<InvoiceRules>(invoice_id, &unclear, customer).await
        }
        PaymentOutcome::Succeeded => {
            pay_in(work, payment).await?;
            end_in(work, invoice_id, payment, outcome).await
        }
        PaymentOutcome::Declined(_) | PaymentOutcome::Unreachable | PaymentOutcome::Expired => {
            end_in(work, invoice_id, payment, outcome).await
        }
    }
}

/// Of money for which nothing was left to pay all goes back; what is only too much waits for the next invoice.
async fn pay_in(work: &mut Work<'_>, payment: &Payment) -> Result<(), Failure> {
    let received_on = payment.received_on.unwrap_or_else(|| today(work, &payment.started));
    let Applied { applied, rest } = book_in(work, &payment.started, received_on).await?;
    if minor_units(applied)? == 0 {
        return give_back_in(work, payment, rest).await;
    }
    balance::credit_in(work, payment.started.customer_id, rest, BalanceSource::Payment(payment.id())).await
}

/// Books money that came in on its invoice: it pays what is left to pay. Nothing is left of what is paid or void. What
/// was given up and is paid by it earns its commission after all.
///
/// # Errors
/// [`Failure::Refused`] for drafts, [`Failure::Log`].
pub(super) async fn book_in(
    work: &mut Work<'_>,
    started: &StartedPayment,
    received_on: NaiveDate,
) -> Result<Applied, Failure> {
    let invoice = work.read::<InvoiceRules>(started.payable.id()).await?;
    let booked = allocate::apply(started.amount, left_to_pay(known(&invoice)?))?;
    let StartedPayment { payment_id, amount, .. } = *started;
    let payment = BookedPayment { payment_id, amount, applied: booked.applied, received_on };
    let book = InvoiceCommand::BookPayment(Box::new(payment));
    work.decide::<InvoiceRules>(started.payable.id(), &book, Some(started.customer_id)).await?;
    commission::restore_in(work, known(&invoice)?).await?;
    Ok(booked)
}

fn left_to_pay(invoice: &Invoice) -> Money {
    match invoice.status {
        InvoiceStatus::Issued | InvoiceStatus::Uncollectible => invoice.balance,
        InvoiceStatus::Draft | InvoiceStatus::Discarded | InvoiceStatus::Paid | InvoiceStatus::Void => {
            Money::zero(invoice.balance.currency())
        }
    }
}

/// It is tried again by itself where its payer's terms say so.
async fn end_in(
    work: &mut Work<'_>,
    invoice_id: Uuid,
    payment: &Payment,
    outcome: PaymentOutcome,
) -> Result<(), Failure> {
    let payer = work.read::<CustomerRules>(payment.started.customer_id).await?;
    let automatic = payer.state.known().is_some_and(|payer| payer.terms.collection == Collection::Automatic);
    let end = InvoiceCommand::EndAttempt { payment_id: payment.id(), outcome, automatic };
    work.decide::<InvoiceRules>(invoice_id, &end, Some(payment.started.customer_id)).await
}

async fn on_order(
    work: &mut Work<'_>,
    order_id: Uuid,
    payment: &Payment,
    outcome: PaymentOutcome,
) -> Result<(), Failure> {
    match outcome {
        // Until that is found out the order waits.
        PaymentOutcome::Unknown(_) => Ok(()),
        PaymentOutcome::Succeeded => {
            if order::paid_in(work, order_id, payment).await? {
                return Ok(());
            }
            give_back_in(work, payment, payment.started.amount).await
        }
        PaymentOutcome::Declined(_) | PaymentOutcome::Unreachable | PaymentOutcome::Expired => {
            order::payment_failed_in(work, order_id, payment).await
        }
    }
}
