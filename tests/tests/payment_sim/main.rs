//! The simulated payment gateways, seen from outside: over HTTP, with the words the contract uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod hooks;
mod refunds;
mod restart;
#[path = "../simulator/mod.rs"]
mod simulator;
mod support;
mod token;
mod wallet;
