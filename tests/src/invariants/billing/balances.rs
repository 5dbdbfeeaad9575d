//! Balances: moved by documents and payments, by exactly what these say.

use std::collections::{BTreeMap, BTreeSet};

use domain::balance::{BalanceEvent, BalanceSource};
use domain::invoice::InvoiceStatus;
use domain::payment::{Payable, Payment, RefundCause, RefundStatus};
use domain::{Event, ids};
use event_log::Recorded;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;
use crate::invariants::payments::succeeded;

/// What moved, in which direction: `true` is to the customer's credit.
type Movements = BTreeMap<(Uuid, bool), Decimal>;

pub(super) fn check(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut moved = Movements::new();
    let mut balances: BTreeMap<&str, Decimal> = BTreeMap::new();
    for recorded in &evidence.events {
        let Some((source, amount)) = movement(recorded) else { continue };
        *moved.entry((source, amount.is_sign_positive())).or_default() += amount.abs();
        let balance = balances.entry(&recorded.aggregate_id).or_default();
        *balance += amount;
        if balance.is_sign_negative() && !balance.is_zero() {
            wrong.push(format!("the balance {} was below zero at {}", recorded.aggregate_id, recorded.position));
        }
    }
    let expected = expected(papers);
    let lacking = expected.iter().filter(|(by, amount)| moved.get(by) != Some(amount));
    wrong.extend(lacking.map(|((source, _), amount)| {
        let found = moved.iter().find(|((by, _), _)| by == source).map(|(_, amount)| amount);
        format!("{source} moves a balance by {amount}, and what is moved is {found:?}")
    }));
    let invented = moved.keys().filter(|by| !expected.contains_key(by));
    wrong.extend(invented.map(|(source, _)| format!("{source} moved a balance and says nothing of it")));
    wrong.extend(sent_back(papers));
    wrong
}

/// By whom, and how much; above zero to the customer's credit.
fn movement(recorded: &Recorded) -> Option<(Uuid, Decimal)> {
    let Ok(Event::Balance(event)) = recorded.event() else { return None };
    let (source, amount) = match event {
        BalanceEvent::BalanceCredited { amount, source, .. } => (source, amount.amount()),
        BalanceEvent::BalanceDebited { amount, source, .. } => (source, -amount.amount()),
    };
    let (BalanceSource::CreditNote(id)
    | BalanceSource::Invoice(id)
    | BalanceSource::Payment(id)
    | BalanceSource::Refund(id)) = source;
    Some((*id, amount))
}

/// What documents and payments say they moved.
fn expected(papers: &Papers) -> Movements {
    let notes = papers.notes.iter().filter_map(|(id, note)| Some(((*id, true), note.settlement?.balance.amount())));
    let applied = papers.invoices.iter().map(|(id, invoice)| ((*id, false), invoice.applied_credit.amount()));
    let void = papers.invoices.iter().filter(|(_, invoice)| invoice.status == InvoiceStatus::Void);
    let returned = void.map(|(id, invoice)| ((*id, true), invoice.applied_credit.amount()));
    let payments = papers.invoices.values().flat_map(|invoice| &invoice.payments);
    let overpaid =
        payments.map(|payment| ((payment.payment_id, true), payment.amount.amount() - payment.applied.amount()));
    let refunds = papers.payments.values().flat_map(refunds);
    let vain = papers.payments.iter().filter(|(_, payment)| succeeded(payment) && paid_no_order(papers, payment));
    let vain = vain.map(|(id, payment)| ((*id, true), payment.started.amount.amount()));
    let all = notes.chain(applied).chain(returned).chain(overpaid).chain(refunds).chain(vain);
    all.filter(|(_, amount)| !amount.is_zero()).collect()
}

/// It came in for an order that took no money any more: no invoice says so.
fn paid_no_order(papers: &Papers, payment: &Payment) -> bool {
    let Payable::Order(order_id) = payment.started.payable else { return false };
    let invoice = papers.invoices.get(&ids::order_invoice(order_id));
    let booked = invoice.into_iter().flat_map(|invoice| &invoice.payments);
    !booked.into_iter().any(|booked| booked.payment_id == payment.id())
}

/// What is taken from the balance to be sent back, and what comes to it because it did not arrive.
fn refunds(payment: &Payment) -> Vec<((Uuid, bool), Decimal)> {
    let taken = payment.refunds.iter().filter(|refund| refund.cause == RefundCause::Balance);
    let failed = payment.refunds.iter().filter(|refund| refund.status == RefundStatus::Failed);
    let moved = |refund: &domain::payment::Refund, credited| ((refund.id, credited), refund.amount.amount());
    taken.map(|refund| moved(refund, false)).chain(failed.map(|refund| moved(refund, true))).collect()
}

/// What credit notes say goes back, and what is sent because of them.
fn sent_back(papers: &Papers) -> Vec<String> {
    let mut sent: BTreeMap<Uuid, Decimal> = BTreeMap::new();
    for refund in papers.payments.values().flat_map(|payment| &payment.refunds) {
        if let RefundCause::CreditNote(id) = refund.cause {
            *sent.entry(id).or_default() += refund.amount.amount();
        }
    }
    let told = papers.notes.iter().filter_map(|(id, note)| Some((*id, note.settlement?.refund.amount())));
    let told: BTreeMap<Uuid, Decimal> = told.filter(|(_, amount)| !amount.is_zero()).collect();
    let ids: BTreeSet<&Uuid> = sent.keys().chain(told.keys()).collect();
    let differing = ids.into_iter().filter(|id| sent.get(id) != told.get(id));
    let amount = |of: &BTreeMap<Uuid, Decimal>, id: &Uuid| of.get(id).copied().unwrap_or_default();
    let told_so = |(id, told, sent)| format!("the credit note {id} sends back {told}, and {sent} is sent");
    differing.map(|id| told_so((id, amount(&told, id), amount(&sent, id)))).collect()
}
