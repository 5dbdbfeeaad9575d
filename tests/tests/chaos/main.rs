//! The provider does everything wrong at once, while customers order and change: afterwards both sides hold the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod faults;
mod sides;
