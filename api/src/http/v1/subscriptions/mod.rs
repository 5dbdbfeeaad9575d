//! Subscriptions and their licences.

pub mod body;
pub mod get;
pub mod history;
pub mod licences;
pub mod list;
