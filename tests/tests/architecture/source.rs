//! Rules over the text of the sources: sizes, and words that have no place in some of them.

use crate::scanner::functions;
use crate::tree::{File, TREE};
use crate::{places_of, report};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Tables that read better in one piece than cut in two, each with the reason.
const LONG_TABLES: &[(&str, &str)] = &[];

/// Where time and ids come from.
const CLOCK: &str = "api/src/clock.rs";

fn all(file: &File) -> &str {
    &file.code
}

fn production(file: &File) -> &str {
    &file.production
}

fn within(folder: &'static str) -> impl Iterator<Item = &'static File> {
    TREE.rust().filter(move |file| file.path.starts_with(folder))
}

#[test]
fn the_rules_see_the_tree() {
    assert!(within("domain/src/").count() > 20);
    assert!(TREE.rust().any(|file| file.path == CLOCK && file.production.contains("Utc::now()")));
    assert!(within("tests/tests/").all(|file| file.production.is_empty() && !file.code.is_empty()));
}

#[test]
fn no_file_is_too_long() {
    let is_table = |path: &str| LONG_TABLES.iter().any(|(table, _reason)| *table == path);
    let length = |file: &'static File| (file.path.as_str(), file.text.lines().count());
    let long: Vec<_> = TREE.rust().map(length).filter(|(_, lines)| *lines > FILE_LINES_MAX).collect();
    let wrong = long.iter().filter(|(path, _)| !is_table(path));
    report("is too long a file", wrong.map(|(path, lines)| format!("{path}: {lines} lines")));
    let stale = LONG_TABLES.iter().filter(|(table, _)| long.iter().all(|(path, _)| path != table));
    report("is no longer a long table", stale.map(|(table, _)| (*table).to_owned()));
}

#[test]
fn no_function_is_too_long() {
    let wrong = TREE.rust().flat_map(|file| {
        let long = functions(&file.code).into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX);
        long.map(|function| format!("{}:{} {}: {} lines", file.path, function.line, function.name, function.lines))
    });
    report("is too long a function", wrong);
}

#[test]
fn domain_counts_exactly() {
    let floats = ["f64", "f32"].iter().flat_map(|float| {
        within("domain/src/").flat_map(move |file| file.code.match_indices(float).map(|(at, _)| file.at(at)))
    });
    report("is not exact", floats);
}

#[test]
fn time_and_ids_are_made_in_one_place() {
    for source in ["Utc::now", "Local::now", "SystemTime::now", "Uuid::now_v7", "Uuid::new_v4"] {
        let others = TREE.rust().filter(|file| file.path != CLOCK && !file.path.starts_with("tests/"));
        report(&format!("calls {source}: take it as input"), places_of(others, source, all));
    }
}

#[test]
fn nothing_is_unsafe() {
    report("is unsafe", places_of(TREE.rust(), "unsafe", all));
}

#[test]
fn nothing_is_left_open() {
    for name in ["todo", "unimplemented", "dbg"] {
        let wrong = TREE.rust().flat_map(|file| {
            let call = |at: &usize| file.code[*at + name.len()..].starts_with("!(");
            crate::scanner::words(&file.code, name).filter(call).map(|at| file.at(at))
        });
        report(&format!("calls {name}!"), wrong);
    }
    let ignored = TREE.rust().flat_map(|file| file.code.match_indices("#[ignore").map(|(at, _)| file.at(at)));
    report("is a test that nobody runs", ignored);
}

#[test]
fn production_code_does_not_unwrap() {
    let unwrap = |file: &'static File| file.production.match_indices(".unwrap()").map(|(at, _)| file.at(at));
    report("unwraps", TREE.rust().flat_map(unwrap));
    let expect = |file: &'static File| {
        let calls = file.production.match_indices(".expect(");
        calls
            .filter(|(at, call)| file.production[at + call.len()..].trim_start().starts_with('"'))
            .map(|(at, _)| file.at(at))
    };
    report("expects", TREE.rust().flat_map(expect));
}

#[test]
fn tests_wait_for_something_and_never_sleep() {
    for name in ["sleep", "sleep_until"] {
        report("sleeps: wait for a position or an event", places_of(within("tests/tests/"), name, all));
    }
}

#[test]
fn domain_names_every_event() {
    let over_events =
        |path: &str| path.contains("/process/") || path.ends_with("/state.rs") || path.ends_with("/event.rs");
    let matches = within("domain/src/").filter(|file| over_events(&file.path));
    let wrong = matches.flat_map(|file| {
        let arm = |at: &usize| file.production[at + 1..].trim_start().starts_with("=>");
        crate::scanner::words(&file.production, "_").filter(arm).map(|at| file.at(at))
    });
    report("passes over events unnamed", wrong);
}

#[test]
fn only_files_outside_tests_are_production() {
    let tests = TREE.rust().filter(|file| file.path.ends_with("_tests.rs") && !production(file).is_empty());
    report("is a test file that no test module declares", tests.map(|file| file.path.clone()));
}
