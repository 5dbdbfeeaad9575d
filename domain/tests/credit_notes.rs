//! Credit notes: issued once, settled once, each document stored once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invoicing;
mod people;

use domain::billing::InvoiceLine;
use domain::credit_note::{
    CreditNote, CreditNoteCommand as C, CreditNoteEvent, CreditNoteLine, CreditNoteRules, CreditReason,
    IssuedCreditNote, Settlement,
};
use domain::decider::{Fact, fold};
use domain::document::DocumentFormat;
use domain::{Currency, Money, PersonalKind, PersonalRef, Refusal, codec, ids};
use invoicing::*;
use people::{CUSTOMER, asked, decide, given};

/// 38.00 of an invoice's first line: 45.22 with tax.
fn note() -> IssuedCreditNote {
    note_of(vec![line(1, eur("38.00"))])
}

fn issue(note: IssuedCreditNote) -> C {
    C::Issue { note: Box::new(note), reason: None }
}

fn settle(invoice: &str, balance: &str, refund: &str) -> C {
    C::Settle { invoice: eur(invoice), balance: eur(balance), refund: eur(refund) }
}

fn after(mut history: Vec<CreditNoteEvent>, command: &C) -> Vec<CreditNoteEvent> {
    history.extend(decide::<CreditNoteRules>(&history, command).unwrap().events);
    history
}

fn issued() -> Vec<CreditNoteEvent> {
    after(Vec::new(), &issue(note()))
}

fn settled() -> Vec<CreditNoteEvent> {
    after(issued(), &settle("40.00", "5.22", "0.00"))
}

fn folded(history: &[CreditNoteEvent]) -> CreditNote {
    fold::<CreditNoteRules>(history).known().unwrap().clone()
}

/// Columns: none, issued, settled.
#[test]
fn every_state_answers_every_command() {
    let histories = [("none", Vec::new()), ("issued", issued()), ("settled", settled())];
    let stored = C::StoreDocument(stored(DocumentFormat::Pdf));
    let (no, bad, paid_out) = ("not-found", "invalid-state", "CreditNoteSettled");
    let table = [
        (issue(note()), ["CreditNoteIssued", "-", "-"]),
        (settle("40.00", "5.22", "0.00"), [no, paid_out, "-"]),
        (settle("0.00", "0.00", "45.22"), [no, paid_out, bad]),
        (settle("40.00", "5.21", "0.00"), [no, bad, bad]),
        (settle("46.22", "-1.00", "0.00"), [no, bad, bad]),
        (stored, [no, "CreditNoteDocumentStored", "CreditNoteDocumentStored"]),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories.iter().zip(answers) {
            let answer = match decide::<CreditNoteRules>(history, &command) {
                Ok(decided) => decided.events.first().map_or("-", Fact::name),
                Err(refusal) => refusal.slug(),
            };
            assert_eq!(answer, expected, "{command:?} while {state}");
        }
    }
}

#[test]
fn a_note_says_what_was_issued_and_where_it_went() {
    let note_now = folded(&settled());
    assert_eq!(note_now.issued, note());
    let (invoice, balance, refund) = (eur("40.00"), eur("5.22"), eur("0.00"));
    assert_eq!(note_now.settlement, Some(Settlement { invoice, balance, refund }));
}

#[test]
fn the_reason_is_kept_beside_the_event() {
    let reason = Some(CreditReason { text: "As agreed with Uma".to_owned() });
    let command = C::Issue { note: Box::new(note()), reason };
    assert!(!format!("{command:?}").contains("Uma"), "{command:?}");
    let decided = decide::<CreditNoteRules>(&[], &command).unwrap();
    let reference = PersonalRef { subject: ids::subject(NOTE, "reason"), revision: 1 };
    assert_eq!(folded(&decided.events).issued.reason, Some(reference));
    let kept = &decided.personal[0];
    assert_eq!((kept.reference, kept.customer_id, kept.kind), (reference, CUSTOMER, PersonalKind::Person));
    assert_eq!(kept.fields["reason"], "As agreed with Uma");
    let stored = codec::encode(&decided.events[0].clone().into()).unwrap();
    assert!(!stored.contains("Uma"), "{stored}");
}

#[test]
fn it_is_settled_in_its_own_currency() {
    let dollars = |amount: &str| Money::rounded(amount.parse().unwrap(), Currency::USD);
    let command = C::Settle { invoice: dollars("45.22"), balance: dollars("0.00"), refund: dollars("0.00") };
    given::<CreditNoteRules>(&issued()).when(asked(command)).then_expect_error(Refusal::AmountOverflow);
}

#[test]
fn a_document_of_each_format_is_stored_once() {
    let store = |format| C::StoreDocument(stored(format));
    let history = DocumentFormat::ALL.into_iter().fold(issued(), |history, format| after(history, &store(format)));
    for format in DocumentFormat::ALL {
        assert_eq!(folded(&history).document(format), Some(&stored(format)));
        given::<CreditNoteRules>(&history).when(asked(store(format))).then_expect_events(vec![]);
    }
}

fn parts(events: &[CreditNoteEvent]) -> Vec<usize> {
    let lines = |event: &CreditNoteEvent| match event {
        CreditNoteEvent::CreditNoteIssued(issued) => issued.lines.len(),
        CreditNoteEvent::CreditNoteLinesAdded { lines } => lines.len(),
        other => panic!("{other:?}"),
    };
    events.iter().map(lines).collect()
}

#[test]
fn lines_are_divided_among_events_and_folded_into_one_note() {
    let of = |count: u32| note_of((1..=count).map(|n| line(n, eur("1.00"))).collect());
    for (count, expected) in [(1, vec![1]), (200, vec![200]), (201, vec![200, 1]), (1_000, vec![200; 5])] {
        let events = after(Vec::new(), &issue(of(count)));
        assert_eq!(parts(&events), expected);
        assert_eq!(folded(&events).issued, of(count));
        assert!(longest_bytes(&events) < EVENT_LIMIT_BYTES);
    }
}

#[test]
fn however_long_the_words_are_an_event_stays_below_its_limit() {
    let wordy = note_of((1..=500).map(long_worded).collect());
    let events = after(Vec::new(), &issue(wordy.clone()));
    let longest = longest_bytes(&events);
    assert!(events.len() > 3 && longest < EVENT_LIMIT_BYTES, "{} events, {longest} bytes", events.len());
    assert_eq!(folded(&events).issued, wordy);
}

/// Three seats less for twelve days: on the invoice it would have been a line below zero.
#[test]
fn without_an_invoice_its_lines_count_up() {
    let credited = InvoiceLine { quantity: -3, ..line(1, eur("-20.32")) };
    let turned = credited.turned().unwrap();
    assert_eq!((turned.quantity, turned.amount, turned.cost), (3, eur("20.32"), eur("-8.00")));
    let alone = IssuedCreditNote { invoice: None, run_id: Some(RUN), ..note_of(vec![turned.clone()]) };
    let history = after(Vec::new(), &issue(alone));
    let note = folded(&history).issued;
    assert_eq!(note.lines, [CreditNoteLine { line: 1, net: eur("20.32"), of: turned }]);
    assert_eq!((note.net, note.total), (eur("20.32"), eur("24.18")));
}
