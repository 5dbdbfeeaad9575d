//! The simulated provider, seen from outside: over HTTP, with the words the contract uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bill;
mod effects;
mod faults;
mod hooks;
mod restart;
#[path = "../simulator/mod.rs"]
mod simulator;
mod story;
mod support;
mod terms;
