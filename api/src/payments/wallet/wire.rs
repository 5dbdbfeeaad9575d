//! The wallet's words, which stop here.

use commands::payment::gateway::{Charge, Found, Hint, News, Refund, RefundFound, RequestId};
use domain::Money;
use domain::payment::{DeclineReason, PaymentOutcome, UnknownReason};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub fn request(charge: &Charge, notification_url: Option<&str>) -> Vec<u8> {
    let mut body = json!({
        "amount": charge.amount.amount().to_string(),
        "currency": charge.amount.currency().code(),
        "reference": charge.reference,
    });
    if let Some(url) = notification_url {
        body["notification_url"] = url.into();
    }
    body.to_string().into_bytes()
}

pub fn refund(refund: &Refund) -> Vec<u8> {
    let (amount, currency) = (refund.amount.amount().to_string(), refund.amount.currency().code());
    json!({ "amount": amount, "currency": currency }).to_string().into_bytes()
}

/// The name under which it goes on; `None` when nobody can read it.
pub fn accepted(body: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Accepted {
        payment_request_id: String,
    }
    let accepted: Accepted = serde_json::from_slice(body).ok()?;
    RequestId::parse(&accepted.payment_request_id)
}

/// Why it will not charge; whatever it says, it has not.
pub fn refusal(body: &[u8]) -> DeclineReason {
    #[derive(Deserialize)]
    struct Refusal {
        reason: String,
    }
    serde_json::from_slice::<Refusal>(body).map_or(DeclineReason::Other, |refusal| reason(&refusal.reason))
}

pub fn reason(word: &str) -> DeclineReason {
    match word {
        "insufficient_balance" => DeclineReason::InsufficientBalance,
        "customer_not_found" => DeclineReason::CustomerNotFound,
        "currency_mismatch" => DeclineReason::CurrencyMismatch,
        _ => DeclineReason::Other,
    }
}

/// A payment as the wallet shows it.
#[derive(Deserialize)]
pub struct Shown {
    payment_request_id: Option<String>,
    /// Our key.
    operation_id: Option<String>,
    status: Status,
    amount: String,
    currency: String,
    reason: Option<String>,
    #[serde(default)]
    refunds: Vec<ShownRefund>,
}

#[derive(Deserialize)]
struct ShownRefund {
    operation_id: String,
    status: RefundStatus,
    amount: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    Succeeded,
    Failed,
    Expired,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// `None` when nobody can read it.
pub fn shown(body: &[u8]) -> Option<Shown> {
    serde_json::from_slice(body).ok()
}

impl Shown {
    /// What it says of a charge, which was asked about under that name, or by its reference.
    pub fn about(&self, charge: &Charge, asked: Option<&RequestId>) -> Found {
        let named = self.payment_request_id.as_deref().and_then(RequestId::parse);
        let Some(request) = named.or_else(|| asked.cloned()) else { return Found::Unreadable };
        if asked.is_some_and(|asked| *asked != request) {
            return Found::Unreadable;
        }
        match (self.operation_id.as_deref(), asked) {
            (Some(operation), _) if is(operation, charge.payment_id) => {}
            (None, Some(_)) => {}
            // The newest of that reference is another payment's: ours never came, or stands behind it, unseen.
            (Some(_), None) => return Found::Nothing,
            (Some(_), Some(_)) | (None, None) => return Found::Unreadable,
        }
        match self.status {
            Status::Pending => Found::Open(request),
            Status::Succeeded if is_amount(&self.amount, charge.amount) && self.is_in(charge.amount) => {
                Found::Ended(request, PaymentOutcome::Succeeded)
            }
            Status::Succeeded => Found::Ended(request, PaymentOutcome::Unknown(UnknownReason::Mismatch)),
            Status::Failed => {
                let reason = self.reason.as_deref().map_or(DeclineReason::Other, reason);
                Found::Ended(request, PaymentOutcome::Declined(reason))
            }
            Status::Expired => Found::Ended(request, PaymentOutcome::Expired),
        }
    }

    /// What it says of a refund.
    pub fn refund(&self, asked: &Refund) -> RefundFound {
        if self.payment_request_id.as_deref().is_some_and(|named| named != asked.request.as_str()) {
            return RefundFound::Unreadable;
        }
        let refund = self.refunds.iter().find(|refund| is(&refund.operation_id, asked.refund_id));
        let Some(refund) = refund else { return RefundFound::Nothing };
        match refund.status {
            RefundStatus::Pending => RefundFound::Open,
            RefundStatus::Succeeded if is_amount(&refund.amount, asked.amount) && self.is_in(asked.amount) => {
                RefundFound::Succeeded
            }
            RefundStatus::Succeeded => RefundFound::Unreadable,
            RefundStatus::Failed => RefundFound::Failed,
        }
    }

    fn is_in(&self, money: Money) -> bool {
        self.currency == money.currency().code()
    }
}

fn is(text: &str, id: Uuid) -> bool {
    Uuid::parse_str(text).is_ok_and(|parsed| parsed == id)
}

fn is_amount(text: &str, money: Money) -> bool {
    Decimal::from_str_exact(text).is_ok_and(|amount| amount == money.amount())
}

/// What a webhook of the wallet is about; `None` for types that are nothing of ours.
pub fn hint(kind: &str, body: &[u8]) -> Option<Hint> {
    #[derive(Deserialize)]
    struct Webhook {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        operation_id: Option<String>,
        reference: Option<String>,
        payment_request_id: Option<Value>,
    }
    let news = match kind {
        "payment.succeeded" => News::Paid,
        "payment.failed" | "payment.expired" => News::NotPaid,
        "refund.succeeded" | "refund.failed" => News::Refund,
        _ => return None,
    };
    let webhook: Webhook = serde_json::from_slice(body).ok()?;
    let id = |text: Option<String>| Uuid::parse_str(text?.as_str()).ok();
    // A name that nobody can read spoils no hint.
    let name = webhook.data.payment_request_id.as_ref().and_then(Value::as_str);
    Some(Hint {
        operation_id: id(webhook.data.operation_id),
        request: name.and_then(RequestId::parse),
        reference: id(webhook.data.reference),
        news,
    })
}
