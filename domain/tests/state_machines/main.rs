//! What every state answers to every command, asked of the rules themselves and kept as a page.
//!
//! With `CLOUDSALES_WRITE_DOCS=1` the page is written, else it is compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod billing_runs;
mod customers;
mod invoices;
mod machine;
mod orders;
mod payments;
mod subscriptions;

#[path = "../invoicing/mod.rs"]
mod invoicing;
#[path = "../ordering/mod.rs"]
mod ordering;
#[path = "../paying/mod.rs"]
mod paying;
#[path = "../people/mod.rs"]
mod people;
#[path = "../running/mod.rs"]
mod running;
#[path = "../subscribing/mod.rs"]
mod subscribing;

use std::fs;
use std::path::Path;

const HEAD: &str = "# State machines

This page is made by the rules themselves: each of the situations below was reached by real events, and each command was
asked in it. Where the rules change, `CLOUDSALES_WRITE_DOCS=1 cargo test -p domain --test state_machines` writes it anew;
without that, the test fails as long as the page says something else.

An answer is the events that follow, in their order (`×` several of them), *nothing* where what is asked holds already,
or the slug of the refusal. The arrows of a diagram are the events that change the status.
";

fn page() -> String {
    let machines = [
        customers::machine().written(),
        accounts::machine().written(),
        orders::machine().written(),
        orders::prepaid_machine().written(),
        subscriptions::machine().written(),
        billing_runs::machine().written(),
        invoices::machine().written(),
        payments::machine().written(),
    ];
    format!("{HEAD}\n{}", machines.join("\n"))
}

#[test]
fn the_page_says_what_the_rules_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/state-machines.md");
    let page = page();
    if std::env::var("CLOUDSALES_WRITE_DOCS").is_ok_and(|wanted| wanted == "1") {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    for (line, (said, is)) in kept.lines().zip(page.lines()).enumerate() {
        assert_eq!(said, is, "line {} of docs/state-machines.md", line + 1);
    }
    assert_eq!(kept.len(), page.len(), "docs/state-machines.md ends too soon or too late");
}
