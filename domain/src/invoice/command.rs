//! What can be asked of an invoice.

use chrono::NaiveDate;

use super::{AppliedCredit, BookedPayment, InvoiceContents, IssuedInvoice};
use crate::Money;
use crate::document::StoredDocument;

#[derive(Debug, Clone)]
pub enum InvoiceCommand {
    /// With all lines; the decision divides them among events.
    Draft(Box<InvoiceContents>),
    /// With all lines, also of what was a draft.
    Issue(Box<IssuedInvoice>),
    Discard,
    /// From the customer's balance; at most what is left to pay.
    ApplyBalance {
        amount: Money,
    },
    ApplyCredit(Box<AppliedCredit>),
    BookPayment(Box<BookedPayment>),
    /// It is that day at the seller entity.
    NoteOverdue {
        today: NaiveDate,
    },
    StoreDocument(StoredDocument),
    Void,
    WriteOff,
}
