//! Having money sent back, once, and learning what came of it.

use std::time::Duration;

use ccp_adapter::backoff::{self, poll_after};
use commands::effects::{self, Due, Performed};
use commands::payment::gateway::{Found, Refund, RefundFound, Refunding, RequestId};
use commands::payment::{RefundOutcome, requests};
use domain::payment::RefundStatus;
use uuid::Uuid;

use super::perform::{Cashier, Handled, Step, done, log_away};

/// Looks, over half a minute, at what a gateway took and does not show.
const LOOKS: u32 = 5;
/// Steps in which a pause of our own grows, to half a minute.
const PAUSES: u32 = 6;

/// What an operator reads where the customer has the money twice.
const GIVEN_TWICE: &str = "the gateway gave it back after it had failed: it is on the balance too";

/// Why the gateway's name of a payment was not found.
pub(super) enum Unnamed {
    /// The gateway never heard of it.
    Unheard,
    /// It answers, but nobody can read what.
    Unreadable,
    /// It could not be asked.
    Unanswered,
}

impl Cashier {
    /// What a gateway has taken is watched. What an earlier try may have sent is asked about before it is sent again.
    pub(super) async fn refund(&self, due: &Due, payment_id: Uuid, refund_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        let known = handled.payment.refund(refund_id).filter(|refund| refund.status == RefundStatus::Started);
        let Some(amount) = known.map(|refund| refund.amount) else { return Ok(done("the refund is over")) };
        let request = match self.find(&handled).await? {
            Ok(request) => request,
            // It holds nothing of ours: what is to go back, the customer has with us. Where it may have been sent, the
            // gateway knew the payment then: once is not enough to say so.
            Err(Unnamed::Unheard) => {
                let outcome = if due.sent { RefundOutcome::Unknown } else { RefundOutcome::Failed };
                return self.record_refund(due, (payment_id, refund_id), outcome).await;
            }
            Err(Unnamed::Unreadable) => return Ok(again(due, "nobody can read what the gateway says of the payment")),
            Err(Unnamed::Unanswered) => return Ok(away(due, None)),
        };
        let refund = Refund { refund_id, payment_id, request, amount };
        if due.sent { self.watch_refund(due, &handled, &refund).await } else { self.send(due, &handled, &refund).await }
    }

    async fn watch_refund(&self, due: &Due, handled: &Handled<'_>, refund: &Refund) -> Step {
        let (of, accepted) = ((refund.payment_id, refund.refund_id), due.reference.is_some());
        match handled.gateway.ask_refund(refund).await {
            RefundFound::Open => Ok(watch(due, refund)),
            RefundFound::Succeeded => self.record_refund(due, of, RefundOutcome::Succeeded).await,
            RefundFound::Failed => self.record_refund(due, of, RefundOutcome::Failed).await,
            RefundFound::Unanswered if accepted => Ok(watch(due, refund)),
            RefundFound::Nothing if accepted && due.asked < LOOKS => Ok(watch(due, refund)),
            // Whatever it took, it does not have it: that is found out as of what was lost.
            RefundFound::Nothing if accepted => self.record_refund(due, of, RefundOutcome::Unknown).await,
            RefundFound::Nothing => self.send(due, handled, refund).await,
            RefundFound::Unanswered | RefundFound::Unreadable => {
                self.record_refund(due, of, RefundOutcome::Unknown).await
            }
        }
    }

    /// That it goes out is committed before it does.
    async fn send(&self, due: &Due, handled: &Handled<'_>, refund: &Refund) -> Step {
        if !effects::mark_sent(self.bus.pool(), due).await.map_err(log_away)? {
            return Err(Performed::log_away());
        }
        let of = (refund.payment_id, refund.refund_id);
        match handled.gateway.refund(refund).await {
            Refunding::Accepted => Ok(watch(due, refund)),
            // It says nothing of an earlier one, which may have gone back and only not be shown yet.
            Refunding::Refused if due.sent => self.record_refund(due, of, RefundOutcome::Unknown).await,
            Refunding::Refused => self.record_refund(due, of, RefundOutcome::Failed).await,
            // It has just answered what came of it, and names no time: it is there, and does not let this in.
            Refunding::NotReached { retry_after: None } if due.sent => {
                Ok(again(due, "the gateway answers, but lets no refund in"))
            }
            Refunding::NotReached { retry_after } => Ok(away(due, retry_after)),
            Refunding::Unknown => self.record_refund(due, of, RefundOutcome::Unknown).await,
        }
    }

    /// Looks once at a refund that is over, because somebody hints at it: what went back after it had failed is for the
    /// operator, as it went to the balance then. Anything else is no news.
    pub(super) async fn look_after_all(&self, handled: &Handled<'_>, refund_id: Uuid) -> Result<(), Performed> {
        let failed = handled.payment.refund(refund_id).filter(|refund| refund.status == RefundStatus::Failed);
        let Some(amount) = failed.map(|refund| refund.amount) else { return Ok(()) };
        let Ok(request) = self.find(handled).await? else { return Ok(()) };
        let refund = Refund { refund_id, payment_id: handled.payment.id(), request, amount };
        match handled.gateway.ask_refund(&refund).await {
            RefundFound::Succeeded => Err(Performed::Dead { reason: GIVEN_TWICE.to_owned() }),
            RefundFound::Nothing
            | RefundFound::Open
            | RefundFound::Failed
            | RefundFound::Unreadable
            | RefundFound::Unanswered => Ok(()),
        }
    }

    /// The gateway's name of a payment, asked for where it is not known yet.
    pub(super) async fn find(&self, handled: &Handled<'_>) -> Result<Result<RequestId, Unnamed>, Performed> {
        let payment_id = handled.payment.id();
        if let Some(request) = self.request_of(payment_id).await? {
            return Ok(Ok(request));
        }
        match handled.gateway.ask(&handled.charge(), None).await {
            Found::Open(request) | Found::Ended(request, _) => {
                self.remember(payment_id, &request).await?;
                Ok(Ok(request))
            }
            Found::Nothing | Found::Unaskable => Ok(Err(Unnamed::Unheard)),
            Found::Unreadable => Ok(Err(Unnamed::Unreadable)),
            Found::Unanswered => Ok(Err(Unnamed::Unanswered)),
        }
    }

    pub(super) async fn request_of(&self, payment_id: Uuid) -> Result<Option<RequestId>, Performed> {
        requests::of(self.bus.pool(), payment_id).await.map_err(log_away)
    }
}

fn watch(due: &Due, refund: &Refund) -> Performed {
    Performed::Poll { after: poll_after(due.asked), reference: Some(refund.request.as_str().to_owned()) }
}

/// Nothing went back: it is sent again, later and later as long as nobody is there.
fn away(due: &Due, retry_after: Option<Duration>) -> Performed {
    let after = backoff::retry_after(due.asked.saturating_add(1).min(PAUSES), due.op_id, retry_after);
    Performed::Missed { after, why: "the gateway cannot be reached".to_owned() }
}

/// It was reached all the same: if it stays like that, it is for the operator.
fn again(due: &Due, why: &str) -> Performed {
    Performed::Again { after: backoff::ask_after(due.attempts), why: why.to_owned() }
}
