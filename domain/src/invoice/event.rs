//! What can happen to an invoice.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DunningStep, InvoiceKind};
use crate::billing::{InvoiceLine, Period, Totals};
use crate::decider::facts;
use crate::document::{Party, StoredDocument};
use crate::payment::PaymentOutcome;
use crate::tax::{TaxAmount, Treatment};
use crate::{Currency, Money};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InvoiceEvent {
    /// It waits for an operator; it has no number yet.
    InvoiceDrafted(Box<InvoiceContents>),
    InvoiceDiscarded {},
    /// Complete, also when it was a draft: documents are rendered from this event and the lines added to it.
    InvoiceIssued(Box<IssuedInvoice>),
    /// Lines beyond those of the event before it, in the same append.
    InvoiceLinesAdded {
        lines: Vec<InvoiceLine>,
    },
    /// The day it was due on is over, and something is left to pay.
    InvoiceOverdue {
        due_on: NaiveDate,
    },
    /// The customer's balance paid this much of it.
    BalanceApplied {
        amount: Money,
    },
    /// A credit note corrects it, and took this much off what is left to pay; the rest of the note is settled elsewhere.
    CreditApplied(Box<AppliedCredit>),
    /// Lines of a credit note beyond those of the event before it, in the same append.
    CreditedLinesAdded {
        credit_note_id: Uuid,
        lines: Vec<CreditedLine>,
    },
    PaymentBooked(Box<BookedPayment>),
    /// Nothing is left to pay.
    InvoicePaid {},
    /// A gateway is asked for what is left to pay; one attempt is open at a time.
    PaymentAttempted {
        payment_id: Uuid,
    },
    /// Nobody knows what came of it: it stays open until that is found out.
    PaymentAttemptUnclear {
        payment_id: Uuid,
    },
    PaymentAttemptEnded {
        payment_id: Uuid,
        /// Never an unknown one.
        outcome: PaymentOutcome,
        /// Business time, as the other.
        at: DateTime<Utc>,
        /// When it is tried again by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_attempt_at: Option<DateTime<Utc>>,
    },
    /// When it is collected by itself changes; without a time it is not.
    CollectionPlanned {
        at: Option<DateTime<Utc>>,
    },
    /// The customer is reminded, or suspended, because it is overdue for so long.
    DunningStepTaken {
        step: DunningStep,
    },
    DocumentStored {
        document: StoredDocument,
    },
    InvoiceVoided {},
    InvoiceUncollectible {},
}

/// What an invoice is about; all amounts are in its currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceContents {
    pub invoice_id: Uuid,
    pub kind: InvoiceKind,
    /// The billed party.
    pub customer_id: Uuid,
    /// The billed party's reseller at that time, which earns the commission.
    pub reseller_id: Option<Uuid>,
    pub seller_entity: String,
    pub period: Period,
    /// How many before it, of the same party, currency and period, were voided or discarded.
    pub n: u32,
    /// The billing run that made it; absent on invoices of orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Uuid>,
    /// The order it is for, on invoices of orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    pub currency: Currency,
    /// The tax point: the last day of the period, or the day of payment of an order.
    pub tax_point: NaiveDate,
    pub treatment: Treatment,
    pub totals: Totals,
    /// The number of all lines, those of later events included.
    pub line_count: u32,
    pub lines: Vec<InvoiceLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuedInvoice {
    pub number: String,
    /// The book date.
    pub issued_on: NaiveDate,
    pub due_on: NaiveDate,
    pub seller: Party,
    pub buyer: Party,
    /// What the buyer wants to find on it, or, without, its purchase order, or our order's id.
    pub reference: String,
    pub contents: InvoiceContents,
    /// Business time of the first attempt to collect it, where that is done by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect_at: Option<DateTime<Utc>>,
}

/// What a credit note does to the invoice it corrects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedCredit {
    pub credit_note_id: Uuid,
    pub lines: Vec<CreditedLine>,
    pub taxes: Vec<TaxAmount>,
    /// Of the credit note, tax included.
    pub total: Money,
    /// How much of that was still to be paid, and is not any more.
    pub applied: Money,
}

/// How much of a line is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditedLine {
    /// The invoice's number of it.
    pub line: u32,
    /// Below zero only where the line itself is.
    pub net: Money,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookedPayment {
    pub payment_id: Uuid,
    pub amount: Money,
    /// How much of it paid this invoice; more goes to the customer's balance, from where it may be refunded.
    pub applied: Money,
    pub received_on: NaiveDate,
}

facts!(InvoiceEvent in Invoice {
    InvoiceDrafted "1.0", InvoiceDiscarded "1.0", InvoiceIssued "1.0", InvoiceLinesAdded "1.0", InvoiceOverdue "1.0",
    BalanceApplied "1.0", CreditApplied "1.0", CreditedLinesAdded "1.0", PaymentBooked "1.0", InvoicePaid "1.0",
    PaymentAttempted "1.0", PaymentAttemptUnclear "1.0", PaymentAttemptEnded "1.0", CollectionPlanned "1.0",
    DunningStepTaken "1.0", DocumentStored "1.0", InvoiceVoided "1.0", InvoiceUncollectible "1.0"
});
