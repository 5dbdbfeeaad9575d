//! Balances: moved by documents and payments, by exactly what these say.

use std::collections::BTreeMap;

use domain::Event;
use domain::balance::{BalanceEvent, BalanceSource};
use domain::invoice::InvoiceStatus;
use event_log::Recorded;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;

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
    let all = notes.chain(applied).chain(returned).chain(overpaid);
    all.filter(|(_, amount)| !amount.is_zero()).collect()
}
