//! Commission accounts: what waits for which statement, what goes back only once, and what a statement shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use domain::billing::Period;
use domain::commission_account::{
    CommissionAccountCommand as C, CommissionAccountEvent as E, CommissionAccountRules, CommissionAccountState,
    CommissionEntry, CommissionKind, Earnings, IssuedStatement, Reversed, Settlement,
};
use domain::decider::fold;
use domain::document::{DocumentFormat, Party, StoredDocument};
use domain::tax::{TaxCategory, Treatment};
use domain::{Currency, Money, Refusal, ids};
use people::decide;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const RESELLER: Uuid = Uuid::from_u128(0x4e);
const ACKER: Uuid = Uuid::from_u128(0xac);
const INVOICE: Uuid = Uuid::from_u128(0x1f);
const NOTE: Uuid = Uuid::from_u128(0xc0);

fn cents(cents: i64) -> Money {
    Money::rounded(Decimal::new(cents, 2), Currency::EUR)
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

/// Ten times the commission is its base.
fn entries(amounts: &[i64]) -> Vec<CommissionEntry> {
    let entry =
        |(line, amount): (u32, &i64)| CommissionEntry { line, base: cents(10 * amount), amount: cents(*amount) };
    (1..).zip(amounts).map(entry).collect()
}

fn earnings(of: &str, amounts: &[i64]) -> Box<Earnings> {
    let (period, entries) = (period(of), entries(amounts));
    Box::new(Earnings { reseller_id: RESELLER, end_customer_id: ACKER, period, entries })
}

fn earned(of: &str, amounts: &[i64]) -> C {
    C::Accrue { invoice_id: INVOICE, earnings: earnings(of, amounts) }
}

fn given_back(because_of: Reversed, of: &str, amounts: &[i64]) -> C {
    C::Reverse { because_of, earnings: earnings(of, amounts) }
}

fn corrected(of: &str, amounts: &[i64]) -> C {
    given_back(Reversed::Corrected { invoice_id: INVOICE, credit_note_id: NOTE }, of, amounts)
}

fn withdrawn(of: &str, amounts: &[i64]) -> C {
    given_back(Reversed::Withdrawn { invoice_id: INVOICE }, of, amounts)
}

fn statement_id(of: &str) -> Uuid {
    ids::commission_statement(RESELLER, Currency::EUR, period(of))
}

fn party(name: &str) -> Party {
    Party {
        name: name.to_owned(),
        country: "DE".to_owned(),
        address: Vec::new(),
        postal_code: None,
        city: None,
        vat_id: None,
        electronic_address: None,
    }
}

/// The statement of what is due, at no tax.
fn statement(history: &[E], of: &str) -> IssuedStatement {
    let lines = state(history).due(period(of));
    let net = lines.iter().try_fold(cents(0), |sum, line| sum.plus(line.amount)).unwrap();
    IssuedStatement {
        statement_id: statement_id(of),
        number: format!("CS-{of}"),
        reseller_id: RESELLER,
        seller_entity: "cloudsales-de".to_owned(),
        period: period(of),
        issued_on: period(of).end(),
        currency: Currency::EUR,
        treatment: Treatment { category: TaxCategory::AE, rate: Decimal::ZERO, note: None },
        net,
        taxes: Vec::new(),
        total: net,
        seller: party("Cloudsales GmbH"),
        reseller: party("Nordwind Systemhaus GmbH"),
        line_count: u32::try_from(lines.len()).unwrap(),
        lines,
    }
}

fn stated(history: &[E], of: &str) -> C {
    C::Issue(Box::new(statement(history, of)))
}

fn after(mut history: Vec<E>, command: &C) -> Vec<E> {
    let events = decide::<CommissionAccountRules>(&history, command).unwrap().events;
    history.extend(events);
    history
}

fn told(commands: &[C]) -> Vec<E> {
    commands.iter().fold(Vec::new(), after)
}

fn state(history: &[E]) -> CommissionAccountState {
    fold::<CommissionAccountRules>(history)
}

/// What waits: period and amount, in its order.
fn waiting(history: &[E]) -> Vec<(String, String)> {
    let state = state(history);
    state.waiting.iter().map(|line| (line.period.to_string(), line.amount.amount().to_string())).collect()
}

fn entry(period: &str, amount: &str) -> (String, String) {
    (period.to_owned(), amount.to_owned())
}

#[test]
fn what_is_earned_counts_up_and_what_goes_back_counts_down() {
    let history = told(&[earned("2026-10", &[2320, -281]), corrected("2026-11", &[580, -70])]);
    let entries = [("2026-10", "23.20"), ("2026-10", "-2.81"), ("2026-11", "-5.80"), ("2026-11", "0.70")];
    assert_eq!(waiting(&history), entries.map(|(period, amount)| entry(period, amount)));
    let (kinds, bases): (Vec<_>, Vec<_>) =
        state(&history).waiting.iter().map(|line| (line.kind, line.base.amount().to_string())).unzip();
    assert_eq!(
        kinds,
        [CommissionKind::Accrued, CommissionKind::Accrued, CommissionKind::Reversed, CommissionKind::Reversed]
    );
    assert_eq!(bases, ["232.00", "-28.10", "-58.00", "7.00"]);
}

#[test]
fn nothing_earned_is_nothing_noted() {
    assert_eq!(told(&[earned("2026-10", &[0, 0]), corrected("2026-11", &[0]), withdrawn("2026-11", &[])]), []);
    assert_eq!(waiting(&told(&[earned("2026-10", &[0, 5])])), [entry("2026-10", "0.05")]);
}

#[test]
fn a_statement_leaves_what_belongs_to_later_periods() {
    let history = told(&[earned("2026-10", &[2320]), corrected("2026-11", &[580]), earned("2026-12", &[100])]);
    let history = after(history.clone(), &stated(&history, "2026-10"));
    assert_eq!(waiting(&history), [entry("2026-11", "-5.80"), entry("2026-12", "1.00")]);
    let december = statement(&history, "2026-12");
    assert_eq!((december.lines.len(), december.net), (2, cents(-480)), "November had none");
}

#[test]
fn what_comes_after_its_periods_statement_is_of_the_next_one_without() {
    let history = told(&[earned("2026-10", &[2320])]);
    let history = after(history.clone(), &stated(&history, "2026-10"));
    let history = after(history, &earned("2026-10", &[500]));
    assert_eq!(waiting(&history), [entry("2026-11", "5.00")], "a draft that was issued late");
    let history = after(history.clone(), &stated(&history, "2026-11"));
    let history = after(history, &corrected("2026-10", &[100]));
    let history = after(history, &earned("2026-09", &[300]));
    assert_eq!(waiting(&history), [entry("2026-12", "-1.00"), entry("2026-09", "3.00")], "September never had one");
}

#[test]
fn a_negative_sum_waits_until_it_is_earned_again() {
    let history = told(&[corrected("2026-10", &[580])]);
    let october = statement(&history, "2026-10");
    assert_eq!(october.net, cents(-580), "carried: nobody issues it");
    let history = after(history, &earned("2026-11", &[1000]));
    let november = statement(&history, "2026-11");
    assert_eq!((november.net, november.lines[0].period.to_string()), (cents(420), "2026-10".to_owned()));
    assert_eq!(waiting(&after(history.clone(), &stated(&history, "2026-11"))), []);
}

#[test]
fn a_period_has_one_statement() {
    let history = told(&[earned("2026-10", &[2320])]);
    let issue = stated(&history, "2026-10");
    let history = after(history, &issue);
    assert_eq!(decide::<CommissionAccountRules>(&history, &issue).unwrap().events, []);
    let known = &state(&history).statements[&statement_id("2026-10")];
    assert_eq!((known.net, known.status(), known.number.as_str()), (cents(2320), "issued", "CS-2026-10"));
}

#[test]
fn of_an_invoice_that_is_void_or_uncollectible_nothing_goes_back_again() {
    let history = told(&[earned("2026-10", &[2320]), withdrawn("2026-11", &[2320])]);
    for again in [withdrawn("2026-11", &[2320]), withdrawn("2026-12", &[1]), corrected("2026-12", &[580])] {
        assert_eq!(decide::<CommissionAccountRules>(&history, &again).unwrap().events, [], "{again:?}");
    }
    let other = Reversed::Withdrawn { invoice_id: Uuid::from_u128(0x20) };
    assert_eq!(
        decide::<CommissionAccountRules>(&history, &given_back(other, "2026-11", &[5])).unwrap().events.len(),
        1
    );
}

#[test]
fn what_was_given_up_and_is_paid_is_earned_again_once() {
    let again = C::Restore { invoice_id: INVOICE, earnings: earnings("2026-12", &[2320, 0]) };
    let nothing = |history: &[E]| decide::<CommissionAccountRules>(history, &again).unwrap().events.is_empty();
    assert!(nothing(&told(&[earned("2026-10", &[2320])])), "it never went back");
    assert!(nothing(&told(&[earned("2026-10", &[2320]), corrected("2026-11", &[2320])])), "it was credited");

    let history = told(&[earned("2026-10", &[2320]), withdrawn("2026-11", &[2320]), again.clone()]);
    let entries = [("2026-10", "23.20"), ("2026-11", "-23.20"), ("2026-12", "23.20")];
    assert_eq!(waiting(&history), entries.map(|(period, amount)| entry(period, amount)));
    assert_eq!(state(&history).waiting[2].kind, CommissionKind::Restored);
    assert_eq!(state(&history).waiting[2].kind.name(), "accrued");
    assert!(nothing(&history), "it is earned");

    // From then on it is like any other.
    let history = after(history, &corrected("2027-01", &[580]));
    assert_eq!(waiting(&history).last(), Some(&entry("2027-01", "-5.80")));
    let ids: std::collections::BTreeSet<Uuid> = state(&history).waiting.iter().map(|line| line.id()).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(waiting(&after(history.clone(), &stated(&history, "2027-01"))), []);
}

#[test]
fn only_what_is_earned_again_says_so_in_the_log() {
    let again = C::Restore { invoice_id: INVOICE, earnings: earnings("2026-12", &[2320]) };
    let history = told(&[earned("2026-10", &[2320]), withdrawn("2026-11", &[2320]), again]);
    let written: Vec<String> = history.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    assert_eq!(written.iter().map(|json| json.contains("again")).collect::<Vec<_>>(), [false, false, true]);
    let read: Vec<E> = written.iter().map(|json| serde_json::from_str(json).unwrap()).collect();
    assert_eq!(read, history);
}

#[test]
fn a_credit_note_instead_of_an_invoice_names_no_invoice() {
    let history = told(&[given_back(Reversed::Credited { credit_note_id: NOTE }, "2026-10", &[700, -100])]);
    let lines = state(&history).due(period("2026-10"));
    assert!(lines.iter().all(|line| line.invoice_id.is_none() && line.credit_note_id == Some(NOTE)));
    assert_eq!(waiting(&history), [entry("2026-10", "-7.00"), entry("2026-10", "1.00")]);
}

#[test]
fn entries_have_ids_of_their_own() {
    let withdrawn_after = [earned("2026-10", &[5, 6]), corrected("2026-11", &[1, 1]), withdrawn("2026-11", &[4, 5])];
    let state = state(&told(&withdrawn_after));
    let ids: std::collections::BTreeSet<Uuid> = state.waiting.iter().map(|line| line.id()).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn long_lists_are_divided_among_events() {
    let amounts: Vec<i64> = (1..=450).collect();
    let history = told(&[earned("2026-10", &amounts)]);
    assert_eq!(history.len(), 3);
    let history = after(history.clone(), &stated(&history, "2026-10"));
    let lines = |event: &E| match event {
        E::CommissionStatementIssued(issued) => (issued.line_count, issued.lines.len()),
        E::CommissionStatementLinesAdded { lines, .. } => (0, lines.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(history[3..].iter().map(lines).collect::<Vec<_>>(), [(450, 200), (0, 200), (0, 50)]);
    assert_eq!(waiting(&history), []);
}

#[test]
fn a_statement_is_settled_once() {
    let settle = |how, reference: &str| C::Settle {
        statement_id: statement_id("2026-10"),
        how,
        reference: reference.to_owned(),
    };
    let payout = settle(Settlement::Payout, "SEPA 17");
    assert_eq!(decide::<CommissionAccountRules>(&[], &payout).unwrap_err(), Refusal::NotFound);
    let history = told(&[earned("2026-10", &[2320])]);
    let history = after(history.clone(), &stated(&history, "2026-10"));
    let history = after(history, &payout);
    assert_eq!(state(&history).statements[&statement_id("2026-10")].status(), "settled");
    assert_eq!(decide::<CommissionAccountRules>(&history, &payout).unwrap().events, [], "the same again");
    for other in [settle(Settlement::Offset, "SEPA 17"), settle(Settlement::Payout, "SEPA 18")] {
        let refused = decide::<CommissionAccountRules>(&history, &other).unwrap_err();
        assert_eq!(refused, Refusal::InvalidState { state: "settled" });
    }
}

#[test]
fn a_document_is_stored_once_in_each_format() {
    let document = |format| StoredDocument { format, sha256: "9f86".to_owned(), size: 412 };
    let store = |format| C::StoreDocument { statement_id: statement_id("2026-10"), document: document(format) };
    assert_eq!(decide::<CommissionAccountRules>(&[], &store(DocumentFormat::Pdf)).unwrap_err(), Refusal::NotFound);
    let history = told(&[earned("2026-10", &[2320])]);
    let history = after(history.clone(), &stated(&history, "2026-10"));
    let history = after(after(history, &store(DocumentFormat::Pdf)), &store(DocumentFormat::Csv));
    assert_eq!(decide::<CommissionAccountRules>(&history, &store(DocumentFormat::Pdf)).unwrap().events, []);
    let known = &state(&history).statements[&statement_id("2026-10")];
    assert_eq!(known.document(DocumentFormat::Csv), Some(&document(DocumentFormat::Csv)));
    assert_eq!(known.document(DocumentFormat::Ubl), None);
}

#[derive(Debug, Clone)]
enum Step {
    Earn(u32, Vec<i64>),
    Correct(u32, Vec<i64>),
    State(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let (month, amounts) = (0..6u32, prop::collection::vec(-500..500i64, 1..4));
    prop_oneof![
        (month.clone(), amounts.clone()).prop_map(|(month, amounts)| Step::Earn(month, amounts)),
        (month.clone(), amounts).prop_map(|(month, amounts)| Step::Correct(month, amounts)),
        month.prop_map(Step::State),
    ]
}

proptest! {
    /// Whatever happens in whatever order: every entry is on one statement or waits for one, none is lost or told twice,
    /// and none is on a statement of a period before its own.
    #[test]
    fn every_entry_is_told_once(steps in prop::collection::vec(step(), 1..40)) {
        let month = |n: u32| format!("2026-{:02}", n + 1);
        let mut history: Vec<E> = Vec::new();
        for (n, step) in (0u128..).zip(steps) {
            let document = Uuid::from_u128(0x1000 + n);
            let command = match step {
                Step::Earn(of, amounts) => {
                    C::Accrue { invoice_id: document, earnings: earnings(&month(of), &amounts) }
                }
                Step::Correct(of, amounts) => {
                    given_back(Reversed::Credited { credit_note_id: document }, &month(of), &amounts)
                }
                Step::State(of) => stated(&history, &month(of)),
            };
            history = after(history, &command);
        }
        let noted: Vec<Uuid> = history.iter().flat_map(E::entries).map(|line| line.id()).collect();
        let mut found: Vec<Uuid> = state(&history).waiting.iter().map(|line| line.id()).collect();
        for event in &history {
            if let E::CommissionStatementIssued(issued) = event {
                prop_assert!(issued.lines.iter().all(|line| line.period <= issued.period));
                found.extend(issued.lines.iter().map(|line| line.id()));
            }
        }
        found.sort_unstable();
        let mut noted = noted;
        noted.sort_unstable();
        prop_assert_eq!(found, noted);
    }
}
