//! The provider's client against odd answers, and against the simulator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod again;
mod at_simulator;
mod changes;
mod odd;
mod odd_answers;
mod odd_lists;
#[path = "../patience/mod.rs"]
mod patience;
mod tokens;
mod waits;
