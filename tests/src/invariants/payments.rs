//! Payments: money is taken once, one attempt at a time, and every movement of it is known here.

mod attempts;
mod captures;
mod gateway;

use std::collections::BTreeMap;

use domain::ids;
use domain::invoice::{BookedPayment, Invoice, InvoiceRules};
use domain::order::Order;
use domain::payment::{Payable, Payment, PaymentMeans, PaymentOutcome, PaymentRules, PaymentStatus};
use event_log::Recorded;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, fold};
pub(super) use gateway::Ledger;
use gateway::Ledgers;

const ONCE: &str = "an invoice or order is charged once, and what is charged is booked";
const KNOWN: &str = "what the gateways took and gave back is what is known here";
const ALONE: &str = "no attempt starts while another is open; invoices and orders agree with their payments";

/// All payments, and what they are for, folded from the log.
struct Paid {
    payments: BTreeMap<Uuid, Payment>,
    invoices: BTreeMap<Uuid, Invoice>,
    orders: BTreeMap<Uuid, Order>,
}

impl Paid {
    fn of(evidence: &Evidence) -> Self {
        let invoices = fold::of_rules::<InvoiceRules>(evidence.events.iter()).into_iter();
        Self {
            payments: payments(evidence.events.iter()),
            invoices: invoices.filter_map(|(id, stream)| Some((id, stream.state.known()?.clone()))).collect(),
            orders: fold::orders(evidence),
        }
    }

    /// Those that a gateway was asked for.
    fn attempts(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values().filter(|payment| payment.started.means != PaymentMeans::Outside)
    }

    /// How it is booked on the invoice it is for, or on the one of its order.
    fn booked(&self, payment: &Payment) -> Option<&BookedPayment> {
        let invoice_id = match payment.started.payable {
            Payable::Invoice(id) => id,
            Payable::Order(id) => ids::order_invoice(id),
        };
        self.invoices.get(&invoice_id)?.payments.iter().find(|booked| booked.payment_id == payment.id())
    }
}

/// Every payment there is.
pub(super) fn payments<'a>(events: impl Iterator<Item = &'a Recorded>) -> BTreeMap<Uuid, Payment> {
    let folded = fold::of_rules::<PaymentRules>(events).into_iter();
    folded.filter_map(|(id, stream)| Some((id, stream.state.known()?.clone()))).collect()
}

pub(super) fn succeeded(payment: &Payment) -> bool {
    payment.status == PaymentStatus::Ended(PaymentOutcome::Succeeded)
}

/// `before` is what the gateways' own ledger said before the evidence was gathered, where there is one.
pub(super) async fn check(
    evidence: &Evidence,
    before: Option<Ledger>,
    payment_sim: Option<&str>,
) -> anyhow::Result<[Finding; 3]> {
    let paid = Paid::of(evidence);
    let known = match before.zip(payment_sim) {
        Some((before, url)) => {
            let ledgers = Ledgers { before, after: Ledger::read(url).await? };
            Finding::new(17, KNOWN, ledgers.after.effects.len(), gateway::check(&paid, &ledgers))
        }
        None => Finding::not_given(17, KNOWN),
    };
    Ok([
        Finding::new(17, ONCE, paid.payments.len(), captures::check(&paid)),
        known,
        Finding::new(18, ALONE, paid.attempts().count(), attempts::check(evidence, &paid)),
    ])
}
