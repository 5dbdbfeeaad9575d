//! Style as a test: who may use whom, how long things may be, and what must not be there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crates;
mod project;
mod scanner;
mod scanner_tests;
mod source;
mod tree;

use crate::tree::File;

/// Fails with every violation of a rule at once.
fn report(rule: &str, violations: impl IntoIterator<Item = String>) {
    let violations: Vec<String> = violations.into_iter().collect();
    assert!(
        violations.is_empty(),
        "\n{}\n",
        violations.iter().map(|found| format!("{found}: {rule}")).collect::<Vec<_>>().join("\n")
    );
}

/// Where a whole word stands in a part of each file.
fn places_of<'a>(files: impl Iterator<Item = &'a File>, word: &str, part: impl Fn(&'a File) -> &'a str) -> Vec<String> {
    let mut places = Vec::new();
    for file in files {
        places.extend(scanner::words(part(file), word).map(|at| file.at(at)));
    }
    places
}
