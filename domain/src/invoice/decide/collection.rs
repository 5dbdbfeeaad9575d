//! Collecting an invoice: one attempt at a time, retried by rule, and what is done when it stays unpaid.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::invoice::{DunningStep, Invoice, InvoiceEvent, InvoiceStatus};
use crate::payment::PaymentOutcome;
use crate::{Decided, Refusal};

pub(super) fn attempt(invoice: &Invoice, payment_id: Uuid) -> Result<Decided<InvoiceEvent>, Refusal> {
    match (invoice.status, &invoice.collection.open) {
        (_, Some(open)) if open.payment_id == payment_id => Ok(Decided::nothing()),
        (InvoiceStatus::Paid, _) => Err(Refusal::AlreadyPaid),
        (InvoiceStatus::Issued | InvoiceStatus::Uncollectible, Some(_)) => Err(Refusal::PaymentInProgress),
        (InvoiceStatus::Issued | InvoiceStatus::Uncollectible, None) => {
            Ok(InvoiceEvent::PaymentAttempted { payment_id }.into())
        }
        (status @ (InvoiceStatus::Draft | InvoiceStatus::Discarded | InvoiceStatus::Void), _) => {
            Err(Refusal::InvalidState { state: status.name() })
        }
    }
}

pub(super) fn unclear(invoice: &Invoice, payment_id: Uuid) -> Decided<InvoiceEvent> {
    match &invoice.collection.open {
        Some(open) if open.payment_id == payment_id && !open.unclear => {
            InvoiceEvent::PaymentAttemptUnclear { payment_id }.into()
        }
        Some(_) | None => Decided::nothing(),
    }
}

/// What is heard of an attempt that has ended before changes nothing here: the money itself is booked apart.
pub(super) fn ended(
    invoice: &Invoice,
    payment_id: Uuid,
    (outcome, at): (PaymentOutcome, DateTime<Utc>),
    automatic: bool,
) -> Decided<InvoiceEvent> {
    if invoice.collection.open.is_none_or(|open| open.payment_id != payment_id) {
        return Decided::nothing();
    }
    let retried = automatic && invoice.status == InvoiceStatus::Issued;
    let next_attempt_at = invoice.collection.next_after(outcome, at).filter(|_| retried);
    InvoiceEvent::PaymentAttemptEnded { payment_id, outcome, at, next_attempt_at }.into()
}

pub(super) fn planned(invoice: &Invoice, at: Option<DateTime<Utc>>) -> Decided<InvoiceEvent> {
    let changes = invoice.status == InvoiceStatus::Issued && invoice.collection.next_at != at;
    if changes { InvoiceEvent::CollectionPlanned { at }.into() } else { Decided::nothing() }
}

pub(super) fn dunned(invoice: &Invoice, step: DunningStep, today: NaiveDate) -> Decided<InvoiceEvent> {
    let due_on = invoice.issue.as_ref().map(|issue| issue.due_on);
    let day = due_on.and_then(|due_on| step.day(due_on));
    let comes = day.is_some_and(|day| day <= today) && invoice.status == InvoiceStatus::Issued;
    if comes && !invoice.collection.dunned.contains(&step) {
        InvoiceEvent::DunningStepTaken { step }.into()
    } else {
        Decided::nothing()
    }
}
