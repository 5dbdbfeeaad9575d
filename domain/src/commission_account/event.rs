//! What can happen to a reseller's commission in one currency.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CommissionKind, Settlement};
use crate::billing::{Period, negated};
use crate::decider::facts;
use crate::document::{Party, StoredDocument};
use crate::tax::{TaxAmount, Treatment};
use crate::{Currency, Money, ids};

/// Lists stop at 200 entries; the rest follows in further events of the same append.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CommissionAccountEvent {
    /// With the issue of an invoice, or because one that was uncollectible is paid after all.
    CommissionAccrued {
        reseller_id: Uuid,
        invoice_id: Uuid,
        end_customer_id: Uuid,
        /// The one whose statement shows it at the earliest.
        period: Period,
        /// It went back whole before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        entries: Vec<CommissionEntry>,
    },
    /// With a credit note, or because the invoice is void or uncollectible; amounts above zero go back.
    CommissionReversed {
        reseller_id: Uuid,
        /// Absent when a period brought a credit note instead of an invoice.
        invoice_id: Option<Uuid>,
        /// Absent when the whole invoice is void or uncollectible.
        credit_note_id: Option<Uuid>,
        end_customer_id: Uuid,
        period: Period,
        entries: Vec<CommissionEntry>,
    },
    /// Everything waiting of this period and of those before it.
    CommissionStatementIssued(Box<IssuedStatement>),
    /// Lines beyond those of the event before it, in the same append.
    CommissionStatementLinesAdded {
        statement_id: Uuid,
        lines: Vec<StatementLine>,
    },
    CommissionStatementDocumentStored {
        statement_id: Uuid,
        document: StoredDocument,
    },
    CommissionSettled {
        statement_id: Uuid,
        how: Settlement,
        reference: String,
    },
}

/// The commission on one line of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionEntry {
    /// The document's number of the line.
    pub line: u32,
    /// The net it is reckoned on.
    pub base: Money,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuedStatement {
    pub statement_id: Uuid,
    pub number: String,
    pub reseller_id: Uuid,
    pub seller_entity: String,
    pub period: Period,
    /// The book date.
    pub issued_on: NaiveDate,
    pub currency: Currency,
    pub treatment: Treatment,
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
    /// Who pays the commission, and who earns it.
    pub seller: Party,
    pub reseller: Party,
    /// The number of all lines, those of later events included.
    pub line_count: u32,
    pub lines: Vec<StatementLine>,
}

/// An entry on a statement; what goes back is below zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Absent with a credit note that is there instead of an invoice.
    pub invoice_id: Option<Uuid>,
    /// The credit note it goes back with.
    pub credit_note_id: Option<Uuid>,
    pub end_customer_id: Uuid,
    pub line: u32,
    pub kind: CommissionKind,
    pub base: Money,
    pub amount: Money,
    pub period: Period,
}

impl StatementLine {
    /// One per document, line and kind: no document is accrued or reversed twice.
    pub fn id(&self) -> Uuid {
        let document = self.credit_note_id.or(self.invoice_id).unwrap_or_default();
        ids::commission(self.kind.key(), document, self.line)
    }
}

impl CommissionAccountEvent {
    /// What waits for a statement from then on, with the signs of a statement.
    pub fn entries(&self) -> Vec<StatementLine> {
        match self {
            Self::CommissionAccrued { invoice_id, end_customer_id, period, again, entries, .. } => {
                let line = |entry: &CommissionEntry| StatementLine {
                    invoice_id: Some(*invoice_id),
                    credit_note_id: None,
                    end_customer_id: *end_customer_id,
                    line: entry.line,
                    kind: if *again { CommissionKind::Restored } else { CommissionKind::Accrued },
                    base: entry.base,
                    amount: entry.amount,
                    period: *period,
                };
                entries.iter().map(line).collect()
            }
            Self::CommissionReversed { invoice_id, credit_note_id, end_customer_id, period, entries, .. } => {
                let line = |entry: &CommissionEntry| StatementLine {
                    invoice_id: *invoice_id,
                    credit_note_id: *credit_note_id,
                    end_customer_id: *end_customer_id,
                    line: entry.line,
                    kind: CommissionKind::Reversed,
                    base: turned(entry.base),
                    amount: turned(entry.amount),
                    period: *period,
                };
                entries.iter().map(line).collect()
            }
            Self::CommissionStatementIssued(_)
            | Self::CommissionStatementLinesAdded { .. }
            | Self::CommissionStatementDocumentStored { .. }
            | Self::CommissionSettled { .. } => Vec::new(),
        }
    }
}

/// What goes back counts against what is earned. Amounts were checked when they were decided.
fn turned(amount: Money) -> Money {
    negated(amount).unwrap_or(amount)
}

facts!(CommissionAccountEvent in CommissionAccount {
    CommissionAccrued "1.0", CommissionReversed "1.0", CommissionStatementIssued "1.0",
    CommissionStatementLinesAdded "1.0", CommissionStatementDocumentStored "1.0", CommissionSettled "1.0"
});
