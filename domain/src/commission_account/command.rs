//! What can be asked of a reseller's commission account.

use uuid::Uuid;

use super::{CommissionEntry, IssuedStatement, Settlement};
use crate::billing::Period;
use crate::document::StoredDocument;

#[derive(Debug, Clone)]
pub enum CommissionAccountCommand {
    Accrue {
        invoice_id: Uuid,
        earnings: Box<Earnings>,
    },
    /// What went back whole when nobody expected the invoice to be paid any more is earned after all.
    Restore {
        invoice_id: Uuid,
        earnings: Box<Earnings>,
    },
    /// Amounts above zero go back.
    Reverse {
        because_of: Reversed,
        earnings: Box<Earnings>,
    },
    /// With all lines, which are those due; the decision divides them among events.
    Issue(Box<IssuedStatement>),
    StoreDocument {
        statement_id: Uuid,
        document: StoredDocument,
    },
    Settle {
        statement_id: Uuid,
        how: Settlement,
        reference: String,
    },
}

/// Why commission goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversed {
    /// The whole invoice is void or uncollectible.
    Withdrawn { invoice_id: Uuid },
    /// A credit note corrects the invoice.
    Corrected { invoice_id: Uuid, credit_note_id: Uuid },
    /// A period brought a credit note instead of an invoice.
    Credited { credit_note_id: Uuid },
}

/// The commission on a document, or part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Earnings {
    pub reseller_id: Uuid,
    pub end_customer_id: Uuid,
    /// The document's; of a correction that of the book date. Once it has its statement, the next without is meant.
    pub period: Period,
    pub entries: Vec<CommissionEntry>,
}
