//! The charge ledger of an account: each line of the provider's comes in once, each charge is on one document, each
//! difference is listed and settled once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use domain::billing::{ChargeKey, ChargeKind, ProviderCharge, ProviderLine};
use domain::billing_run::DiscrepancyResolution as R;
use domain::charge_ledger::{ChargeLedgerCommand as C, ChargeLedgerEvent as E, ChargeLedgerRules, ChargeLedgerState};
use domain::decider::fold;
use domain::{Currency, Money, Refusal, codec};
use people::{asked, decide, given};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const RUN: Uuid = Uuid::from_u128(0x5a);
const DOCUMENT: Uuid = Uuid::from_u128(0x1f);
const OTHER: Uuid = Uuid::from_u128(0x2f);
const DIFFERENCE: Uuid = Uuid::from_u128(0xd1);

/// The n-th charge of a subscription, each on a day of its own.
fn charge(n: u64) -> ChargeKey {
    let from = "2026-10-03".parse::<NaiveDate>().unwrap() + Days::new(n);
    ChargeKey { subscription_id: Uuid::from_u128(0x5b), kind: ChargeKind::Cycle, from, n: 0 }
}

fn charges(range: std::ops::Range<u64>) -> Vec<ChargeKey> {
    range.map(charge).collect()
}

fn ids(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|n| format!("line-{n:04}")).collect()
}

fn line(n: u64) -> ProviderLine {
    ProviderLine {
        line_id: format!("line-{n:04}"),
        provider_subscription_id: "sub-1".to_owned(),
        charge: ProviderCharge::Credit,
        quantity: -1,
        from: charge(n).from,
        to: "2027-10-03".parse().unwrap(),
        amount: Money::rounded(Decimal::new(-1_039, 2), Currency::EUR),
    }
}

fn import(line_ids: Vec<String>) -> C {
    C::Import { run_id: RUN, line_ids }
}

fn bill(document_id: Uuid, charges: Vec<ChargeKey>) -> C {
    C::Bill { document_id, charges, passed_on: Vec::new() }
}

fn pass_on(document_id: Uuid, line: &ProviderLine) -> C {
    C::Bill { document_id, charges: Vec::new(), passed_on: vec![line.line_id.clone()] }
}

fn note(discrepancies: Vec<Uuid>) -> C {
    C::Note { run_id: RUN, discrepancies }
}

fn settle(resolution: R, charges: Vec<ChargeKey>, lines: Vec<ProviderLine>) -> C {
    C::Settle { discrepancy_id: DIFFERENCE, resolution, charges, lines }
}

fn told(commands: &[C]) -> Vec<E> {
    commands.iter().fold(Vec::new(), |mut history, command| {
        let decided = decide::<ChargeLedgerRules>(&history, command);
        history.extend(decided.unwrap_or_else(|refusal| panic!("{command:?}: {refusal}")).events);
        history
    })
}

fn ledger(history: &[E]) -> ChargeLedgerState {
    fold::<ChargeLedgerRules>(history)
}

const BILLED: Refusal = Refusal::InvalidState { state: "billed" };

#[test]
fn a_line_of_the_providers_comes_in_once() {
    let first = E::ProviderLinesImported { run_id: RUN, line_ids: ids(0..2) };
    given::<ChargeLedgerRules>(&[]).when(asked(import(ids(0..2)))).then_expect_events(vec![first.clone()]);
    let new = E::ProviderLinesImported { run_id: RUN, line_ids: ids(2..3) };
    given::<ChargeLedgerRules>(std::slice::from_ref(&first))
        .when(asked(import(ids(0..3))))
        .then_expect_events(vec![new]);
    given::<ChargeLedgerRules>(&[first]).when(asked(import(ids(0..2)))).then_expect_events(vec![]);
    let on_two_pages = import([ids(0..2), ids(1..2)].concat());
    assert_eq!(ledger(&told(&[on_two_pages])).imported.len(), 2);
}

