//! What was once written can be read for ever: one golden file per event and version, added and never edited. What a
//! version may hold and may lack is shown in a further file, `Name.version.what.json`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::account::AccountEvent;
use domain::codec::{self, CodecError};
use domain::{AggregateType, Event};
use serde_json::Value;

fn folder(aggregate: AggregateType) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(aggregate.name())
}

fn golden(aggregate: AggregateType, name: &str, version: &str) -> String {
    let path = folder(aggregate).join(format!("{name}.{version}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What its further files are named after.
fn further(file: &str, name: &str, version: &str) -> Option<String> {
    let what = file.strip_prefix(&format!("{name}.{version}."))?.strip_suffix(".json")?;
    (!what.is_empty() && !what.contains('.')).then(|| what.to_owned())
}

/// The names of all files of an aggregate.
fn files(aggregate: AggregateType) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(aggregate)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_event_reads_its_golden_files_and_writes_the_same() {
    for aggregate in AggregateType::ALL {
        let files = files(aggregate);
        for (name, version) in aggregate.events() {
            let further = files.iter().filter_map(|file| further(file, name, version));
            let all = std::iter::once((*version).to_owned()).chain(further.map(|what| format!("{version}.{what}")));
            for shown in all {
                let stored = golden(aggregate, name, &shown);
                let event = codec::decode(aggregate.name(), name, version, &stored)
                    .unwrap_or_else(|error| panic!("{name} {shown}: {error}"));
                assert_eq!((event.aggregate(), event.name(), event.version()), (aggregate, *name, *version));
                assert_eq!(json(&codec::encode(&event).unwrap()), json(&stored), "{name} {shown}");
            }
        }
    }
}

#[test]
fn no_golden_file_belongs_to_nothing() {
    for aggregate in AggregateType::ALL {
        let belongs = |file: &String| {
            let is_of = |name: &str, version: &str| {
                *file == format!("{name}.{version}.json") || further(file, name, version).is_some()
            };
            aggregate.events().iter().any(|(name, version)| is_of(name, version))
        };
        let strangers: Vec<_> = files(aggregate).into_iter().filter(|file| !belongs(file)).collect();
        assert_eq!(strangers, Vec::<String>::new(), "{aggregate}");
    }
}

#[test]
fn a_further_file_shows_something_else_than_the_first() {
    let first = json(&golden(AggregateType::Order, "OrderPaymentRequested", "1.0"));
    let retaxed = json(&golden(AggregateType::Order, "OrderPaymentRequested", "1.0.retaxed"));
    assert!(first["OrderPaymentRequested"].get("retaxed").is_none(), "{first}");
    assert!(retaxed["OrderPaymentRequested"]["retaxed"].is_object(), "{retaxed}");
}

#[test]
fn a_name_belongs_to_one_aggregate() {
    let names: Vec<_> = AggregateType::ALL.into_iter().flat_map(|aggregate| aggregate.events().iter()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn what_is_unknown_is_an_error() {
    let unknown = |aggregate: &str, name: &str, version: &str| CodecError::UnknownEvent {
        aggregate: aggregate.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
    };
    let stored = golden(AggregateType::Account, "AccountClosed", "1.0");
    let read = |aggregate: &str, name: &str, version: &str| codec::decode(aggregate, name, version, &stored);
    assert!(matches!(read("account", "AccountClosed", "1.0"), Ok(Event::Account(AccountEvent::AccountClosed {}))));
    assert_eq!(read("account", "AccountVanished", "1.0"), Err(unknown("account", "AccountVanished", "1.0")));
    assert_eq!(read("account", "AccountClosed", "9.0"), Err(unknown("account", "AccountClosed", "9.0")));
    assert_eq!(read("customer", "AccountClosed", "1.0"), Err(unknown("customer", "AccountClosed", "1.0")));
    assert_eq!(read("Account", "AccountClosed", "1.0"), Err(CodecError::UnknownAggregate("Account".to_owned())));
    assert_eq!(read("planet", "AccountClosed", "1.0"), Err(CodecError::UnknownAggregate("planet".to_owned())));
}

#[test]
fn a_payload_that_is_another_event_or_none_is_an_error() {
    for payload in [r#"{"AccountClosed":{}}"#, r#"{"AccountLinked":{}}"#, r#"{"AccountLinked":null}"#, "{", ""] {
        let read = codec::decode("account", "AccountLinked", "1.0", payload);
        assert!(matches!(read, Err(CodecError::Undecodable { .. })), "{payload:?} gave {read:?}");
    }
}
