//! The clients of the payment gateways: one contract for all of them at the simulator, and odd answers for each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cashier;
mod charged_after_all;
mod contract;
mod desk;
mod faults;
mod given_up;
mod ground;
#[path = "../patience/mod.rs"]
mod patience;
mod refunds;
mod repeated_refunds;
mod token_odd;
mod wallet_odd;
