//! The port to payment gateways: what is asked of them and what may come of it, in our words.
//!
//! No answer is a bare error: whoever reads it knows what may have happened.

use std::time::Duration;

use domain::Money;
use domain::payment::PaymentOutcome;
use futures::future::BoxFuture;
use uuid::Uuid;

/// Somebody who moves money for us.
pub trait PaymentGateway: Send + Sync + 'static {
    /// Asks it to charge, once.
    fn charge<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Charged>;

    /// Asks what came of a charge: under the gateway's own name where that is known, else by its reference, where only
    /// what bears the payment's id counts. Nothing is charged by asking.
    fn ask<'a>(&'a self, charge: &'a Charge, request: Option<&'a RequestId>) -> BoxFuture<'a, Found>;

    /// Asks it to send money back, once.
    fn refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, Refunding>;

    /// Asks what came of a refund. Nothing is sent by asking.
    fn ask_refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, RefundFound>;

    /// What a webhook of its own hints at; `None` when that is nothing of ours.
    fn hint(&self, kind: &str, body: &[u8]) -> Option<Hint>;
}

/// What is to be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// The operation: where a gateway keeps keys, the same one never charges twice.
    pub payment_id: Uuid,
    /// What it is for: the invoice or the order.
    pub reference: Uuid,
    /// The small number by which older gateways know who pays, at least 1.
    pub payer: Option<i64>,
    pub amount: Money,
}

/// What is to be sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The operation.
    pub refund_id: Uuid,
    pub payment_id: Uuid,
    /// Of the payment it goes back from.
    pub request: RequestId,
    pub amount: Money,
}

/// The gateway's own name for a payment: up to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    const LONGEST: usize = 200;

    /// `None` when it is empty, too long, or holds anything that is not visible ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        sound.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What came of asking for a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Charged {
    /// It is on its way; the gateway tells later what came of it.
    Accepted(RequestId),
    Ended(PaymentOutcome),
}

/// What a gateway knows of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Found {
    /// It never heard of it.
    Nothing,
    Open(RequestId),
    /// With another amount or currency than asked for, a success is an unknown outcome.
    Ended(RequestId, PaymentOutcome),
    /// It answers, but nobody can read what.
    Unreadable,
    /// It does not answer.
    Unanswered,
    /// It answers no questions, ever.
    Unaskable,
}

/// What came of asking for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Refunding {
    /// It is on its way; the gateway tells later what came of it.
    Accepted,
    /// A definite no: nothing went back, and asking again changes nothing.
    Refused,
    /// Nothing went back: it may be sent again, not before the time the gateway asked for.
    NotReached { retry_after: Option<Duration> },
    /// It may have gone back: ask before anything else.
    Unknown,
}

/// What a gateway knows of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RefundFound {
    /// It never heard of it.
    Nothing,
    Open,
    Succeeded,
    Failed,
    /// It answers, but nobody can read what, or with another amount.
    Unreadable,
    /// It does not answer.
    Unanswered,
}

/// What a webhook is about. It says where to look, never what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The payment, or the refund, as far as it tells.
    pub operation_id: Option<Uuid>,
    /// The gateway's own name of the payment, as far as anybody can read it.
    pub request: Option<RequestId>,
    /// What the payment is for.
    pub reference: Option<Uuid>,
    pub news: News,
}

/// What a webhook claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Paid,
    NotPaid,
    Refund,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_name_is_short_and_plain() {
        let longest = "x".repeat(200);
        for good in ["pr_1", "a/b?c#d", "..", longest.as_str()] {
            assert_eq!(RequestId::parse(good).as_ref().map(RequestId::as_str), Some(good));
        }
        let too_long = "x".repeat(201);
        for bad in ["", " ", "a b", "a\r\nb", "é", "\u{7f}", too_long.as_str()] {
            assert_eq!(RequestId::parse(bad), None, "{bad:?}");
        }
    }
}
