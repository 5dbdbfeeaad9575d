//! The log for auditors.

mod billing;
pub mod body;
pub mod events;
pub mod state;
pub mod stream;
