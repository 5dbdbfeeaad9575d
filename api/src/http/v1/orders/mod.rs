//! Orders.

pub mod body;
pub mod cancel;
pub mod checkout;
pub mod get;
pub mod list;
pub mod place;
pub mod processes;
pub mod quote;
