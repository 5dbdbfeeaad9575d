//! What is billed: given what happened to subscriptions, when a month is billed, then these lines, sums and documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod amounts;
mod credits;
mod divided;
mod example;
mod example_reseller;
mod histories;
mod lines;
mod matched;
mod numbers;
mod passed_on;
mod resale;
mod splits;
mod statements;
mod subscribed;
mod sums;
