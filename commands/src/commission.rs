//! Commission: what resellers earn with their end customers' invoices, what of it goes back, and their statements.

mod accrue;
mod restore;
mod reverse;
mod settle;
mod statement;

pub use accrue::accrue_in;
pub use restore::restore_in;
pub use reverse::{Reversal, reverse_in, reverse_instead_in};
pub use settle::SettleStatement;
pub use statement::issue_statement_in;
