//! The wallet: it takes a request under our key, tells later what came of it, and can be asked.

mod wire;

use commands::payment::gateway::{
    Charge, Charged, Found, Hint, PaymentGateway, Refund, RefundFound, Refunding, RequestId,
};
use domain::payment::{PaymentOutcome, UnknownReason};
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;

use super::transport::{Call, GatewayError, Line, Missed, Patience, Reply};

/// Nobody knows.
const UNCLEAR: Charged = Charged::Ended(PaymentOutcome::Unknown(UnknownReason::NoAnswer));
/// Nothing was charged.
const UNREACHABLE: Charged = Charged::Ended(PaymentOutcome::Unreachable);

/// Where the wallet is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct WalletConfig {
    /// `http` or `https`; the calls' paths are added to its own.
    pub url: String,
    pub key: SecretString,
    /// Where it is told to deliver its webhooks; not told when absent.
    pub notification_url: Option<String>,
    pub patience: Patience,
}

/// The client of the wallet.
#[derive(Clone)]
pub struct Wallet {
    line: Line,
    notification_url: Option<String>,
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wallet").finish_non_exhaustive()
    }
}

impl Wallet {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`GatewayError`] when the configuration cannot be used.
    pub fn new(config: WalletConfig) -> Result<Self, GatewayError> {
        let key = (AUTHORIZATION, "Bearer ", &config.key);
        let line = Line::new("wallet", &config.url, key, config.patience)?;
        Ok(Self { line, notification_url: config.notification_url })
    }

    async fn send_charge(&self, charge: &Charge) -> Charged {
        let body = wire::request(charge, self.notification_url.as_deref());
        let call = Call::write("charge", &["v1", "payment-requests"], body).under(charge.payment_id);
        match self.line.call(call).await {
            Ok(reply) => charged(&reply),
            Err(Missed::NotSent) => UNREACHABLE,
            Err(Missed::Lost) => UNCLEAR,
        }
    }

    async fn look(&self, charge: &Charge, request: Option<&RequestId>) -> Found {
        let reply = match request {
            Some(request) => self.read(request).await,
            None => {
                let call = Call::read("find", &["v1", "payment-requests"]);
                self.line.call(call.with("reference", charge.reference.to_string())).await
            }
        };
        match shown(reply) {
            Ok(Some(shown)) => shown.about(charge, request),
            Ok(None) => Found::Nothing,
            Err(Silence::Unreadable) => Found::Unreadable,
            Err(Silence::Unanswered) => Found::Unanswered,
        }
    }

    async fn read(&self, request: &RequestId) -> Result<Reply, Missed> {
        self.line.call(Call::read("read", &["v1", "payment-requests", request.as_str()])).await
    }

    async fn send_refund(&self, refund: &Refund) -> Refunding {
        let path = ["v1", "payment-requests", refund.request.as_str(), "refunds"];
        let call = Call::write("refund", &path, wire::refund(refund)).under(refund.refund_id);
        match self.line.call(call).await {
            Ok(reply) => refunding(&reply),
            Err(Missed::NotSent) => Refunding::NotReached { retry_after: None },
            Err(Missed::Lost) => Refunding::Unknown,
        }
    }

    async fn look_at_refund(&self, refund: &Refund) -> RefundFound {
        match shown(self.read(&refund.request).await) {
            Ok(Some(shown)) => shown.refund(refund),
            // It showed the payment before: where it is not, nothing can be told.
            Ok(None) | Err(Silence::Unreadable) => RefundFound::Unreadable,
            Err(Silence::Unanswered) => RefundFound::Unanswered,
        }
    }
}

impl PaymentGateway for Wallet {
    fn charge<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Charged> {
        self.send_charge(charge).boxed()
    }

    fn ask<'a>(&'a self, charge: &'a Charge, request: Option<&'a RequestId>) -> BoxFuture<'a, Found> {
        self.look(charge, request).boxed()
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, Refunding> {
        self.send_refund(refund).boxed()
    }

    fn ask_refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, RefundFound> {
        self.look_at_refund(refund).boxed()
    }

    fn hint(&self, kind: &str, body: &[u8]) -> Option<Hint> {
        wire::hint(kind, body)
    }
}

fn charged(reply: &Reply) -> Charged {
    match reply.status {
        200..=299 => wire::accepted(&reply.body).map_or(UNCLEAR, Charged::Accepted),
        // They say something about us or our way there, nothing about the payer: it was not even looked at.
        401 | 403 | 404 | 405 | 407 | 429 => UNREACHABLE,
        // It gave up on a request that had arrived in part, or has another one under this key.
        408 | 409 => UNCLEAR,
        400..=499 => Charged::Ended(PaymentOutcome::Declined(wire::refusal(&reply.body))),
        // Also 503 with the time at which to come back: whoever answers for the wallet need not know what it has done.
        _ => UNCLEAR,
    }
}

fn refunding(reply: &Reply) -> Refunding {
    let retry_after = reply.retry_after;
    match reply.status {
        200..=299 => Refunding::Accepted,
        401 | 403 | 405 | 407 | 429 => Refunding::NotReached { retry_after },
        // It is sent again under the same key, so that it goes back once whatever this one did.
        503 if retry_after.is_some() => Refunding::NotReached { retry_after },
        408 | 409 => Refunding::Unknown,
        400..=499 => Refunding::Refused,
        _ => Refunding::Unknown,
    }
}

/// Why a question was not answered.
enum Silence {
    Unreadable,
    Unanswered,
}

/// `None` when the wallet knows no such payment.
fn shown(reply: Result<Reply, Missed>) -> Result<Option<wire::Shown>, Silence> {
    let reply = reply.map_err(|_| Silence::Unanswered)?;
    match reply.status {
        200 => wire::shown(&reply.body).map(Some).ok_or(Silence::Unreadable),
        404 => Ok(None),
        401 | 403 | 407 | 408 | 429 | 500..=599 => Err(Silence::Unanswered),
        _ => Err(Silence::Unreadable),
    }
}
