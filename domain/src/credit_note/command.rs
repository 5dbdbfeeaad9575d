//! What can be asked of a credit note.

use super::IssuedCreditNote;
use crate::Money;
use crate::document::StoredDocument;

#[derive(Debug, Clone)]
pub enum CreditNoteCommand {
    /// With all lines; the decision divides them among events.
    Issue(Box<IssuedCreditNote>),
    /// The three add up to its total.
    Settle {
        invoice: Money,
        balance: Money,
        refund: Money,
    },
    StoreDocument(StoredDocument),
}
