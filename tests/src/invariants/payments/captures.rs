//! What the log says was taken: once for each invoice, booked where it belongs, and never given back twice.

use std::collections::BTreeSet;

use domain::invoice::{BookedPayment, Invoice};
use domain::payment::{Payable, Payment, PaymentMeans, RefundStatus};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Paid, succeeded};

pub(super) fn check(paid: &Paid) -> Vec<String> {
    let invoices = paid.invoices.values().flat_map(|invoice| on_invoice(paid, invoice));
    let payments = paid.payments.values().flat_map(|payment| of_payment(paid, payment));
    invoices.chain(payments).collect()
}

/// A gateway is asked for all that is left: whatever it gives later finds nothing to pay.
fn on_invoice(paid: &Paid, invoice: &Invoice) -> Vec<String> {
    let id = invoice.id();
    let pays = |booked: &&BookedPayment| !booked.applied.amount().is_zero() && by_gateway(paid, booked.payment_id);
    let mut wrong = Vec::new();
    let captures = invoice.payments.iter().filter(pays).count();
    if captures > 1 {
        wrong.push(format!("{captures} charges pay the invoice {id}"));
    }
    let distinct: BTreeSet<Uuid> = invoice.payments.iter().map(|booked| booked.payment_id).collect();
    if distinct.len() < invoice.payments.len() {
        wrong.push(format!("the invoice {id} has booked a payment twice"));
    }
    let invented = invoice.payments.iter().filter(|booked| {
        let payment = paid.payments.get(&booked.payment_id);
        !payment.is_some_and(|payment| {
            let is_for_it = match payment.started.payable {
                Payable::Invoice(invoice_id) => invoice_id == id,
                Payable::Order(order_id) => invoice.contents.order_id == Some(order_id),
            };
            succeeded(payment) && is_for_it && payment.started.amount == booked.amount
        })
    });
    wrong.extend(
        invented.map(|booked| format!("the invoice {id} has booked {}, which did not come in", booked.payment_id)),
    );
    wrong
}

fn by_gateway(paid: &Paid, payment_id: Uuid) -> bool {
    paid.payments.get(&payment_id).is_none_or(|payment| payment.started.means != PaymentMeans::Outside)
}

fn of_payment(paid: &Paid, payment: &Payment) -> Vec<String> {
    let id = payment.id();
    let mut wrong = Vec::new();
    let is_for_invoice = matches!(payment.started.payable, Payable::Invoice(_));
    if succeeded(payment) && is_for_invoice && paid.booked(payment).is_none() {
        wrong.push(format!("the payment {id} came in and is booked nowhere"));
    }
    let gone = payment.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
    let gone: Decimal = gone.map(|refund| refund.amount.amount()).sum();
    let had = if succeeded(payment) { payment.started.amount.amount() } else { Decimal::ZERO };
    if gone > had {
        wrong.push(format!("{gone} goes back of the payment {id}, of which {had} came in"));
    }
    let distinct: BTreeSet<Uuid> = payment.refunds.iter().map(|refund| refund.id).collect();
    if distinct.len() < payment.refunds.len() {
        wrong.push(format!("the payment {id} has a refund twice"));
    }
    if !payment.refunds.is_empty() && !payment.started.means.refunds() {
        wrong.push(format!("the payment {id} goes back by {}", payment.started.means.name()));
    }
    wrong
}
