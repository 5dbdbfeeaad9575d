//! Rules over the workspace: who may use whom, and what every member agrees to.

use std::sync::LazyLock;

use cargo_metadata::{Edition, MetadataCommand, Package};

use crate::report;
use crate::tree::TREE;

/// Every crate of the workspace beside the crates of the workspace that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("documents", &["domain"]),
    ("event-log", &["domain"]),
    ("commands", &["domain", "event-log"]),
    ("projections", &["domain", "event-log"]),
    ("ccp-adapter", &["domain", "event-log", "commands"]),
    ("api", &["domain", "documents", "event-log", "commands", "projections", "ccp-adapter"]),
    ("tests", &["domain", "documents", "event-log", "commands", "projections", "ccp-adapter", "api"]),
];

/// Libraries that only some crates may name, beside these crates.
const ONLY_IN: &[(&str, &[&str])] =
    &[("reqwest", &["ccp-adapter", "api", "tests"]), ("axum", &["api", "tests"]), ("anyhow", &["api", "tests"])];

/// What does IO has no place among pure rules.
const NOT_IN_DOMAIN: &[&str] = &["tokio", "sqlx", "reqwest", "axum", "async-nats"];

/// The parts of the crate `api` where a person reads the error, so that its text is all that counts.
const ANYHOW_IN_API: &[&str] = &["main", "cli", "wiring", "telemetry", "roles", "serve"];

static MEMBERS: LazyLock<Vec<Package>> = LazyLock::new(|| {
    MetadataCommand::new()
        .manifest_path(TREE.root.join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
        .packages
});

fn uses() -> impl Iterator<Item = (&'static str, &'static str)> {
    MEMBERS.iter().flat_map(|member| {
        member.dependencies.iter().map(move |dependency| (member.name.as_str(), dependency.name.as_str()))
    })
}

#[test]
fn every_member_is_in_the_table() {
    let mut members: Vec<&str> = MEMBERS.iter().map(|member| member.name.as_str()).collect();
    let mut table: Vec<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    members.sort_unstable();
    table.sort_unstable();
    assert_eq!(members, table);
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let is_member = |name: &str| MAY_USE.iter().any(|(member, _)| *member == name);
    let allowed = |user: &str, used: &str| MAY_USE.iter().any(|(name, below)| *name == user && below.contains(&used));
    let wrong = uses().filter(|(user, used)| is_member(used) && !allowed(user, used));
    report("uses a crate it must not know", wrong.map(|(user, used)| format!("{user} uses {used}")));
}

#[test]
fn domain_has_no_way_to_do_io() {
    let wrong = uses().filter(|(user, used)| *user == "domain" && NOT_IN_DOMAIN.contains(used));
    report("does IO", wrong.map(|(user, used)| format!("{user} uses {used}")));
}

#[test]
fn some_libraries_stay_at_the_edge() {
    let allowed = |user: &str, used: &str| ONLY_IN.iter().all(|(name, crates)| *name != used || crates.contains(&user));
    let wrong = uses().filter(|(user, used)| !allowed(user, used));
    report("is a library of the edge only", wrong.map(|(user, used)| format!("{user} uses {used}")));
}

#[test]
fn errors_without_a_type_are_read_by_people_only() {
    let module = |path: &'static str| path.strip_prefix("api/src/").map(|rest| rest.split(['/', '.']).next().unwrap());
    let typed = TREE.rust().filter(|file| module(&file.path).is_some_and(|name| !ANYHOW_IN_API.contains(&name)));
    report("needs an error with a type", crate::places_of(typed, "anyhow", |file| &file.production));
}

#[test]
fn every_member_has_the_workspaces_lints_and_edition() {
    for member in MEMBERS.iter() {
        assert_eq!(member.edition, Edition::E2024, "{}", member.name);
        let manifest = std::fs::read_to_string(&member.manifest_path).unwrap();
        assert_eq!(section(&manifest, "lints"), ["workspace = true"], "{}", member.name);
    }
}

#[test]
fn the_workspace_forbids_unsafe_code() {
    let lints = section(TREE.text("Cargo.toml"), "workspace.lints.rust");
    assert!(lints.contains(&"unsafe_code = \"forbid\""), "{lints:?}");
}

/// The lines of one table of a manifest.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let header = format!("[{name}]");
    let behind = manifest.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    behind.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}
