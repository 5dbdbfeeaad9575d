//! Document numbers: one after the other, each once, each series for itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use std::collections::{BTreeMap, BTreeSet};

use domain::Refusal;
use domain::number_series::{NumberSeriesCommand, NumberSeriesEvent, NumberSeriesRules, Numbered, Series};
use people::{asked, decide, given};
use proptest::prelude::*;
use uuid::Uuid;

fn series(kind: Numbered, entity: &str, year: i32) -> Series {
    Series { kind, seller_entity: entity.to_owned(), prefix: String::new(), year }
}

fn invoices() -> Series {
    series(Numbered::Invoice, "cloudsales-de", 2026)
}

fn allot(series: &Series, document: u128) -> NumberSeriesCommand {
    NumberSeriesCommand::Allot { series: series.clone(), document_id: Uuid::from_u128(document) }
}

fn allotted(n: u32, number: &str, document: u128) -> NumberSeriesEvent {
    NumberSeriesEvent::NumberAllotted {
        kind: Numbered::Invoice,
        seller_entity: "cloudsales-de".to_owned(),
        year: 2026,
        n,
        number: number.to_owned(),
        document_id: Uuid::from_u128(document),
    }
}

#[test]
fn numbers_follow_one_another() {
    let first = allotted(1, "INV-2026-000001", 7);
    given::<NumberSeriesRules>(&[]).when(asked(allot(&invoices(), 7))).then_expect_events(vec![first.clone()]);
    given::<NumberSeriesRules>(&[first]).when(asked(allot(&invoices(), 8))).then_expect_events(vec![allotted(
        2,
        "INV-2026-000002",
        8,
    )]);
}

#[test]
fn with_several_entities_a_number_names_its_own() {
    let dutch = Series { prefix: "NL".to_owned(), ..series(Numbered::CreditNote, "cloudsales-nl", 2026) };
    let decided = decide::<NumberSeriesRules>(&[], &allot(&dutch, 7)).unwrap();
    let NumberSeriesEvent::NumberAllotted { kind, seller_entity, number, .. } = &decided.events[0];
    assert_eq!(
        (*kind, seller_entity.as_str(), number.as_str()),
        (Numbered::CreditNote, "cloudsales-nl", "CN-NL-2026-000001")
    );
}

#[test]
fn kind_entity_and_year_each_make_a_series() {
    let all: Vec<Series> = [Numbered::Invoice, Numbered::CreditNote, Numbered::CommissionStatement]
        .into_iter()
        .flat_map(|kind| ["cloudsales-de", "cloudsales-nl"].map(|entity| (kind, entity)))
        .flat_map(|(kind, entity)| [2026, 2027].map(|year| series(kind, entity, year)))
        .collect();
    assert_eq!(all.iter().map(Series::id).collect::<BTreeSet<_>>().len(), 12);
    let renamed = Series { prefix: "DE".to_owned(), ..invoices() };
    assert_eq!(renamed.id(), invoices().id(), "another prefix is no other series");
}

#[test]
fn a_series_ends_where_numbers_do() {
    let last = allotted(u32::MAX, "INV-2026-4294967295", 7);
    given::<NumberSeriesRules>(&[last]).when(asked(allot(&invoices(), 8))).then_expect_error(Refusal::AmountOverflow);
}

proptest! {
    #[test]
    fn whatever_order_documents_come_in_no_number_is_missing_or_used_twice(
        documents in prop::collection::vec((0usize..3, 2025i32..2028), 0..60),
    ) {
        let kinds = [Numbered::Invoice, Numbered::CreditNote, Numbered::CommissionStatement];
        let mut streams: BTreeMap<Uuid, Vec<NumberSeriesEvent>> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for (document, (kind, year)) in documents.iter().enumerate() {
            let series = series(kinds[*kind], "cloudsales-de", *year);
            let stream = streams.entry(series.id()).or_default();
            let events = decide::<NumberSeriesRules>(stream, &allot(&series, document as u128)).unwrap().events;
            stream.extend(events);
        }
        for stream in streams.values() {
            for (index, NumberSeriesEvent::NumberAllotted { n, number, .. }) in stream.iter().enumerate() {
                prop_assert_eq!(*n as usize, index + 1);
                let end = format!("-{n:06}");
                prop_assert!(number.ends_with(&end));
                prop_assert!(numbers.insert(number.clone()), "{} twice", number);
            }
        }
        prop_assert_eq!(numbers.len(), documents.len());
    }
}
