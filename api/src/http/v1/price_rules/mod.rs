//! Price rules.

pub mod body;
pub mod get;
pub mod list;
pub mod remove;
pub mod set;
