//! One document per billed party, currency and period, and numbers without holes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use domain::billing::Period;
use domain::invoice::{Invoice, InvoiceKind};
use domain::number_series::NumberSeriesEvent;
use domain::{Event, ids};
use event_log::Recorded;
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;

pub(super) fn check(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let mut wrong = doubles(papers);
    wrong.extend(misnamed(papers));
    wrong.extend(series(evidence, papers));
    wrong
}

/// Billed party, currency, period.
type Place = (Uuid, &'static str, Period);

fn place(invoice: &Invoice) -> Place {
    let contents = &invoice.contents;
    (contents.customer_id, contents.currency.code(), contents.period)
}

fn of_period(papers: &Papers) -> impl Iterator<Item = (&Uuid, &Invoice)> {
    papers.invoices.iter().filter(|(_, invoice)| invoice.contents.kind == InvoiceKind::Period)
}

fn doubles(papers: &Papers) -> Vec<String> {
    let mut documents: BTreeMap<Place, Vec<Uuid>> = BTreeMap::new();
    for (id, invoice) in of_period(papers).filter(|(_, invoice)| !invoice.is_withdrawn()) {
        documents.entry(place(invoice)).or_default().push(*id);
    }
    for (id, note) in papers.period_notes() {
        let place = (note.issued.customer_id, note.issued.currency.code(), note.issued.period);
        documents.entry(place).or_default().push(*id);
    }
    let several = documents.into_iter().filter(|(_, ids)| ids.len() > 1);
    several.map(|((party, currency, period), ids)| format!("{party} has {ids:?} in {currency} for {period}")).collect()
}

/// An invoice's id is made of what it is for and of how many before it were taken back.
fn misnamed(papers: &Papers) -> Vec<String> {
    let mut taken: BTreeMap<Place, BTreeSet<u32>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (id, invoice) in of_period(papers) {
        let contents = &invoice.contents;
        if *id != ids::period_invoice(contents.customer_id, contents.currency, contents.period, contents.n) {
            wrong.push(format!("the invoice {id} has another id than its period gives it"));
        }
        taken.entry(place(invoice)).or_default().insert(contents.n);
    }
    let gaps = taken.into_iter().filter(|(_, all)| !all.iter().copied().eq(0..u32::try_from(all.len()).unwrap_or(0)));
    wrong.extend(gaps.map(|((party, _, period), all)| format!("{party} has the invoices {all:?} of {period}")));
    wrong
}

/// The document a number is on: its number, its book date, and the command that made it.
struct Numbered<'a> {
    number: &'a str,
    issued_on: NaiveDate,
    command_id: Uuid,
}

/// Each series runs from 1 on, and each of its numbers is on the document it was allotted to in the same append.
fn series(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let documents = numbered(evidence);
    let mut wrong = Vec::new();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    let mut given: BTreeMap<&str, Uuid> = BTreeMap::new();
    for recorded in &evidence.events {
        let Ok(Event::NumberSeries(NumberSeriesEvent::NumberAllotted { number, n, document_id, year, .. })) =
            recorded.event()
        else {
            continue;
        };
        let last = last.entry(&recorded.aggregate_id).or_default();
        if *n != *last + 1 {
            wrong.push(format!("{number} follows the {last}. of its series"));
        }
        *last = *n;
        if given.insert(number, *document_id).is_some() {
            wrong.push(format!("{number} was given twice"));
        }
        let fits = documents.get(document_id).is_some_and(|document| {
            let fits = document.number == number && document.issued_on.year() == *year;
            let ending = format!("-{year:04}-{n:06}");
            fits && number.ends_with(&ending) && document.command_id == recorded.command_id
        });
        if !fits {
            wrong.push(format!("{number} is not on {document_id}, for which it was given"));
        }
    }
    let unnumbered = documents.iter().filter(|(id, document)| given.get(document.number) != Some(*id));
    wrong.extend(unnumbered.map(|(id, document)| format!("nobody gave {id} the number {}", document.number)));
    let issued = papers.issued_invoices().count() + papers.notes.len();
    if documents.len() < issued {
        wrong.push(format!("{} documents have a number and {issued} were issued", documents.len()));
    }
    wrong
}

fn numbered(evidence: &Evidence) -> BTreeMap<Uuid, Numbered<'_>> {
    evidence.events.iter().filter_map(issue).collect()
}

fn issue(recorded: &Recorded) -> Option<(Uuid, Numbered<'_>)> {
    use domain::commission_account::CommissionAccountEvent::CommissionStatementIssued;
    use domain::credit_note::CreditNoteEvent::CreditNoteIssued;
    use domain::invoice::InvoiceEvent::InvoiceIssued;
    let command_id = recorded.command_id;
    match recorded.event().ok()? {
        Event::Invoice(InvoiceIssued(issued)) => {
            let (number, issued_on) = (issued.number.as_str(), issued.issued_on);
            Some((issued.contents.invoice_id, Numbered { number, issued_on, command_id }))
        }
        Event::CreditNote(CreditNoteIssued(issued)) => {
            let (number, issued_on) = (issued.number.as_str(), issued.issued_on);
            Some((issued.credit_note_id, Numbered { number, issued_on, command_id }))
        }
        Event::CommissionAccount(CommissionStatementIssued(issued)) => {
            let (number, issued_on) = (issued.number.as_str(), issued.issued_on);
            Some((issued.statement_id, Numbered { number, issued_on, command_id }))
        }
        _ => None,
    }
}
