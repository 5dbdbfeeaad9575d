//! Commission statements.

pub mod body;
pub mod document;
pub mod get;
pub mod list;
pub mod settle;
