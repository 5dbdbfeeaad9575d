//! Billing runs: a month's charges become documents.

pub mod body;
pub mod get;
pub mod list;
pub mod retry;
