//! The log for auditors.

pub mod body;
pub mod events;
pub mod state;
pub mod stream;
