//! Rules over the project's folders: aggregates, migrations, crash points, and words that are not ours.

use std::collections::{BTreeMap, BTreeSet};

use domain::AggregateType;
use event_log::crash;

use crate::report;
use crate::scanner::in_a_word;
use crate::tree::{File, TREE};

const AGGREGATE_FILES: &[&str] = &["command.rs", "decide.rs", "event.rs", "mod.rs", "state.rs"];

/// Every folder of the domain that has events.
fn aggregate_folders() -> BTreeSet<&'static str> {
    let folder = |file: &'static File| {
        let (folder, name) = file.path.strip_prefix("domain/src/")?.split_once('/')?;
        (name == "event.rs").then_some(folder)
    };
    TREE.files.iter().filter_map(folder).collect()
}

#[test]
fn whoever_knows_one_aggregate_knows_all() {
    let folders = aggregate_folders();
    assert_eq!(folders, AggregateType::ALL.into_iter().map(AggregateType::name).collect());
    for folder in folders {
        let path = format!("domain/src/{folder}");
        assert_eq!(TREE.names_in(&path), AGGREGATE_FILES, "{path}");
        // What is too long for one of the five lies in a folder of its name.
        let inside = TREE.files.iter().filter_map(|file| file.path.strip_prefix(&format!("{path}/")));
        let strange = inside.filter(|file| {
            let part_of =
                |five: &&str| five.strip_suffix(".rs").is_some_and(|room| file.starts_with(&format!("{room}/")));
            file.contains('/') && !AGGREGATE_FILES.iter().any(part_of)
        });
        report("belongs to none of the five files", strange.map(|file| format!("{path}/{file}")));
    }
}

#[test]
fn migrations_are_numbered_without_holes_and_say_what_they_are() {
    let names = TREE.names_in("migrations");
    assert!(!names.is_empty());
    for (number, name) in (1..).zip(names) {
        assert!(name.starts_with(&format!("{number:04}_")) && name.ends_with(".sql"), "{name} is not number {number}");
        assert!(TREE.text(&format!("migrations/{name}")).starts_with("-- "), "{name} does not begin with a comment");
    }
}

#[test]
fn every_crash_point_is_listed_and_every_listed_one_is_passed() {
    let mut passed = BTreeMap::new();
    for file in TREE.rust() {
        for (at, call) in file.production.match_indices("crash::point(\"") {
            let name = file.text[at + call.len()..].split('"').next().unwrap();
            passed.entry(name).or_insert_with(|| file.at(at));
        }
    }
    let unlisted = passed.iter().filter(|(name, _)| !crash::POINTS.contains(name));
    report("is not listed", unlisted.map(|(name, place)| format!("{place} {name}")));
    let unused = crash::POINTS.iter().filter(|name| !passed.contains_key(**name));
    report("is never passed", unused.map(|name| (*name).to_owned()));
}

#[test]
fn no_path_of_somebodys_machine() {
    for folder in ["work", "root"] {
        let path = format!("/{folder}/");
        report("is a path of one machine", found(&path, |_, _| true));
    }
}

#[test]
fn nothing_is_put_off() {
    for pieces in [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]] {
        let word = pieces.concat();
        report("puts something off", found(&word, is_a_remark));
    }
}

/// Where a text stands in any file except the lock file, whose words are others'.
fn found(text: &str, counts: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for file in TREE.files.iter().filter(|file| file.path != "Cargo.lock") {
        let hits = file.text.match_indices(text);
        let hits = hits.filter(|(at, _)| counts(&file.text[..*at], &file.text[at + text.len()..]));
        places.extend(hits.map(|(at, _)| format!("{} {text}", file.at(at))));
    }
    places
}

/// A word by itself; between quotes it is data, such as the code ISO 4217 has for no currency at all.
fn is_a_remark(before: &str, behind: &str) -> bool {
    let whole = !before.ends_with(in_a_word) && !behind.starts_with(in_a_word);
    whole && !(before.ends_with(['"', '\'']) && behind.starts_with(['"', '\'', '\\']))
}
