//! Collecting money while everything that moves it goes wrong: the gateway answers badly or not at all, products die,
//! and customers do not wait. Afterwards every charge that was made is shown, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chaos;
mod debtors;
mod faults;
mod judged;
