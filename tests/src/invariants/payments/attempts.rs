//! One attempt at a time, and what invoices and orders say of theirs.

use std::collections::BTreeMap;

use domain::Event;
use domain::invoice::{Invoice, OpenAttempt};
use domain::order::{Order, OrderStatus, PaymentMode};
use domain::payment::{Payable, Payment, PaymentEvent, PaymentMeans, PaymentOutcome, PaymentStatus};
use uuid::Uuid;

use super::{Paid, succeeded};
use crate::invariants::evidence::Evidence;

pub(super) fn check(evidence: &Evidence, paid: &Paid) -> Vec<String> {
    let mut wrong = started_beside(evidence);
    let open = open(paid);
    wrong.extend(paid.invoices.values().flat_map(|invoice| of_invoice(paid, invoice, &open)));
    wrong.extend(paid.orders.iter().flat_map(|(id, order)| of_order(paid, *id, order, &open)));
    wrong
}

/// Attempts that began while another for the same was on its way, or while nobody knew what came of it.
fn started_beside(evidence: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut open, mut about) = (BTreeMap::<Uuid, Uuid>::new(), BTreeMap::<Uuid, Uuid>::new());
    for recorded in &evidence.events {
        let (Ok(Event::Payment(event)), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id)) else {
            continue;
        };
        match event {
            PaymentEvent::PaymentStarted(started) if started.means != PaymentMeans::Outside => {
                let payable = started.payable.id();
                about.insert(id, payable);
                if let Some(before) = open.insert(payable, id) {
                    wrong.push(format!("the payment {id} began while {before} was open, for {payable}"));
                }
            }
            PaymentEvent::PaymentSucceeded { .. }
            | PaymentEvent::PaymentDeclined { .. }
            | PaymentEvent::PaymentUnreachable { .. }
            | PaymentEvent::PaymentExpired { .. }
            | PaymentEvent::PaymentOutcomeResolved { .. } => {
                // One that ended before may be heard of again.
                let payable = about.get(&id).filter(|payable| open.get(payable) == Some(&id));
                payable.and_then(|payable| open.remove(payable));
            }
            PaymentEvent::PaymentStarted(_)
            | PaymentEvent::PaymentOutcomeUnknown { .. }
            | PaymentEvent::RefundStarted { .. }
            | PaymentEvent::RefundSucceeded { .. }
            | PaymentEvent::RefundFailed { .. }
            | PaymentEvent::RefundOutcomeUnknown { .. } => {}
        }
    }
    wrong
}

/// By what they are for.
fn open(paid: &Paid) -> BTreeMap<Uuid, &Payment> {
    let open = paid.attempts().filter(|payment| payment.status.is_open());
    open.map(|payment| (payment.started.payable.id(), payment)).collect()
}

fn of_invoice(paid: &Paid, invoice: &Invoice, open: &BTreeMap<Uuid, &Payment>) -> Vec<String> {
    let id = invoice.id();
    let mut wrong = Vec::new();
    let is_unclear = |payment: &Payment| matches!(payment.status, PaymentStatus::Ended(PaymentOutcome::Unknown(_)));
    let expected = open.get(&id).map(|payment| OpenAttempt { payment_id: payment.id(), unclear: is_unclear(payment) });
    if invoice.collection.open != expected {
        wrong.push(format!("the invoice {id} waits for {:?}, and {expected:?} is open", invoice.collection.open));
    }
    let made = paid.attempts().filter(|payment| payment.started.payable == Payable::Invoice(id)).count();
    if usize::try_from(invoice.collection.attempts).ok() != Some(made) {
        wrong.push(format!(
            "{made} payments of the invoice {id} were begun, and it counts {}",
            invoice.collection.attempts
        ));
    }
    wrong
}

fn of_order(paid: &Paid, id: Uuid, order: &Order, open: &BTreeMap<Uuid, &Payment>) -> Vec<String> {
    let mut wrong = Vec::new();
    let waits_for = order.payment_id.filter(|_| order.status == OrderStatus::PaymentPending);
    let expected = open.get(&id).map(|payment| payment.id());
    if waits_for != expected {
        wrong.push(format!("the order {id} waits for {waits_for:?}, and {expected:?} is open"));
    }
    let by = order.payment_id.and_then(|payment| paid.payments.get(&payment));
    if order.paid_at.is_some() && !by.is_some_and(|by| succeeded(by) && paid.booked(by).is_some()) {
        wrong.push(format!("the order {id} is paid, and no payment for it came in"));
    }
    if order.details.payment == PaymentMode::Invoice && order.payment_id.is_some() {
        wrong.push(format!("the order {id} is paid by invoice, and before"));
    }
    wrong
}
