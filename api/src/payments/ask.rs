//! Asking what came of what nobody knows, by the business clock: after a minute, five minutes, an hour, then daily.

use chrono::{DateTime, Utc};
use commands::effects::{Due, Performed};
use commands::payment::RefundOutcome;
use commands::payment::asks::{self, Ask};
use commands::payment::gateway::{Found, Refund, RefundFound, Refunding};
use domain::payment::{PaymentMeans, PaymentOutcome, PaymentStatus, RefundStatus};
use uuid::Uuid;

use super::perform::{Cashier, Handled, Step, done, log_away};
use super::refund::Unnamed;

/// What an operator reads where only an operator can find it out.
const FOR_THE_OPERATOR: &str = "this gateway cannot be asked: an operator finds out and resolves the payment";

/// What an operator reads where money came in that nobody asked for.
const MISMATCH: &str = "the gateway charged another amount or currency for a payment that is over";

impl Cashier {
    /// Also about a payment that ended without success: where money came in after all, that is news.
    pub(super) async fn ask(&self, due: &Due, payment_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        let status = handled.payment.status;
        if matches!(status, PaymentStatus::Started | PaymentStatus::Ended(PaymentOutcome::Succeeded)) {
            return self.ended(due, format!("the payment is {}", status.name())).await;
        }
        match handled.payment.started.means {
            PaymentMeans::Wallet => {}
            PaymentMeans::Token | PaymentMeans::Outside => return self.ended(due, FOR_THE_OPERATOR).await,
        }
        let now = self.bus.now();
        let ask = self.upcoming(due, now).await?;
        let request = self.request_of(payment_id).await?;
        let (outcome, missed) = match handled.gateway.ask(&handled.charge(), request.as_ref()).await {
            Found::Ended(request, outcome) => {
                self.remember(payment_id, &request).await?;
                (Some(outcome), false)
            }
            Found::Open(request) => {
                self.remember(payment_id, &request).await?;
                (None, false)
            }
            // It had a name for it: that it shows nothing by now proves nothing.
            Found::Nothing if request.is_some() => (None, false),
            // Once may be too early: what was sent may still have been on its way.
            Found::Nothing if ask.missed => (Some(PaymentOutcome::Unreachable), true),
            Found::Nothing => (None, true),
            Found::Unaskable => return self.ended(due, FOR_THE_OPERATOR).await,
            Found::Unreadable | Found::Unanswered => (None, ask.missed),
        };
        match outcome {
            // What is over cannot become unknown again.
            Some(PaymentOutcome::Unknown(_)) if !status.is_open() => {
                Err(Performed::Dead { reason: MISMATCH.to_owned() })
            }
            Some(PaymentOutcome::Unknown(_)) | None => self.put_off(due, now, (ask, missed)).await,
            Some(outcome) => {
                let recorded = self.record(due, payment_id, outcome).await?;
                asks::end(self.bus.pool(), due.op_id).await.map_err(log_away)?;
                Ok(recorded)
            }
        }
    }

    /// A refund that the gateway never heard of is sent again: under its key it cannot go back twice.
    pub(super) async fn ask_refund(&self, due: &Due, payment_id: Uuid, refund_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        let known = handled.payment.refund(refund_id).filter(|refund| refund.status == RefundStatus::Unknown);
        let Some(amount) = known.map(|refund| refund.amount) else {
            // Of what an operator gave up, the operator knows.
            if !due.gives_up {
                self.look_after_all(&handled, refund_id).await?;
            }
            return self.ended(due, "the refund is over").await;
        };
        let now = self.bus.now();
        let ask = self.upcoming(due, now).await?;
        let (outcome, missed) = match self.find(&handled).await? {
            Ok(request) => {
                let refund = Refund { refund_id, payment_id, request, amount };
                self.came_of(&handled, &refund, ask.missed).await
            }
            // It holds nothing of ours, the second time too: nothing went back.
            Err(Unnamed::Unheard) if ask.missed => (Some(RefundOutcome::Failed), true),
            Err(Unnamed::Unheard) => (None, true),
            Err(Unnamed::Unreadable | Unnamed::Unanswered) => (None, ask.missed),
        };
        let Some(outcome) = outcome else { return self.put_off(due, now, (ask, missed)).await };
        let recorded = self.record_refund(due, (payment_id, refund_id), outcome).await?;
        asks::end(self.bus.pool(), due.op_id).await.map_err(log_away)?;
        Ok(recorded)
    }

    /// What came of it, and whether the gateway had never heard of it.
    async fn came_of(&self, handled: &Handled<'_>, refund: &Refund, missed: bool) -> (Option<RefundOutcome>, bool) {
        match handled.gateway.ask_refund(refund).await {
            RefundFound::Succeeded => (Some(RefundOutcome::Succeeded), false),
            RefundFound::Failed => (Some(RefundOutcome::Failed), false),
            RefundFound::Nothing if missed => (self.refund_again(handled, refund).await, true),
            RefundFound::Nothing => (None, true),
            RefundFound::Open | RefundFound::Unreadable | RefundFound::Unanswered => (None, missed),
        }
    }

    async fn refund_again(&self, handled: &Handled<'_>, refund: &Refund) -> Option<RefundOutcome> {
        match handled.gateway.refund(refund).await {
            Refunding::Refused => Some(RefundOutcome::Failed),
            Refunding::Accepted | Refunding::NotReached { .. } | Refunding::Unknown => None,
        }
    }

    /// The question that is due now; the error side waits until one is.
    async fn upcoming(&self, due: &Due, now: DateTime<Utc>) -> Result<Ask, Performed> {
        let ask = asks::begin(self.bus.pool(), due.op_id, now).await.map_err(log_away)?;
        if ask.at > now { Err(wait(ask, now)) } else { Ok(ask) }
    }

    async fn put_off(&self, due: &Due, now: DateTime<Utc>, asked: (Ask, bool)) -> Step {
        let next = asks::put_off(self.bus.pool(), due.op_id, now, asked).await.map_err(log_away)?;
        Ok(wait(next, now))
    }

    /// There is nothing more to ask.
    async fn ended(&self, due: &Due, outcome: impl Into<String>) -> Step {
        asks::end(self.bus.pool(), due.op_id).await.map_err(log_away)?;
        Ok(done(outcome))
    }
}

fn wait(ask: Ask, now: DateTime<Utc>) -> Performed {
    let after = ask.at.signed_duration_since(now).to_std().unwrap_or_default();
    Performed::Wait { after, why: format!("the gateway is asked again at {}, business time", ask.at.to_rfc3339()) }
}
