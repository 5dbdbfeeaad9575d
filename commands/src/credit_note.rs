//! Credit notes: instead of an invoice, or on one.

mod correct;
mod instead;
mod issue;
mod settle;

pub use correct::CreditInvoice;
pub(crate) use correct::correct_in;
pub use instead::issue_instead_in;
