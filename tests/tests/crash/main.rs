//! The crash programme: everything that can break is broken under load, and afterwards nothing may be wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod payments;
mod points;
mod processes;
mod proof;
mod proof_books;
mod provider;
mod servers;
mod storm;
