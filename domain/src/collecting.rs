//! Collecting money: when it is tried and asked for again, and over which payments it goes back.

pub mod refund;
pub mod retry;
