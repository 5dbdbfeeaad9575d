//! The mirror, its tail and the readers behind them: equal to the log in good times, and again after bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod copy;
mod foreign;
mod outages;
mod poison;
mod twins;
