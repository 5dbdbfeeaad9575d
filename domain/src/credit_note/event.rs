//! What can happen to a credit note.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Settle;
use crate::billing::{InvoiceLine, Period};
use crate::decider::facts;
use crate::document::{Party, StoredDocument};
use crate::tax::{TaxAmount, Treatment};
use crate::{Currency, Money, PersonalRef};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CreditNoteEvent {
    CreditNoteIssued(Box<IssuedCreditNote>),
    /// Lines beyond those of the event before it, in the same append.
    CreditNoteLinesAdded {
        lines: Vec<CreditNoteLine>,
    },
    /// Where its total went: off the invoice's balance, to the customer's balance, or back to the customer. The three
    /// add up to it.
    CreditNoteSettled {
        invoice: Money,
        balance: Money,
        refund: Money,
    },
    /// Named apart from the invoice's event of the same kind: names belong to one aggregate.
    CreditNoteDocumentStored {
        document: StoredDocument,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuedCreditNote {
    pub credit_note_id: Uuid,
    pub number: String,
    /// The book date.
    pub issued_on: NaiveDate,
    /// The billed party.
    pub customer_id: Uuid,
    /// The billed party's reseller when the invoice was issued.
    pub reseller_id: Option<Uuid>,
    pub seller_entity: String,
    /// What it corrects; absent where more was credited than charged in a period.
    pub invoice: Option<CorrectedInvoice>,
    pub period: Period,
    /// The billing run that made it; absent on corrections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Uuid>,
    /// Free text, which may name people.
    pub reason: Option<PersonalRef>,
    pub settle: Settle,
    pub currency: Currency,
    pub tax_point: NaiveDate,
    pub treatment: Treatment,
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
    pub seller: Party,
    pub buyer: Party,
    pub reference: String,
    /// The number of all lines, those of later events included.
    pub line_count: u32,
    pub lines: Vec<CreditNoteLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedInvoice {
    pub invoice_id: Uuid,
    pub number: String,
    pub issued_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditNoteLine {
    /// Counted from 1.
    pub line: u32,
    /// What is given back, above zero except where a credit is itself corrected.
    pub net: Money,
    /// The invoice's line as it is there; without invoice the line itself, with the signs of a credit note.
    pub of: InvoiceLine,
}

facts!(CreditNoteEvent in CreditNote {
    CreditNoteIssued "1.0", CreditNoteLinesAdded "1.0", CreditNoteSettled "1.0", CreditNoteDocumentStored "1.0"
});
