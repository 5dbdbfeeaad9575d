//! Management accounts.

pub mod body;
pub mod change;
pub mod close;
pub mod get;
pub mod licences;
pub mod link;
pub mod list;
pub mod open;
pub mod subscriptions;
