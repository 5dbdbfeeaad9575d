//! Payments: one attempt to move money for one invoice or prepaid order, what came of it, and what went back.

mod command;
mod decide;
mod event;
mod state;

pub use command::{PaymentCommand, ResolvedBy, StartPayment};
pub use event::{PaymentEvent, RefundCause, StartedPayment};
pub use state::{Payment, PaymentState, PaymentStatus, Refund, RefundStatus};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::customer::Gateway;
use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a payment.
#[derive(Debug, Clone, Copy)]
pub struct PaymentRules;

impl Decider for PaymentRules {
    const TYPE: AggregateType = AggregateType::Payment;
    type State = PaymentState;
    type Command = PaymentCommand;
    type Event = PaymentEvent;

    fn decide(state: &PaymentState, asked: &Asked<'_, PaymentCommand>) -> Result<Decided<PaymentEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut PaymentState, event: &PaymentEvent) {
        state.evolve(event);
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
pub enum Payable {
    Invoice(Uuid),
    /// A prepaid order, before it has an invoice.
    Order(Uuid),
}

impl Payable {
    pub const fn id(self) -> Uuid {
        match self {
            Self::Invoice(id) | Self::Order(id) => id,
        }
    }
}

/// How the money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMeans {
    Wallet,
    Token,
    /// It was received outside and noted by an operator.
    Outside,
}

impl PaymentMeans {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Token => "token",
            Self::Outside => "outside",
        }
    }

    /// Whether money can go back this way.
    pub const fn refunds(self) -> bool {
        match self {
            Self::Wallet => true,
            Self::Token | Self::Outside => false,
        }
    }
}

impl From<Gateway> for PaymentMeans {
    fn from(gateway: Gateway) -> Self {
        match gateway {
            Gateway::Wallet => Self::Wallet,
            Gateway::Token => Self::Token,
        }
    }
}

/// Why nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    InsufficientBalance,
    CustomerNotFound,
    CurrencyMismatch,
    Other,
}

impl DeclineReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsufficientBalance => "insufficient_balance",
            Self::CustomerNotFound => "customer_not_found",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::Other => "other",
        }
    }
}

/// Why nobody knows whether something was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReason {
    /// It was sent, and no usable answer came.
    NoAnswer,
    /// The gateway names another amount or currency than was asked for.
    Mismatch,
}

impl UnknownReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::Mismatch => "mismatch",
        }
    }
}

/// What came of a charge. There is no bare error: whoever reads it knows what may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum PaymentOutcome {
    Succeeded,
    Declined(DeclineReason),
    /// Nothing was charged: safe to try again.
    Unreachable,
    /// Nobody confirmed it in time; nothing was charged.
    Expired,
    /// It may have been charged: to be asked about before anything else.
    Unknown(UnknownReason),
}

impl PaymentOutcome {
    /// The status it leads to.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined(_) => "declined",
            Self::Unreachable => "unreachable",
            Self::Expired => "expired",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Why, in the words of the API; `None` for a success.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Succeeded => None,
            Self::Declined(reason) => Some(reason.name()),
            Self::Unreachable => Some("unreachable"),
            Self::Expired => Some("expired"),
            Self::Unknown(reason) => Some(reason.name()),
        }
    }
}
