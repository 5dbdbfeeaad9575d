//! Commission, entry by entry.

pub mod body;
pub mod list;