#[test]
fn a_charge_is_on_one_document() {
    let history = told(&[bill(DOCUMENT, charges(0..2))]);
    assert!(ledger(&history).is_billed(&charge(1)) && !ledger(&history).is_billed(&charge(2)));
    for taken in [charges(1..2), charges(1..3)] {
        given::<ChargeLedgerRules>(&history).when(asked(bill(OTHER, taken))).then_expect_error(BILLED);
    }
    let same_day_once_more = ChargeKey { n: 1, ..charge(0) };
    for free in [charge(2), same_day_once_more] {
        assert_eq!(decide::<ChargeLedgerRules>(&history, &bill(OTHER, vec![free])).unwrap().events.len(), 1);
    }
}

#[test]
fn what_is_on_a_document_already_changes_nothing_there() {
    let history = told(&[bill(DOCUMENT, charges(0..2))]);
    given::<ChargeLedgerRules>(&history).when(asked(bill(DOCUMENT, charges(0..2)))).then_expect_events(vec![]);
    let one_more = E::ChargesBilled { document_id: DOCUMENT, charges: charges(2..3), passed_on: Vec::new() };
    given::<ChargeLedgerRules>(&history)
        .when(asked(bill(DOCUMENT, charges(1..3))))
        .then_expect_events(vec![one_more.clone()]);
    let twice = bill(DOCUMENT, [charges(2..3), charges(2..3)].concat());
    given::<ChargeLedgerRules>(&history).when(asked(twice)).then_expect_events(vec![one_more]);
    given::<ChargeLedgerRules>(&[]).when(asked(bill(DOCUMENT, Vec::new()))).then_expect_events(vec![]);
}

#[test]
fn what_a_document_releases_can_be_billed_again() {
    let history = told(&[bill(DOCUMENT, charges(0..2)), bill(OTHER, charges(2..3))]);
    let released = E::ChargesReleased { document_id: DOCUMENT };
    let release = C::Release { document_id: DOCUMENT };
    given::<ChargeLedgerRules>(&history).when(asked(release.clone())).then_expect_events(vec![released.clone()]);
    let history = [history, vec![released]].concat();
    given::<ChargeLedgerRules>(&history).when(asked(release)).then_expect_events(vec![]);
    let again = Uuid::from_u128(0x3f);
    given::<ChargeLedgerRules>(&history).when(asked(bill(again, charges(0..3)))).then_expect_error(BILLED);
    assert_eq!(decide::<ChargeLedgerRules>(&history, &bill(again, charges(0..2))).unwrap().events.len(), 1);
}

#[test]
fn nothing_is_released_that_was_never_billed() {
    given::<ChargeLedgerRules>(&[]).when(asked(C::Release { document_id: DOCUMENT })).then_expect_events(vec![]);
}

#[test]
fn a_difference_is_listed_once() {
    let other = Uuid::from_u128(0xd2);
    let history = told(&[note(vec![DIFFERENCE])]);
    assert!(ledger(&history).is_open(DIFFERENCE) && !ledger(&history).is_open(other));
    given::<ChargeLedgerRules>(&history).when(asked(note(vec![DIFFERENCE]))).then_expect_events(vec![]);
    let new = E::DiscrepanciesNoted { run_id: RUN, discrepancies: vec![other] };
    given::<ChargeLedgerRules>(&history)
        .when(asked(note(vec![other, DIFFERENCE, other])))
        .then_expect_events(vec![new]);
    let settled = [history, told_after_noting(R::Dispute)].concat();
    given::<ChargeLedgerRules>(&settled).when(asked(note(vec![DIFFERENCE]))).then_expect_events(vec![]);
}

fn told_after_noting(resolution: R) -> Vec<E> {
    told(&[note(vec![DIFFERENCE]), settle(resolution, Vec::new(), Vec::new())]).split_off(1)
}

#[test]
fn a_difference_is_settled_once() {
    let settle_as = |resolution| settle(resolution, Vec::new(), Vec::new());
    given::<ChargeLedgerRules>(&[]).when(asked(settle_as(R::Accept))).then_expect_error(Refusal::NotFound);
    for (resolution, status) in [(R::Accept, "accepted"), (R::Dispute, "disputed"), (R::PassOn, "passed_on")] {
        let history = told(&[note(vec![DIFFERENCE]), settle_as(resolution)]);
        assert!(!ledger(&history).is_open(DIFFERENCE));
        given::<ChargeLedgerRules>(&history).when(asked(settle_as(resolution))).then_expect_events(vec![]);
        let others = [R::Accept, R::Dispute, R::PassOn].into_iter().filter(|other| *other != resolution);
        for other in others {
            given::<ChargeLedgerRules>(&history)
                .when(asked(settle_as(other)))
                .then_expect_error(Refusal::InvalidState { state: status });
        }
    }
}

