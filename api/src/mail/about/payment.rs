//! What a letter about a payment says.

use chrono::Days;
use domain::Money;
use domain::billing::minus;
use domain::invoice::{Invoice, InvoiceStatus};
use domain::order::{Order, UNPAID_DAYS};
use domain::payment::{Payment, PaymentStatus};
use minijinja::context;
use minijinja::value::Value;

use super::invoice::{due_on, number, something};
use super::{Paid, Voice, order};
use crate::mail::words;

/// Of one that succeeded.
pub fn received(payment: &Payment, paid: &Paid, voice: &Voice<'_>) -> Value {
    let (language, amount) = (voice.language, payment.started.amount);
    let (left, rest) = match paid {
        Paid::Invoice(invoice) => (left(invoice, voice), rest(amount, used(payment, invoice))),
        Paid::Order(order) => (None, rest(amount, pays(payment, order).then_some(amount))),
    };
    context! {
        amount => language.money(amount),
        received_on => payment.received_on.map(|day| language.day(day)),
        left,
        rest => something(rest, voice),
        ..named(paid, voice)
    }
}

/// Of one that did not.
pub fn failed(payment: &Payment, paid: &Paid, voice: &Voice<'_>) -> Value {
    let reason = match payment.status {
        PaymentStatus::Ended(outcome) => words::failure(voice.language, outcome),
        PaymentStatus::Started => "",
    };
    let (due_on, next_on, until) = match paid {
        Paid::Invoice(invoice) => (due_on(invoice, voice), invoice.collection.next_at.map(|at| voice.day(at)), None),
        Paid::Order(order) => (None, None, until(order, voice)),
    };
    context! {
        amount => voice.language.money(payment.started.amount),
        reason,
        due_on,
        next_on,
        until,
        ..named(paid, voice)
    }
}

fn named(paid: &Paid, voice: &Voice<'_>) -> Value {
    match paid {
        Paid::Invoice(invoice) => {
            context! { number => number(invoice), order => (), link => voice.invoice_link(invoice.id()) }
        }
        Paid::Order(order) => {
            let link = voice.order_link(order.details.order_id);
            context! { number => (), order => order::name(order), link }
        }
    }
}

/// What is still to be paid of an invoice that stands.
fn left(invoice: &Invoice, voice: &Voice<'_>) -> Option<String> {
    let stands = matches!(invoice.status, InvoiceStatus::Issued | InvoiceStatus::Uncollectible);
    something(invoice.balance, voice).filter(|_| stands)
}

/// How much of the payment paid the invoice.
fn used(payment: &Payment, invoice: &Invoice) -> Option<Money> {
    let booked = invoice.payments.iter().find(|booked| booked.payment_id == payment.started.payment_id);
    booked.map(|booked| booked.applied)
}

fn pays(payment: &Payment, order: &Order) -> bool {
    order.paid_at.is_some() && order.payment_id == Some(payment.started.payment_id)
}

fn rest(amount: Money, used: Option<Money>) -> Money {
    used.map_or(amount, |used| minus(amount, used).unwrap_or(amount))
}

/// The last day on which a prepaid order can be paid.
fn until(order: &Order, voice: &Voice<'_>) -> Option<String> {
    let until = order.placed_at?.checked_add_days(Days::new(UNPAID_DAYS))?;
    (!order.status.is_final()).then(|| voice.day(until))
}
