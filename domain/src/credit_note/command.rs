//! What can be asked of a credit note.

use std::fmt;

use super::IssuedCreditNote;
use crate::Money;
use crate::document::StoredDocument;

#[derive(Debug, Clone)]
pub enum CreditNoteCommand {
    /// With all lines; the decision divides them among events, and refers to the reason.
    Issue {
        note: Box<IssuedCreditNote>,
        reason: Option<CreditReason>,
    },
    /// The three add up to its total.
    Settle {
        invoice: Money,
        balance: Money,
        refund: Money,
    },
    StoreDocument(StoredDocument),
}

/// Why something is given back, in free words. It may name people, so it is never part of an event.
#[derive(Clone, PartialEq, Eq)]
pub struct CreditReason {
    pub text: String,
}

impl fmt::Debug for CreditReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreditReason").finish_non_exhaustive()
    }
}