#[test]
fn accepted_charges_wait_until_a_document_has_them() {
    let history = told(&[note(vec![DIFFERENCE]), settle(R::Accept, charges(0..2), Vec::new())]);
    let state = ledger(&history);
    assert_eq!(state.accepted, BTreeSet::from([charge(0), charge(1)]));
    assert!(!state.is_billed(&charge(0)));
    let history = [history, told(&[bill(DOCUMENT, charges(0..2))])].concat();
    assert!(ledger(&history).is_billed(&charge(0)));
    let released = [history, vec![E::ChargesReleased { document_id: DOCUMENT }]].concat();
    let state = ledger(&released);
    assert!(state.accepted.contains(&charge(0)) && !state.is_billed(&charge(0)), "accepted once, for ever");
}

#[test]
fn lines_are_passed_on_with_one_document_each() {
    let agreed = told(&[note(vec![DIFFERENCE]), settle(R::PassOn, Vec::new(), vec![line(1), line(2)])]);
    let waiting = |history: &[E]| ledger(history).to_pass_on().map(|line| line.line_id.clone()).collect::<Vec<_>>();
    assert_eq!(waiting(&agreed), ids(1..3));
    let with = |history: &[E], command: &C| {
        [history.to_vec(), decide::<ChargeLedgerRules>(history, command).unwrap().events].concat()
    };
    let billed = with(&agreed, &pass_on(DOCUMENT, &line(1)));
    assert_eq!(waiting(&billed), ids(2..3));
    given::<ChargeLedgerRules>(&billed).when(asked(pass_on(DOCUMENT, &line(1)))).then_expect_events(vec![]);
    for (document, line) in [(OTHER, line(1)), (OTHER, line(3))] {
        given::<ChargeLedgerRules>(&billed).when(asked(pass_on(document, &line))).then_expect_error(BILLED);
    }
    let released = with(&billed, &C::Release { document_id: DOCUMENT });
    assert_eq!(waiting(&released), ids(1..3));
}

#[test]
fn a_line_that_is_passed_on_is_not_passed_on_with_another_difference() {
    let other = Uuid::from_u128(0xd2);
    let agreed = settle(R::PassOn, Vec::new(), vec![line(1), line(1)]);
    let history = told(&[note(vec![DIFFERENCE, other]), agreed, pass_on(DOCUMENT, &line(1))]);
    assert_eq!(ledger(&history).passed_on.len(), 1);
    let once_more =
        C::Settle { discrepancy_id: other, resolution: R::PassOn, charges: Vec::new(), lines: vec![line(1), line(2)] };
    let settled = E::DiscrepancySettled {
        discrepancy_id: other,
        resolution: R::PassOn,
        charges: Vec::new(),
        lines: vec![line(2)],
    };
    given::<ChargeLedgerRules>(&history).when(asked(once_more)).then_expect_events(vec![settled]);
}

#[test]
fn long_lists_are_divided_among_events() {
    let lengths = |command: &C| {
        let history = if matches!(command, C::Bill { .. }) { passable() } else { Vec::new() };
        let events = decide::<ChargeLedgerRules>(&history, command).unwrap().events;
        for event in &events {
            assert!(codec::encode(&event.clone().into()).unwrap().len() < 256 * 1024);
        }
        events.iter().map(length).collect::<Vec<_>>()
    };
    for (count, parts) in [(1, vec![1]), (200, vec![200]), (201, vec![200, 1]), (1_000, vec![200; 5])] {
        assert_eq!(lengths(&import(ids(0..count))), parts);
        assert_eq!(lengths(&bill(DOCUMENT, charges(0..count))), parts);
        assert_eq!(lengths(&note((0..count).map(|n| Uuid::from_u128(n.into())).collect())), parts);
    }
    let both = C::Bill { document_id: DOCUMENT, charges: charges(0..250), passed_on: ids(0..410) };
    assert_eq!(lengths(&both), [400, 250, 10], "charges and lines side by side");
}

