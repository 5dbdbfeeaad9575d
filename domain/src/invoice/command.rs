//! What can be asked of an invoice.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{AppliedCredit, BookedPayment, DunningStep, InvoiceContents, IssuedInvoice};
use crate::Money;
use crate::document::StoredDocument;
use crate::payment::PaymentOutcome;

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
    /// A gateway is going to be asked for all that is left to pay.
    Attempt {
        payment_id: Uuid,
    },
    NoteUnclear {
        payment_id: Uuid,
    },
    /// What an attempt came to, other than unknown; retried by itself where `automatic`.
    EndAttempt {
        payment_id: Uuid,
        outcome: PaymentOutcome,
        automatic: bool,
    },
    /// Without a time it is not collected by itself.
    PlanCollection {
        at: Option<DateTime<Utc>>,
    },
    /// It is that day at the seller entity.
    TakeDunningStep {
        step: DunningStep,
        today: NaiveDate,
    },
    StoreDocument(StoredDocument),
    Void,
    WriteOff,
}
