//! The token gateway: older, and synchronous. It keeps no keys, answers no questions and sends nothing back, so an answer
//! that was lost is for an operator.

use commands::payment::gateway::{
    Charge, Charged, Found, Hint, PaymentGateway, Refund, RefundFound, Refunding, RequestId,
};
use domain::payment::{DeclineReason, PaymentOutcome, UnknownReason};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use reqwest::header::HeaderName;
use secrecy::SecretString;
use serde::Deserialize;

use super::transport::{Call, GatewayError, Line, Missed, Patience, Reply};

/// The client of the token gateway.
#[derive(Clone)]
pub struct Token {
    line: Line,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Token {
    /// Connects to nothing yet. Everything is sent to `url` itself.
    ///
    /// # Errors
    /// [`GatewayError`] when the configuration cannot be used.
    pub fn new(url: &str, token: &SecretString, patience: Patience) -> Result<Self, GatewayError> {
        let key = (HeaderName::from_static("x-token"), "", token);
        Ok(Self { line: Line::new("token", url, key, patience)? })
    }

    async fn send(&self, charge: &Charge) -> PaymentOutcome {
        let Some(payer) = charge.payer else { return PaymentOutcome::Unreachable };
        match self.line.call(Call::write("charge", &[], body(payer, charge))).await {
            Ok(reply) => outcome(&reply),
            Err(Missed::NotSent) => PaymentOutcome::Unreachable,
            Err(Missed::Lost) => PaymentOutcome::Unknown(UnknownReason::NoAnswer),
        }
    }
}

impl PaymentGateway for Token {
    fn charge<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Charged> {
        self.send(charge).map(Charged::Ended).boxed()
    }

    fn ask<'a>(&'a self, _: &'a Charge, _: Option<&'a RequestId>) -> BoxFuture<'a, Found> {
        ready(Found::Unaskable).boxed()
    }

    fn refund<'a>(&'a self, _: &'a Refund) -> BoxFuture<'a, Refunding> {
        ready(Refunding::Refused).boxed()
    }

    fn ask_refund<'a>(&'a self, _: &'a Refund) -> BoxFuture<'a, RefundFound> {
        ready(RefundFound::Unanswered).boxed()
    }

    fn hint(&self, _: &str, _: &[u8]) -> Option<Hint> {
        None
    }
}

/// The amount is a JSON number with all its digits, which no number type of ours would keep. Nothing here needs escaping.
fn body(payer: i64, charge: &Charge) -> Vec<u8> {
    let (currency, value) = (charge.amount.currency().code(), charge.amount.amount());
    format!(r#"{{"customer_id":{payer},"currency":"{currency}","value":{value}}}"#).into_bytes()
}

#[derive(Deserialize)]
struct Answer {
    result: Verdict,
    error: Option<String>,
}

/// Words, not truth values.
#[derive(Deserialize)]
enum Verdict {
    #[serde(rename = "true")]
    Charged,
    #[serde(rename = "false")]
    Refused,
}

fn outcome(reply: &Reply) -> PaymentOutcome {
    let answer: Option<Answer> = serde_json::from_slice(&reply.body).ok();
    match (reply.status, answer) {
        (200, Some(Answer { result: Verdict::Charged, .. })) => PaymentOutcome::Succeeded,
        (200, Some(Answer { result: Verdict::Refused, .. })) => {
            PaymentOutcome::Declined(DeclineReason::InsufficientBalance)
        }
        // It contradicts itself.
        (400, Some(Answer { result: Verdict::Charged, .. })) => PaymentOutcome::Unknown(UnknownReason::NoAnswer),
        (400, Some(Answer { result: Verdict::Refused, error })) => {
            PaymentOutcome::Declined(error.as_deref().map_or(DeclineReason::Other, reason))
        }
        // They say something about us or our way there, nothing about the payer: it was not even looked at.
        (401 | 403 | 404 | 405 | 407 | 429, _) => PaymentOutcome::Unreachable,
        (408, _) => PaymentOutcome::Unknown(UnknownReason::NoAnswer),
        (400..=499, _) => PaymentOutcome::Declined(DeclineReason::Other),
        // Also 503 with the time at which to come back: whoever answers for it need not know what it has done.
        (_, _) => PaymentOutcome::Unknown(UnknownReason::NoAnswer),
    }
}

fn reason(word: &str) -> DeclineReason {
    match word {
        "customer_not_found" => DeclineReason::CustomerNotFound,
        "currency_mismatch" => DeclineReason::CurrencyMismatch,
        "insufficient_balance" => DeclineReason::InsufficientBalance,
        _ => DeclineReason::Other,
    }
}
