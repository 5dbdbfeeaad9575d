//! What may happen to an invoice.

mod collection;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    AppliedCredit, BookedPayment, Invoice, InvoiceCommand, InvoiceContents, InvoiceEvent, InvoiceState, InvoiceStatus,
    IssuedInvoice,
};
use crate::billing::lines::in_events;
use crate::billing::{minor_units, minus, sum};
use crate::document::StoredDocument;
use crate::{Asked, Decided, Money, Refusal};

pub(super) fn decide(
    state: &InvoiceState,
    asked: &Asked<'_, InvoiceCommand>,
) -> Result<Decided<InvoiceEvent>, Refusal> {
    use InvoiceCommand as C;
    match (state, asked.command) {
        (InvoiceState::Unknown, C::Draft(contents)) => Ok(drafted(contents).into()),
        (InvoiceState::Unknown, C::Issue(issued)) => Ok(issued_now(issued)?.into()),
        (InvoiceState::Known(invoice), C::Attempt { payment_id }) => collection::attempt(invoice, *payment_id),
        (InvoiceState::Known(invoice), C::NoteUnclear { payment_id }) => Ok(collection::unclear(invoice, *payment_id)),
        (InvoiceState::Known(invoice), C::EndAttempt { payment_id, outcome, automatic }) => {
            Ok(collection::ended(invoice, *payment_id, (*outcome, asked.at), *automatic))
        }
        (InvoiceState::Known(invoice), C::PlanCollection { at }) => Ok(collection::planned(invoice, *at)),
        (InvoiceState::Known(invoice), C::TakeDunningStep { step, today }) => {
            Ok(collection::dunned(invoice, *step, *today))
        }
        (InvoiceState::Known(invoice), command) => change(invoice, command),
        (
            InvoiceState::Unknown,
            C::Discard
            | C::ApplyBalance { .. }
            | C::ApplyCredit(_)
            | C::BookPayment(_)
            | C::NoteOverdue { .. }
            | C::Attempt { .. }
            | C::NoteUnclear { .. }
            | C::EndAttempt { .. }
            | C::PlanCollection { .. }
            | C::TakeDunningStep { .. }
            | C::StoreDocument(_)
            | C::Void
            | C::WriteOff,
        ) => Err(Refusal::NotFound),
    }
}

