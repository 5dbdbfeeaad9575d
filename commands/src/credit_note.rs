//! Credit notes: instead of an invoice, or on one.

mod instead;
mod issue;

pub use instead::issue_instead_in;
