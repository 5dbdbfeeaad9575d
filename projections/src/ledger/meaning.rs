//! What an event does to what a customer owes.
//!
//! What it owes is what is left to pay of its invoices less what it has to its credit. Documents count in full; money
//! that came in where it went: what paid an invoice as a payment, what went to the customer's credit as an overpayment.
//! Moving a credit to an invoice changes nothing in the sum. Money that goes back is owed again from the moment it is
//! sent, and not any more when it did not arrive.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::balance::{BalanceEvent, BalanceSource};
use domain::billing::{minus, negated};
use domain::credit_note::{CreditNoteEvent, IssuedCreditNote};
use domain::invoice::{AppliedCredit, BookedPayment, InvoiceEvent, IssuedInvoice};
use domain::payment::{PaymentEvent, RefundCause};
use domain::{Money, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An issued invoice, as far as its customer's account goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receivable {
    pub customer_id: Uuid,
    pub number: String,
    pub issued_on: NaiveDate,
    pub total: Money,
    /// What is left to pay, and may be expected.
    pub open: Money,
    pub overdue: bool,
    /// Nobody expects it to be paid any more: it left the account.
    pub written_off: bool,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    Invoice,
    CreditNote,
    /// What paid an invoice of money that came in.
    Payment,
    /// What was left of it, or all of it where nothing was to pay, is to the customer's credit.
    Overpayment,
    /// Money is sent back.
    Refund,
    /// It did not arrive: it is to the customer's credit.
    RefundFailed,
    /// What was to the customer's credit paid an invoice.
    BalanceApplied,
    Void,
    Uncollectible,
    /// What was given up came in after all, or is credited: it is owed again for as long.
    Recovered,
}

impl EntryKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Payment => "payment",
            Self::Overpayment => "overpayment",
            Self::Refund => "refund",
            Self::RefundFailed => "refund_failed",
            Self::BalanceApplied => "balance_applied",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
            Self::Recovered => "recovered",
        }
    }
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub customer_id: Uuid,
    pub booked_on: NaiveDate,
    pub kind: EntryKind,
    /// Of the document, where it is about one.
    pub number: Option<String>,
    pub invoice_id: Option<Uuid>,
    pub credit_note_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub refund_id: Option<Uuid>,
    /// Above zero where the customer owes more.
    pub amount: Money,
    /// From the balance to the invoice.
    pub moved: Option<Money>,
}

/// The entries of an invoice's event, which happened on that day, and what is left of the invoice.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount cannot be represented.
pub fn of_invoice(
    receivables: &mut HashMap<Uuid, Receivable>,
    invoice_id: Uuid,
    event: &InvoiceEvent,
    day: NaiveDate,
) -> Result<Vec<Entry>, Refusal> {
    if let InvoiceEvent::InvoiceIssued(issued) = event {
        let receivable = Receivable::new(issued);
        let entry = receivable.entry(invoice_id, EntryKind::Invoice, receivable.issued_on, receivable.total);
        receivables.insert(invoice_id, receivable);
        return Ok(vec![entry]);
    }
    // A draft is nobody's debt.
    let Some(receivable) = receivables.get_mut(&invoice_id) else { return Ok(Vec::new()) };
    receivable.evolve(invoice_id, event, day)
}

/// The entries of a credit note's event. It counts in full when it is issued, wherever its total goes.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount cannot be represented.
pub fn of_credit_note(event: &CreditNoteEvent) -> Result<Vec<Entry>, Refusal> {
    match event {
        CreditNoteEvent::CreditNoteIssued(issued) => Ok(vec![credited(issued)?]),
        CreditNoteEvent::CreditNoteLinesAdded { .. }
        | CreditNoteEvent::CreditNoteSettled { .. }
        | CreditNoteEvent::CreditNoteDocumentStored { .. } => Ok(Vec::new()),
    }
}

fn credited(note: &IssuedCreditNote) -> Result<Entry, Refusal> {
    Ok(Entry {
        number: Some(note.number.clone()),
        invoice_id: note.invoice.as_ref().map(|invoice| invoice.invoice_id),
        credit_note_id: Some(note.credit_note_id),
        ..Entry::of(note.customer_id, note.issued_on, EntryKind::CreditNote, negated(note.total)?)
    })
}

/// The entries of a payment's event: money that goes back to that customer. What it paid is told by what it paid.
pub fn of_payment(payment_id: Uuid, event: &PaymentEvent, customer_id: Uuid, day: NaiveDate) -> Vec<Entry> {
    match event {
        PaymentEvent::RefundStarted { refund_id, amount, cause } => {
            let credit_note_id = match cause {
                RefundCause::CreditNote(id) => Some(*id),
                RefundCause::Balance => None,
            };
            let entry = Entry::of(customer_id, day, EntryKind::Refund, *amount);
            vec![Entry { credit_note_id, payment_id: Some(payment_id), refund_id: Some(*refund_id), ..entry }]
        }
        // What did not arrive is told by the balance it went to.
        PaymentEvent::RefundFailed { .. }
        | PaymentEvent::RefundSucceeded { .. }
        | PaymentEvent::RefundOutcomeUnknown { .. }
        | PaymentEvent::PaymentStarted(_)
        | PaymentEvent::PaymentSucceeded { .. }
        | PaymentEvent::PaymentDeclined { .. }
        | PaymentEvent::PaymentUnreachable { .. }
        | PaymentEvent::PaymentExpired { .. }
        | PaymentEvent::PaymentOutcomeUnknown { .. }
        | PaymentEvent::PaymentOutcomeResolved { .. } => Vec::new(),
    }
}

