//! Credit notes: instead of an invoice, or on one.

mod correct;
mod instead;
mod issue;

pub use correct::CreditInvoice;
pub use instead::issue_instead_in;
