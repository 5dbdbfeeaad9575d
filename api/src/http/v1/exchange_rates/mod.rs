//! The seller's exchange rates.

pub mod body;
pub mod list;
pub mod set;