/// The entries of a balance's event: money that comes to it from outside. What comes from documents and goes to them has
/// entries there; what goes back has one of its payment.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount cannot be represented.
pub fn of_balance(event: &BalanceEvent, day: NaiveDate) -> Result<Vec<Entry>, Refusal> {
    let BalanceEvent::BalanceCredited { customer_id, amount, source } = event else { return Ok(Vec::new()) };
    let entry = |kind| Ok::<_, Refusal>(Entry::of(*customer_id, day, kind, negated(*amount)?));
    match *source {
        BalanceSource::Payment(id) => Ok(vec![Entry { payment_id: Some(id), ..entry(EntryKind::Overpayment)? }]),
        BalanceSource::Refund(id) => Ok(vec![Entry { refund_id: Some(id), ..entry(EntryKind::RefundFailed)? }]),
        BalanceSource::CreditNote(_) | BalanceSource::Invoice(_) => Ok(Vec::new()),
    }
}

impl Entry {
    /// One that is about no document.
    fn of(customer_id: Uuid, booked_on: NaiveDate, kind: EntryKind, amount: Money) -> Self {
        Self {
            customer_id,
            booked_on,
            kind,
            number: None,
            invoice_id: None,
            credit_note_id: None,
            payment_id: None,
            refund_id: None,
            amount,
            moved: None,
        }
    }
}

impl Receivable {
    fn new(issued: &IssuedInvoice) -> Self {
        let total = issued.contents.totals.total;
        Self {
            customer_id: issued.contents.customer_id,
            number: issued.number.clone(),
            issued_on: issued.issued_on,
            total,
            open: total,
            overdue: false,
            written_off: false,
        }
    }

    fn evolve(&mut self, id: Uuid, event: &InvoiceEvent, day: NaiveDate) -> Result<Vec<Entry>, Refusal> {
        match event {
            InvoiceEvent::BalanceApplied { amount } => self.paid_by_balance(id, *amount),
            InvoiceEvent::CreditApplied(credit) => self.credited(id, credit, day),
            InvoiceEvent::PaymentBooked(payment) => self.paid(id, payment),
            InvoiceEvent::InvoiceOverdue { .. } => {
                self.overdue = true;
                Ok(Vec::new())
            }
            InvoiceEvent::InvoicePaid {} => {
                self.overdue = false;
                Ok(Vec::new())
            }
            InvoiceEvent::InvoiceVoided {} => {
                self.leaves();
                Ok(vec![self.entry(id, EntryKind::Void, day, negated(self.total)?)])
            }
            InvoiceEvent::InvoiceUncollectible {} => {
                let open = self.open;
                self.leaves();
                self.written_off = true;
                Ok(vec![self.entry(id, EntryKind::Uncollectible, day, negated(open)?)])
            }
            InvoiceEvent::InvoiceDrafted(_)
            | InvoiceEvent::InvoiceDiscarded {}
            | InvoiceEvent::InvoiceIssued(_)
            | InvoiceEvent::InvoiceLinesAdded { .. }
            | InvoiceEvent::CreditedLinesAdded { .. }
            | InvoiceEvent::PaymentAttempted { .. }
            | InvoiceEvent::PaymentAttemptUnclear { .. }
            | InvoiceEvent::PaymentAttemptEnded { .. }
            | InvoiceEvent::CollectionPlanned { .. }
            | InvoiceEvent::DunningStepTaken { .. }
            | InvoiceEvent::DocumentStored { .. } => Ok(Vec::new()),
        }
    }

    fn leaves(&mut self) {
        self.open = Money::zero(self.total.currency());
        self.overdue = false;
    }

    fn paid_by_balance(&mut self, id: Uuid, amount: Money) -> Result<Vec<Entry>, Refusal> {
        self.open = minus(self.open, amount)?;
        let nothing = Money::zero(amount.currency());
        let entry = self.entry(id, EntryKind::BalanceApplied, self.issued_on, nothing);
        Ok(vec![Entry { moved: Some(amount), ..entry }])
    }

    /// The note has an entry of its own.
    fn credited(&mut self, id: Uuid, credit: &AppliedCredit, day: NaiveDate) -> Result<Vec<Entry>, Refusal> {
        let recovered = self.lower(id, credit.applied, day)?;
        let of_note = |entry| Entry { credit_note_id: Some(credit.credit_note_id), ..entry };
        Ok(recovered.into_iter().map(of_note).collect())
    }

    fn paid(&mut self, id: Uuid, payment: &BookedPayment) -> Result<Vec<Entry>, Refusal> {
        let recovered = self.lower(id, payment.applied, payment.received_on)?;
        let entry = self.entry(id, EntryKind::Payment, payment.received_on, negated(payment.applied)?);
        let pays = Some(entry).filter(|entry| !entry.amount.amount().is_zero());
        let of_payment = |entry| Entry { payment_id: Some(payment.payment_id), ..entry };
        Ok(recovered.into_iter().chain(pays).map(of_payment).collect())
    }

    /// Less is left. What was written off is owed again as far as it is settled now.
    fn lower(&mut self, id: Uuid, amount: Money, day: NaiveDate) -> Result<Option<Entry>, Refusal> {
        if !self.written_off {
            self.open = minus(self.open, amount)?;
            return Ok(None);
        }
        let settles = !amount.amount().is_zero();
        Ok(settles.then(|| self.entry(id, EntryKind::Recovered, day, amount)))
    }

    fn entry(&self, invoice_id: Uuid, kind: EntryKind, booked_on: NaiveDate, amount: Money) -> Entry {
        let entry = Entry::of(self.customer_id, booked_on, kind, amount);
        Entry { number: Some(self.number.clone()), invoice_id: Some(invoice_id), ..entry }
    }
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
