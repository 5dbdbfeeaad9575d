//! Commands about invoices, and how others write them in their own appends.

mod issue;
mod overdue;
mod withdraw;
mod write;

pub use issue::IssueInvoice;
pub use overdue::note_overdue;
pub use withdraw::{DiscardInvoice, VoidInvoice, WriteOffInvoice};
pub(crate) use write::issue_paid_in;
pub(crate) use write::reference;
pub use write::{draft_in, issue_in};
