//! What is billed: each charge on one document, each line a charge, and each charge what the history says.

use std::collections::{BTreeMap, BTreeSet};

use domain::billing::{Charge, ChargeKey, History, InvoiceLine, order};
use domain::order::OrderRules;
use domain::subscription::SubscriptionEvent;
use domain::{Event, ids};
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;
use crate::invariants::fold;

/// Account, document, charge.
type Entry = (Uuid, Uuid, ChargeKey);

pub(super) fn check(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let entries: BTreeSet<Entry> = entries(papers).collect();
    let lines: Vec<(Uuid, &InvoiceLine)> = lines(papers).collect();
    let lost = lost(evidence);
    let entry = |(document, line): &(Uuid, &InvoiceLine)| (line.account_id, *document, line.charge_key());
    let on_paper: BTreeSet<Entry> = lines.iter().map(entry).collect();
    let standing: Vec<_> = lines.iter().filter(|(document, line)| !lost.contains(&(*document, line.line))).collect();
    let owed: BTreeSet<Entry> = standing.iter().copied().map(entry).collect();
    let mut wrong = twice(standing.iter().map(|(document, line)| (line.charge_key(), *document)));
    let forgotten = owed.difference(&entries);
    wrong.extend(forgotten.map(|(account, document, charge)| {
        format!("{document} has {charge:?}, and the ledger of {account} does not know it")
    }));
    let missing = entries.difference(&on_paper);
    wrong.extend(missing.map(|(account, document, charge)| {
        format!("the ledger of {account} has {charge:?} on {document}, which does not have it")
    }));
    wrong.extend(kept(papers, &lost, &entries));
    wrong.extend(passed_on(papers));
    wrong.extend(otherwise(evidence, papers, &lines));
    wrong
}

fn entries(papers: &Papers) -> impl Iterator<Item = Entry> {
    papers.ledgers.iter().flat_map(|(account, ledger)| {
        let billed = ledger.billed.iter();
        billed.flat_map(|(document, charges)| charges.iter().map(|charge| (*account, *document, *charge)))
    })
}

/// Every line of every document that bills charges and was not taken back.
pub(super) fn lines(papers: &Papers) -> impl Iterator<Item = (Uuid, &InvoiceLine)> {
    let invoices = papers.live_invoices();
    let invoiced = invoices.flat_map(|(id, invoice)| invoice.contents.lines.iter().map(move |line| (*id, line)));
    let notes = papers.period_notes();
    invoiced.chain(notes.flat_map(|(id, note)| note.issued.lines.iter().map(move |line| (*id, &line.of))))
}

/// Lines of invoices of prepaid orders that came to nothing: they are given back, and billed no more.
fn lost(evidence: &Evidence) -> BTreeSet<(Uuid, u32)> {
    let orders = fold::of_rules::<OrderRules>(evidence.events.iter());
    let lost = orders.into_iter().filter_map(|(id, stream)| {
        let lines = order::lost_lines(stream.state.known()?);
        Some(lines.into_iter().map(move |line| (ids::order_invoice(id), line)))
    });
    lost.flatten().collect()
}

/// What is billed no more has been given back.
fn kept(papers: &Papers, lost: &BTreeSet<(Uuid, u32)>, entries: &BTreeSet<Entry>) -> Vec<String> {
    let mut kept = Vec::new();
    for (document, number) in lost {
        let Some(invoice) = papers.invoices.get(document) else { continue };
        let line = invoice.contents.lines.iter().find(|line| line.line == *number);
        let left = invoice.lines_left().unwrap_or_default().into_iter().find(|left| left.line == *number);
        let (Some(line), Some(left)) = (line, left) else { continue };
        let is_billed = entries.contains(&(line.account_id, *document, line.charge_key()));
        if !is_billed && !left.left.amount().is_zero() {
            kept.push(format!("line {number} of {document} came to nothing, and {} of it is kept", left.left));
        }
    }
    kept
}

/// By the first of a charge's names: a first cycle is the same one, whatever day it begins.
fn twice(charges: impl Iterator<Item = (ChargeKey, Uuid)>) -> Vec<String> {
    let mut documents: BTreeMap<ChargeKey, Vec<Uuid>> = BTreeMap::new();
    for (charge, document) in charges {
        documents.entry(*charge.names().start()).or_default().push(document);
    }
    let several = documents.into_iter().filter(|(_, documents)| documents.len() > 1);
    several.map(|(charge, documents)| format!("{charge:?} is billed by {documents:?}")).collect()
}

fn passed_on(papers: &Papers) -> Vec<String> {
    let is_live = |document: &Uuid| {
        papers.notes.contains_key(document)
            || papers.invoices.get(document).is_some_and(|invoice| !invoice.is_withdrawn())
    };
    let passed = papers.ledgers.values().flat_map(|ledger| &ledger.passed_on);
    let lost = passed.filter(|passed| passed.document_id.is_some_and(|document| !is_live(&document)));
    lost.map(|passed| format!("{} is passed on with a document that is none", passed.line.line_id)).collect()
}

/// A charge is what its subscription's history makes it, whenever it is asked; what was passed on is the provider's.
fn otherwise(evidence: &Evidence, papers: &Papers, lines: &[(Uuid, &InvoiceLine)]) -> Vec<String> {
    let histories = histories(evidence);
    let differs = |(document, line): &&(Uuid, &InvoiceLine)| {
        let ledger = papers.ledgers.get(&line.account_id);
        let passed = ledger.is_some_and(|ledger| ledger.passed_on.iter().any(|p| p.document_id == Some(*document)));
        let told = histories.get(&line.subscription_id).and_then(|charges| charges.get(&line.charge_key()));
        let turned = if papers.notes.contains_key(document) { -1 } else { 1 };
        told.is_some_and(|told| !passed && (told.quantity * turned, told.to) != (line.quantity, line.to))
    };
    let wrong = lines.iter().filter(differs);
    wrong.map(|(document, line)| format!("line {} of {document} is not what happened", line.line)).collect()
}

/// The charges of every subscription to this day, by name.
fn histories(evidence: &Evidence) -> BTreeMap<Uuid, BTreeMap<ChargeKey, Charge>> {
    let mut streams: BTreeMap<Uuid, Vec<&SubscriptionEvent>> = BTreeMap::new();
    let mut last = None;
    for recorded in &evidence.events {
        last = last.max(recorded.meta().ok().map(|metadata| metadata.at.date_naive()));
        if let (Ok(Event::Subscription(event)), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id)) {
            streams.entry(id).or_default().push(event);
        }
    }
    let Some(period) = last.map(domain::billing::Period::of) else { return BTreeMap::new() };
    let told = streams.into_iter().filter_map(|(id, events)| {
        let charges = History::of(events)?.charges_through(period);
        Some((id, charges.into_iter().map(|charge| (charge.key, charge)).collect()))
    });
    told.collect()
}