/// A ledger with many lines to pass on, one difference for each two hundred.
fn passable() -> Vec<E> {
    let differences: Vec<Uuid> = (0..3).map(|n| Uuid::from_u128(0xd00 + n)).collect();
    let settle = |(discrepancy_id, first): (Uuid, u64)| C::Settle {
        discrepancy_id,
        resolution: R::PassOn,
        charges: Vec::new(),
        lines: (first..first + 200).map(line).collect(),
    };
    let settled = differences.iter().copied().zip([0, 200, 400]).map(settle);
    told(&std::iter::once(note(differences.clone())).chain(settled).collect::<Vec<_>>())
}

fn length(event: &E) -> usize {
    match event {
        E::ProviderLinesImported { line_ids, .. } => line_ids.len(),
        E::ChargesBilled { charges, passed_on, .. } => {
            assert!(charges.len() <= 200 && passed_on.len() <= 200);
            charges.len() + passed_on.len()
        }
        E::DiscrepanciesNoted { discrepancies, .. } => discrepancies.len(),
        E::ChargesReleased { .. } | E::DiscrepancySettled { .. } => 1,
    }
}

/// What runs, operators and races may ask, in any order.
fn any_command() -> impl Strategy<Value = C> {
    let charges = |most: usize| prop::collection::vec((0u64..8).prop_map(charge), 0..most);
    let lines = |most: usize| prop::collection::vec((0u64..4).prop_map(line), 0..most);
    let ids = |lines: Vec<ProviderLine>| lines.into_iter().map(|line| line.line_id).collect();
    let document = (0u128..4).prop_map(Uuid::from_u128);
    let difference = (0u128..3).prop_map(Uuid::from_u128);
    let resolution = prop::sample::select(vec![R::Accept, R::Dispute, R::PassOn]);
    prop_oneof![
        2 => lines(6).prop_map(move |lines| import(ids(lines))),
        6 => (document.clone(), charges(4), lines(3)).prop_map(move |(document_id, charges, passed_on)| C::Bill {
            document_id,
            charges,
            passed_on: ids(passed_on),
        }),
        2 => document.prop_map(|document_id| C::Release { document_id }),
        2 => difference.clone().prop_map(|difference| note(vec![difference])),
        4 => (difference, resolution, charges(3), lines(3)).prop_map(|(discrepancy_id, resolution, charges, lines)| {
            C::Settle { discrepancy_id, resolution, charges, lines }
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_charge_and_no_line_is_ever_on_two_documents(commands in prop::collection::vec(any_command(), 1..60)) {
        let (mut history, mut imported) = (Vec::new(), BTreeSet::new());
        let mut documents: BTreeMap<Uuid, (BTreeSet<ChargeKey>, BTreeSet<String>)> = BTreeMap::new();
        for command in &commands {
            let Ok(decided) = decide::<ChargeLedgerRules>(&history, command) else { continue };
            for event in &decided.events {
                match event {
                    E::ProviderLinesImported { line_ids, .. } => {
                        for id in line_ids {
                            prop_assert!(imported.insert(id.clone()), "{} came in twice", id);
                        }
                    }
                    E::ChargesBilled { document_id, charges, passed_on } => {
                        for charge in charges {
                            prop_assert!(!documents.values().any(|(charges, _)| charges.contains(charge)));
                            documents.entry(*document_id).or_default().0.insert(*charge);
                        }
                        for line in passed_on {
                            prop_assert!(!documents.values().any(|(_, lines)| lines.contains(line)));
                            documents.entry(*document_id).or_default().1.insert(line.clone());
                        }
                    }
                    E::ChargesReleased { document_id } => drop(documents.remove(document_id)),
                    E::DiscrepanciesNoted { .. } | E::DiscrepancySettled { .. } => {}
                }
            }
            history.extend(decided.events);
            let state = ledger(&history);
            for n in 0..8 {
                let on_one = documents.values().any(|(charges, _)| charges.contains(&charge(n)));
                prop_assert_eq!(state.is_billed(&charge(n)), on_one);
            }
            // Asked again, what was just done holds.
            prop_assert_eq!(decide::<ChargeLedgerRules>(&history, command).map(|again| again.events), Ok(Vec::new()));
        }
    }
}
