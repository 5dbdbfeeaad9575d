//! What can be asked of a reseller's commission account.

use uuid::Uuid;

use super::{CommissionEntry, IssuedStatement, Settlement};
use crate::billing::Period;
use crate::document::StoredDocument;

#[derive(Debug, Clone)]
pub enum CommissionAccountCommand {
    Accrue(Box<Earnings>),
    /// Amounts above zero go back; without a credit note the whole invoice is void or uncollectible.
    Reverse {
        earnings: Box<Earnings>,
        credit_note_id: Option<Uuid>,
    },
    /// With all lines, which are those waiting; the decision divides them among events.
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

/// The commission on an invoice, or part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Earnings {
    pub reseller_id: Uuid,
    pub invoice_id: Uuid,
    pub end_customer_id: Uuid,
    /// That of the book date.
    pub period: Period,
    pub entries: Vec<CommissionEntry>,
}
