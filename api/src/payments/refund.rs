//! Having money sent back, once, and learning what came of it.

use std::time::Duration;

use ccp_adapter::backoff::poll_after;
use commands::effects::{self, Due, Performed};
use commands::payment::gateway::{Found, Refund, RefundFound, Refunding, RequestId};
use commands::payment::{RefundOutcome, requests};
use domain::payment::RefundStatus;
use uuid::Uuid;

use super::perform::{Cashier, Handled, Step, done, log_away};

/// How long to wait at least for a gateway that is away.
const AWAY: Duration = Duration::from_secs(5);

/// Why the gateway's name of a payment was not found.
pub(super) enum Unnamed {
    /// The gateway never heard of it.
    Unheard,
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
            // It holds nothing of ours: what is to go back, the customer has with us.
            Err(Unnamed::Unheard) => {
                return self.record_refund(due, (payment_id, refund_id), RefundOutcome::Failed).await;
            }
            Err(Unnamed::Unanswered) => return Ok(away(None)),
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
            RefundFound::Nothing | RefundFound::Unanswered if accepted => Ok(watch(due, refund)),
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
            Refunding::Refused => self.record_refund(due, of, RefundOutcome::Failed).await,
            Refunding::NotReached { retry_after } => Ok(away(retry_after)),
            Refunding::Unknown => self.record_refund(due, of, RefundOutcome::Unknown).await,
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
            Found::Unreadable | Found::Unanswered => Ok(Err(Unnamed::Unanswered)),
        }
    }

    pub(super) async fn request_of(&self, payment_id: Uuid) -> Result<Option<RequestId>, Performed> {
        requests::of(self.bus.pool(), payment_id).await.map_err(log_away)
    }
}

fn watch(due: &Due, refund: &Refund) -> Performed {
    Performed::Poll { after: poll_after(due.asked), reference: Some(refund.request.as_str().to_owned()) }
}

/// Nothing went back: it is sent again.
fn away(retry_after: Option<Duration>) -> Performed {
    let after = retry_after.map_or(AWAY, |asked| asked.max(AWAY));
    Performed::Wait { after, why: "the gateway cannot be reached".to_owned() }
}
