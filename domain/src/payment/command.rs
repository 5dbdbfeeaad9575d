//! What can be asked of a payment.

use std::fmt;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{PaymentOutcome, RefundCause, StartedPayment};
use crate::Money;

#[derive(Debug, Clone)]
pub enum PaymentCommand {
    Start(Box<StartPayment>),
    /// What the gateway says came of it; `received_on` is the book date of a success.
    Record {
        outcome: PaymentOutcome,
        received_on: NaiveDate,
    },
    /// An operator has found out what nobody knew.
    Resolve {
        charged: bool,
        received_on: NaiveDate,
        by: ResolvedBy,
    },
    StartRefund {
        refund_id: Uuid,
        amount: Money,
        cause: RefundCause,
    },
    NoteRefundSucceeded {
        refund_id: Uuid,
    },
    NoteRefundFailed {
        refund_id: Uuid,
    },
    NoteRefundUnknown {
        refund_id: Uuid,
    },
}

/// `started.reference` is decided; the words behind it are given beside it.
#[derive(Clone)]
pub struct StartPayment {
    pub started: StartedPayment,
    /// What it was sent with, in free words.
    pub reference: Option<String>,
}

/// The operator's evidence, in free words. It may name people, so it is never part of an event.
#[derive(Clone)]
pub struct ResolvedBy {
    pub evidence: String,
}

impl fmt::Debug for StartPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartPayment").field("started", &self.started).finish_non_exhaustive()
    }
}

impl fmt::Debug for ResolvedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedBy").finish_non_exhaustive()
    }
}
