//! Payments.

pub mod body;
pub mod get;
pub mod list;
pub mod refund;
pub mod resolve;
