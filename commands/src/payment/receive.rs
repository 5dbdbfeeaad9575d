//! Money that came in outside: by transfer, by cheque, in cash.

use std::fmt;

use chrono::NaiveDate;
use domain::balance::BalanceSource;
use domain::billing::minor_units;
use domain::invoice::Invoice;
use domain::payment::{PaymentCommand, PaymentMeans, PaymentOutcome, PaymentRules, StartPayment};
use domain::{Money, Refusal};
use uuid::Uuid;

use super::outcome::book_in;
use super::start::{known, read, started};
use super::{answer, today};
use crate::{Answer, Command, Failure, Operation, Work, balance};

/// An operator has seen it on the bank's statement. It pays the invoice as far as something is left to pay; more is to
/// the customer's credit, whatever the invoice has become: the money is there.
pub struct ReceivePayment {
    pub payment_id: Uuid,
    pub invoice_id: Uuid,
    pub amount: Money,
    /// The book date.
    pub received_on: NaiveDate,
    /// What it was sent with, in free words.
    pub reference: String,
}

impl fmt::Debug for ReceivePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivePayment").field("payment_id", &self.payment_id).finish_non_exhaustive()
    }
}

impl Command for ReceivePayment {
    const OPERATION: Operation = Operation::ReceivePayment;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let (invoice, payer) = read(work, self.invoice_id).await?;
        work.must_match(invoice.version)?;
        let (invoice, payer) = (known(&invoice)?, payer.state.known().ok_or(Failure::NotFound)?);
        let started = started(self.payment_id, invoice, self.amount, PaymentMeans::Outside);
        self.check(invoice, today(work, &started))?;
        // The invoice first: it is the resource that the caller's `If-Match` is about.
        let booked = book_in(work, &started, self.received_on).await?;
        let (outcome, received_on) = (PaymentOutcome::Succeeded, self.received_on);
        let start = StartPayment { started, reference: Some(self.reference.clone()) };
        for step in [PaymentCommand::Start(Box::new(start)), PaymentCommand::Record { outcome, received_on }] {
            work.decide::<PaymentRules>(self.payment_id, &step, Some(payer.id)).await?;
        }
        balance::credit_in(work, payer.id, booked.rest, BalanceSource::Payment(self.payment_id)).await?;
        Ok(answer(201, self.payment_id))
    }
}

impl ReceivePayment {
    fn check(&self, invoice: &Invoice, today: NaiveDate) -> Result<(), Refusal> {
        if self.amount.currency() != invoice.contents.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        if minor_units(self.amount)? <= 0 {
            return Err(Refusal::InvalidPayment);
        }
        if self.received_on > today { Err(Refusal::InvalidReceiptDate) } else { Ok(()) }
    }
}
