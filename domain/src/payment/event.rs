//! What can happen to a payment.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DeclineReason, Payable, PaymentMeans, PaymentOutcome, UnknownReason};
use crate::decider::facts;
use crate::{Money, PersonalRef};

/// Times are business time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PaymentEvent {
    /// It is going to be asked for; nothing was sent before this.
    PaymentStarted(Box<StartedPayment>),
    PaymentSucceeded {
        /// The book date.
        received_on: NaiveDate,
        at: DateTime<Utc>,
    },
    PaymentDeclined {
        reason: DeclineReason,
        at: DateTime<Utc>,
    },
    PaymentUnreachable {
        at: DateTime<Utc>,
    },
    PaymentExpired {
        at: DateTime<Utc>,
    },
    PaymentOutcomeUnknown {
        reason: UnknownReason,
    },
    /// Found out by asking the gateway, or by an operator, whose words are the evidence.
    PaymentOutcomeResolved {
        outcome: PaymentOutcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_on: Option<NaiveDate>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<PersonalRef>,
        at: DateTime<Utc>,
    },
    /// Money is going to be sent back; nothing was sent before this.
    RefundStarted {
        refund_id: Uuid,
        amount: Money,
        cause: RefundCause,
    },
    RefundSucceeded {
        refund_id: Uuid,
    },
    /// Nothing went back; in the same append it went to the customer's balance.
    RefundFailed {
        refund_id: Uuid,
    },
    RefundOutcomeUnknown {
        refund_id: Uuid,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartedPayment {
    pub payment_id: Uuid,
    /// Who pays.
    pub customer_id: Uuid,
    pub reseller_id: Option<Uuid>,
    pub seller_entity: String,
    pub payable: Payable,
    pub amount: Money,
    pub means: PaymentMeans,
    /// Nobody asked for it: the due day came, or a retry was due.
    pub automatic: bool,
    /// What money that came in outside was sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<PersonalRef>,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "because", content = "id", rename_all = "snake_case")]
pub enum RefundCause {
    /// A credit note gives it back.
    CreditNote(Uuid),
    /// It was more than there was to pay: it comes from the customer's balance.
    Balance,
}

facts!(PaymentEvent in Payment {
    PaymentStarted "1.0", PaymentSucceeded "1.0", PaymentDeclined "1.0", PaymentUnreachable "1.0",
    PaymentExpired "1.0", PaymentOutcomeUnknown "1.0", PaymentOutcomeResolved "1.0", RefundStarted "1.0",
    RefundSucceeded "1.0", RefundFailed "1.0", RefundOutcomeUnknown "1.0"
});
