//! What a payment is, folded from its events.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PaymentEvent, PaymentOutcome, RefundCause, StartedPayment};
use crate::billing::{minus, sum};
use crate::{Money, PersonalRef, Refusal};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// There is none of this id.
    #[default]
    Unknown,
    Known(Box<Payment>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub started: StartedPayment,
    pub status: PaymentStatus,
    /// When it came to an end; an unknown outcome is none.
    pub settled_at: Option<DateTime<Utc>>,
    /// The book date of a success.
    pub received_on: Option<NaiveDate>,
    pub evidence: Option<PersonalRef>,
    pub refunds: Vec<Refund>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Started,
    Ended(PaymentOutcome),
}

impl PaymentStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ended(outcome) => outcome.name(),
        }
    }

    /// Why it did not succeed.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Started => None,
            Self::Ended(outcome) => outcome.reason(),
        }
    }

    /// Nobody may try again: it is on its way, or may have been charged.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Started | Self::Ended(PaymentOutcome::Unknown(_)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    pub id: Uuid,
    pub amount: Money,
    pub cause: RefundCause,
    pub status: RefundStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    Started,
    Succeeded,
    Failed,
    Unknown,
}

impl RefundStatus {
    /// Nobody knows yet what comes of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Started | Self::Unknown)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl PaymentState {
    pub fn known(&self) -> Option<&Payment> {
        match self {
            Self::Unknown => None,
            Self::Known(payment) => Some(payment),
        }
    }

    pub(super) fn evolve(&mut self, event: &PaymentEvent) {
        match (&mut *self, event) {
            (state, PaymentEvent::PaymentStarted(started)) => *state = Self::Known(Box::new(Payment::started(started))),
            (Self::Known(payment), event) => payment.evolve(event),
            // A stream begins with a start; without it there is nothing to fold into.
            (
                Self::Unknown,
                PaymentEvent::PaymentSucceeded { .. }
                | PaymentEvent::PaymentDeclined { .. }
                | PaymentEvent::PaymentUnreachable { .. }
                | PaymentEvent::PaymentExpired { .. }
                | PaymentEvent::PaymentOutcomeUnknown { .. }
                | PaymentEvent::PaymentOutcomeResolved { .. }
                | PaymentEvent::RefundStarted { .. }
                | PaymentEvent::RefundSucceeded { .. }
                | PaymentEvent::RefundFailed { .. }
                | PaymentEvent::RefundOutcomeUnknown { .. },
            ) => {}
        }
    }
}

impl Payment {
    fn started(started: &StartedPayment) -> Self {
        Self {
            started: started.clone(),
            status: PaymentStatus::Started,
            settled_at: None,
            received_on: None,
            evidence: None,
            refunds: Vec::new(),
        }
    }

    fn evolve(&mut self, event: &PaymentEvent) {
        match event {
            // It begins it anew, see above.
            PaymentEvent::PaymentStarted(_) => {}
            PaymentEvent::PaymentSucceeded { received_on, at } => {
                self.end(PaymentOutcome::Succeeded, Some(*at));
                self.received_on = Some(*received_on);
            }
            PaymentEvent::PaymentDeclined { reason, at } => self.end(PaymentOutcome::Declined(*reason), Some(*at)),
            PaymentEvent::PaymentUnreachable { at } => self.end(PaymentOutcome::Unreachable, Some(*at)),
            PaymentEvent::PaymentExpired { at } => self.end(PaymentOutcome::Expired, Some(*at)),
            PaymentEvent::PaymentOutcomeUnknown { reason } => self.end(PaymentOutcome::Unknown(*reason), None),
            PaymentEvent::PaymentOutcomeResolved { outcome, received_on, evidence, at } => {
                self.end(*outcome, Some(*at));
                self.received_on = *received_on;
                self.evidence = *evidence;
            }
            PaymentEvent::RefundStarted { refund_id, amount, cause } => {
                let status = RefundStatus::Started;
                self.refunds.push(Refund { id: *refund_id, amount: *amount, cause: *cause, status });
            }
            PaymentEvent::RefundSucceeded { refund_id } => self.note(*refund_id, RefundStatus::Succeeded),
            PaymentEvent::RefundFailed { refund_id } => self.note(*refund_id, RefundStatus::Failed),
            PaymentEvent::RefundOutcomeUnknown { refund_id } => self.note(*refund_id, RefundStatus::Unknown),
        }
    }

    fn end(&mut self, outcome: PaymentOutcome, at: Option<DateTime<Utc>>) {
        self.status = PaymentStatus::Ended(outcome);
        self.settled_at = at;
    }

    fn note(&mut self, id: Uuid, status: RefundStatus) {
        self.refunds.iter_mut().filter(|refund| refund.id == id).for_each(|refund| refund.status = status);
    }

    pub const fn id(&self) -> Uuid {
        self.started.payment_id
    }

    pub fn refund(&self, id: Uuid) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// What went back.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn refunded(&self) -> Result<Money, Refusal> {
        self.sum_of(|status| status == RefundStatus::Succeeded)
    }

    /// What may still go back: what came in, without what went back or is on its way.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn refundable(&self) -> Result<Money, Refusal> {
        match self.status {
            PaymentStatus::Ended(PaymentOutcome::Succeeded) => {
                minus(self.started.amount, self.sum_of(|status| status != RefundStatus::Failed)?)
            }
            PaymentStatus::Started | PaymentStatus::Ended(_) => Ok(Money::zero(self.started.amount.currency())),
        }
    }

    fn sum_of(&self, counts: impl Fn(RefundStatus) -> bool) -> Result<Money, Refusal> {
        let counted = self.refunds.iter().filter(|refund| counts(refund.status)).map(|refund| refund.amount);
        sum(self.started.amount.currency(), counted)
    }
}
