//! The product from outside: every story is told over HTTP against a whole running world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod accounts_linked;
mod catalogue;
mod changes_adapter;
mod cli;
mod clock;
mod customers;
mod customers_moved;
mod customers_suspended;
mod dead_letters;
mod description;
mod equal_answers;
mod erasure;
mod idempotency;
mod large_order;
mod lists;
mod orders;
mod outcomes;
mod prices;
mod probes;
mod quotes;
mod rates;
mod rebuild;
mod reconcile;
mod replayed;
mod roles;
mod scheduled;
mod subscription_changes;
mod subscription_changes_licences;
mod subscription_changes_states;
mod versions;
mod visibility;
mod visibility_numbers;
mod whole_story;