fn change(invoice: &Invoice, command: &InvoiceCommand) -> Result<Decided<InvoiceEvent>, Refusal> {
    use InvoiceCommand as C;
    use InvoiceStatus as S;
    match (invoice.status, command) {
        // Its id is its natural key: it is there already.
        (S::Draft, C::Draft(_)) | (S::Issued | S::Paid | S::Uncollectible, C::Issue(_)) => Ok(Decided::nothing()),
        (S::Draft, C::Issue(issued)) => Ok(issued_now(issued)?.into()),
        (S::Draft, C::Discard) => Ok(InvoiceEvent::InvoiceDiscarded {}.into()),
        (S::Discarded, C::Discard) | (S::Void, C::Void) | (S::Uncollectible, C::WriteOff) => Ok(Decided::nothing()),
        (S::Issued, C::ApplyBalance { amount }) => balance_applied(invoice, *amount),
        (S::Issued | S::Paid | S::Uncollectible, C::ApplyCredit(credit)) => credit_applied(invoice, credit),
        // Also of what is void: money that comes in is never unseen, it only pays nothing here.
        (S::Issued | S::Paid | S::Void | S::Uncollectible, C::BookPayment(payment)) => payment_booked(invoice, payment),
        (S::Issued, C::NoteOverdue { today }) => Ok(overdue(invoice, *today)),
        (S::Issued | S::Paid | S::Uncollectible | S::Void, C::StoreDocument(document)) => Ok(stored(invoice, document)),
        (S::Issued, C::Void) => void(invoice),
        (S::Issued, C::WriteOff) => Ok(InvoiceEvent::InvoiceUncollectible {}.into()),
        (S::Draft | S::Discarded | S::Paid | S::Void | S::Uncollectible, C::NoteOverdue { .. }) => {
            Ok(Decided::nothing())
        }
        (
            status,
            C::Draft(_)
            | C::Issue(_)
            | C::Discard
            | C::ApplyBalance { .. }
            | C::ApplyCredit(_)
            | C::BookPayment(_)
            | C::StoreDocument(_)
            | C::Void
            | C::WriteOff
            // Decided before, whatever the status.
            | C::Attempt { .. }
            | C::NoteUnclear { .. }
            | C::EndAttempt { .. }
            | C::PlanCollection { .. }
            | C::TakeDunningStep { .. },
        ) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

fn drafted(contents: &InvoiceContents) -> Vec<InvoiceEvent> {
    let mut first = contents.clone();
    let more = lines_beyond(&mut first);
    std::iter::once(InvoiceEvent::InvoiceDrafted(Box::new(first))).chain(more).collect()
}

fn issued_now(issued: &IssuedInvoice) -> Result<Vec<InvoiceEvent>, Refusal> {
    let mut first = issued.clone();
    let more = lines_beyond(&mut first.contents);
    let paid = (minor_units(issued.contents.totals.total)? == 0).then_some(InvoiceEvent::InvoicePaid {});
    Ok(std::iter::once(InvoiceEvent::InvoiceIssued(Box::new(first))).chain(more).chain(paid).collect())
}

/// Leaves the lines that fit into one event, and gives the events for the others.
fn lines_beyond(contents: &mut InvoiceContents) -> Vec<InvoiceEvent> {
    let mut parts = in_events(&contents.lines).into_iter();
    contents.lines = parts.next().unwrap_or_default();
    parts.map(|lines| InvoiceEvent::InvoiceLinesAdded { lines }).collect()
}

fn stored(invoice: &Invoice, document: &StoredDocument) -> Decided<InvoiceEvent> {
    if invoice.document(document.format).is_some() {
        return Decided::nothing();
    }
    InvoiceEvent::DocumentStored { document: document.clone() }.into()
}

fn balance_applied(invoice: &Invoice, amount: Money) -> Result<Decided<InvoiceEvent>, Refusal> {
    if minor_units(amount)? == 0 {
        return Ok(Decided::nothing());
    }
    settled_by(invoice, vec![InvoiceEvent::BalanceApplied { amount }], amount, amount)
}

fn credit_applied(invoice: &Invoice, credit: &AppliedCredit) -> Result<Decided<InvoiceEvent>, Refusal> {
    if invoice.credits.iter().any(|known| known.credit_note_id == credit.credit_note_id) {
        return Ok(Decided::nothing());
    }
    let mut lines: BTreeMap<u32, Money> =
        invoice.lines_left()?.into_iter().map(|line| (line.line, line.left)).collect();
    for credited in &credit.lines {
        let left = lines.get_mut(&credited.line).ok_or(Refusal::UnknownLine { line: credited.line })?;
        within(credited.net, *left)?;
        *left = minus(*left, credited.net)?;
    }
    let tax_left = invoice.tax_left()?;
    within(sum(tax_left.currency(), credit.taxes.iter().map(|tax| tax.amount))?, tax_left)?;
    settled_by(invoice, divided(credit), credit.applied, credit.total)
}

/// A credit goes the way of what it is taken from, and no further.
fn within(credited: Money, left: Money) -> Result<(), Refusal> {
    let (units, units_left) = (minor_units(credited)?, minor_units(left)?);
    if credited.currency() != left.currency() || units.abs() > units_left.abs() || units * units_left.signum() < 0 {
        return Err(Refusal::CreditLimit { left });
    }
    Ok(())
}

fn divided(credit: &AppliedCredit) -> Vec<InvoiceEvent> {
    let (mut first, credit_note_id) = (credit.clone(), credit.credit_note_id);
    let mut parts = in_events(&first.lines).into_iter();
    first.lines = parts.next().unwrap_or_default();
    let more = parts.map(|lines| InvoiceEvent::CreditedLinesAdded { credit_note_id, lines });
    std::iter::once(InvoiceEvent::CreditApplied(Box::new(first))).chain(more).collect()
}

fn payment_booked(invoice: &Invoice, payment: &BookedPayment) -> Result<Decided<InvoiceEvent>, Refusal> {
    if invoice.payments.iter().any(|known| known.payment_id == payment.payment_id) {
        return Ok(Decided::nothing());
    }
    let booked = InvoiceEvent::PaymentBooked(Box::new(payment.clone()));
    settled_by(invoice, vec![booked], payment.applied, payment.amount)
}

/// The events, and that nothing is left to pay where that follows. What is applied is neither more than what is left
/// nor more than there is.
fn settled_by(
    invoice: &Invoice,
    mut events: Vec<InvoiceEvent>,
    applied: Money,
    available: Money,
) -> Result<Decided<InvoiceEvent>, Refusal> {
    let left = minor_units(minus(invoice.balance, applied)?)?;
    if left < 0 || minor_units(applied)? < 0 || minor_units(minus(available, applied)?)? < 0 {
        return Err(Refusal::InvalidState { state: "paid" });
    }
    let open = matches!(invoice.status, InvoiceStatus::Issued | InvoiceStatus::Uncollectible);
    if !open && minor_units(applied)? > 0 {
        return Err(Refusal::InvalidState { state: invoice.status.name() });
    }
    if open && left == 0 {
        events.push(InvoiceEvent::InvoicePaid {});
    }
    Ok(events.into())
}

fn overdue(invoice: &Invoice, today: NaiveDate) -> Decided<InvoiceEvent> {
    match &invoice.issue {
        Some(issue) if !invoice.overdue && issue.due_on < today => {
            InvoiceEvent::InvoiceOverdue { due_on: issue.due_on }.into()
        }
        Some(_) | None => Decided::nothing(),
    }
}

fn void(invoice: &Invoice) -> Result<Decided<InvoiceEvent>, Refusal> {
    if invoice.collection.open.is_some() {
        return Err(Refusal::PaymentInProgress);
    }
    if !invoice.payments.is_empty() {
        return Err(Refusal::InvalidState { state: "paid" });
    }
    if !invoice.credits.is_empty() {
        return Err(Refusal::InvalidState { state: "credited" });
    }
    Ok(InvoiceEvent::InvoiceVoided {}.into())
}
