//! The books: documents, their numbers, what they bill, balances, commission.

mod balances;
mod commission;
mod ledger;
mod numbers;
mod replay;
mod rows;
mod sums;

use std::collections::BTreeMap;

use domain::charge_ledger::{ChargeLedgerRules, ChargeLedgerState};
use domain::credit_note::{CreditNote, CreditNoteRules};
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};
use domain::payment::Payment;
use event_log::Recorded;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, fold, payments};
pub(super) use rows::{BookRows, INDEXES, differences, indexes};

/// Every document there is, folded from the log.
struct Papers {
    invoices: BTreeMap<Uuid, Invoice>,
    notes: BTreeMap<Uuid, CreditNote>,
    payments: BTreeMap<Uuid, Payment>,
    /// By account.
    ledgers: BTreeMap<Uuid, ChargeLedgerState>,
}

impl Papers {
    fn of<'a, E: Iterator<Item = &'a Recorded>>(events: impl Fn() -> E) -> Self {
        let invoices = fold::of_rules::<InvoiceRules>(events()).into_iter();
        let notes = fold::of_rules::<CreditNoteRules>(events()).into_iter();
        let ledgers = fold::of_rules::<ChargeLedgerRules>(events()).into_iter();
        Self {
            invoices: invoices.filter_map(|(id, stream)| Some((id, stream.state.known()?.clone()))).collect(),
            notes: notes.filter_map(|(id, stream)| Some((id, stream.state.known()?.clone()))).collect(),
            payments: payments::payments(events()),
            ledgers: ledgers.map(|(account, stream)| (account, stream.state)).collect(),
        }
    }

    /// Invoices that nobody took back; drafts are among them.
    fn live_invoices(&self) -> impl Iterator<Item = (&Uuid, &Invoice)> {
        self.invoices.iter().filter(|(_, invoice)| !invoice.is_withdrawn())
    }

    /// Invoices that were sent, whatever became of them.
    fn issued_invoices(&self) -> impl Iterator<Item = (&Uuid, &Invoice)> {
        let never = |invoice: &Invoice| matches!(invoice.status, InvoiceStatus::Draft | InvoiceStatus::Discarded);
        self.invoices.iter().filter(move |(_, invoice)| !never(invoice))
    }

    /// Credit notes that stand in an invoice's place.
    fn period_notes(&self) -> impl Iterator<Item = (&Uuid, &CreditNote)> {
        self.notes.iter().filter(|(_, note)| note.issued.invoice.is_none())
    }
}

pub(super) fn check(evidence: &Evidence) -> Vec<Finding> {
    let papers = Papers::of(|| evidence.events.iter());
    let documents = papers.invoices.len() + papers.notes.len();
    let lines = papers.invoices.values().map(|invoice| invoice.contents.lines.len()).sum::<usize>();
    let mut kept = balances::check(evidence, &papers);
    kept.extend(commission::check(evidence, &papers));
    vec![
        Finding::new(16, "lines add up to their document, and parts to the whole", documents, sums::check(&papers)),
        Finding::new(16, "balances and commission are the sums of their documents", documents, kept),
        Finding::new(
            19,
            "one document per party, currency and period; no number is missing",
            documents,
            numbers::check(evidence, &papers),
        ),
        Finding::new(
            19,
            "each charge is on one document, and each line is a charge",
            lines,
            ledger::check(evidence, &papers),
        ),
        Finding::new(
            23,
            "money follows from events: folded again or asked another day, it is the same",
            documents + papers.payments.len(),
            replay::check(evidence, &papers),
        ),
    ]
}
