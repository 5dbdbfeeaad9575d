//! The product from outside: every story is told over HTTP against a whole running world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod description;
mod equal_answers;
mod idempotency;
mod large_order;
mod lists;
mod orders;
mod outcomes;
mod probes;
mod quotes;
mod rebuild;
mod replayed;
mod versions;
mod visibility;
mod whole_story;
