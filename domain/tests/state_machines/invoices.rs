//! Invoices in each of their states: 178.50 to pay.

use chrono::{DateTime, Utc};
use domain::document::DocumentFormat;
use domain::invoice::{AppliedCredit, DunningStep, InvoiceCommand as C, InvoiceEvent, InvoiceRules};
use domain::payment::{DeclineReason, PaymentOutcome};
use uuid::Uuid;

use super::invoicing::{
    after, apply, contents, credit, day, draft, eur, issue, issued, paid_with, pay, stored, told, two_lines,
};
use super::machine::{Machine, Question, Situation};

pub fn machine() -> Machine<InvoiceRules> {
    let status = |state: &domain::invoice::InvoiceState| state.known().map(|invoice| invoice.status.name());
    Machine { title: "Invoice", status, situations: situations(), questions: questions() }
}

fn situations() -> Vec<Situation<InvoiceRules>> {
    let then = |command: C| after(issued(), &command);
    let histories: [(&'static str, Vec<InvoiceEvent>); 13] = [
        ("(none)", Vec::new()),
        ("draft", told(&[draft(two_lines())])),
        ("discarded", told(&[draft(two_lines()), C::Discard])),
        ("issued", issued()),
        ("issued, some of it paid", then(pay("8.50"))),
        ("issued, some of it credited", then(apply(credit("10.00")))),
        ("issued, overdue", then(C::NoteOverdue { today: day("2026-12-02") })),
        ("issued, being paid", then(attempt(FIRST))),
        ("issued, perhaps paid", after(then(attempt(FIRST)), &C::NoteUnclear { payment_id: FIRST })),
        ("issued, declined", after(then(attempt(FIRST)), &ends(DECLINED))),
        ("paid", then(pay("178.50"))),
        ("void", then(C::Void)),
        ("uncollectible", then(C::WriteOff)),
    ];
    let at = DateTime::<Utc>::UNIX_EPOCH;
    histories.into_iter().map(|(name, history)| Situation { name, history, at }).collect()
}

const FIRST: Uuid = Uuid::from_u128(0xa1);
const SECOND: Uuid = Uuid::from_u128(0xa2);
const DECLINED: PaymentOutcome = PaymentOutcome::Declined(DeclineReason::InsufficientBalance);

fn attempt(payment_id: Uuid) -> C {
    C::Attempt { payment_id }
}

fn ends(outcome: PaymentOutcome) -> C {
    C::EndAttempt { payment_id: FIRST, outcome, automatic: true }
}

fn questions() -> Vec<Question<InvoiceRules>> {
    let other = Uuid::from_u128(0x9b);
    let of_no_effect = move || AppliedCredit { credit_note_id: other, applied: eur("0.00"), ..credit("10.00") };
    let overdue = |today| C::NoteOverdue { today: day(today) };
    vec![
        Question::new("Draft", |_| draft(two_lines())),
        Question::new("Issue", |_| issue(two_lines())),
        Question::new("Issue, nothing to pay", |_| issue(contents(&["0.00"]))),
        Question::new("Discard", |_| C::Discard),
        Question::new("ApplyBalance, all of it", |_| C::ApplyBalance { amount: eur("178.50") }),
        Question::new("ApplyCredit", |_| apply(credit("10.00"))),
        Question::new("ApplyCredit, what is paid goes elsewhere", move |_| apply(of_no_effect())),
        Question::new("BookPayment, 178.50", move |_| paid_with(other, "178.50", "178.50")),
        Question::new("BookPayment, 170.00", move |_| paid_with(other, "170.00", "170.00")),
        Question::new("BookPayment, all of it too much", move |_| paid_with(other, "5.00", "0.00")),
        Question::new("Attempt", |_| attempt(FIRST)),
        Question::new("Attempt, another one", |_| attempt(SECOND)),
        Question::new("NoteUnclear", |_| C::NoteUnclear { payment_id: FIRST }),
        Question::new("EndAttempt, declined", |_| ends(DECLINED)),
        Question::new("PlanCollection", |situation| C::PlanCollection { at: Some(situation.at) }),
        Question::new("TakeDunningStep, the first", |_| C::TakeDunningStep {
            step: DunningStep::FirstReminder,
            today: day("2026-12-02"),
        }),
        Question::new("NoteOverdue, on the due day", move |_| overdue("2026-12-01")),
        Question::new("NoteOverdue, the day after", move |_| overdue("2026-12-02")),
        Question::new("StoreDocument", |_| C::StoreDocument(stored(DocumentFormat::Pdf))),
        Question::new("Void", |_| C::Void),
        Question::new("WriteOff", |_| C::WriteOff),
    ]
}
