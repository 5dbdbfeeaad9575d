//! The end of a month while everything dies: two products on one database, killed at random, and afterwards every
//! charge is on one document, every party has one invoice, and no number is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chaos;
mod people;
mod town;
