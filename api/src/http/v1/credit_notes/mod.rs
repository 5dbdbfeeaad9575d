//! Credit notes. They are made on invoices, or by billing runs.

pub mod body;
pub mod document;
pub mod get;
pub mod list;
