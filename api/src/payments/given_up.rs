//! What an operator has given up at a gateway: whoever waits for it is told, so that nothing stands still for ever.
//!
//! Giving up says nothing about money. What never went out has moved none; what may have gone out is unknown, so that
//! it is asked about, or resolved by an operator, before anything is tried again.

use commands::dead_letter;
use commands::effects::{Due, Performed};
use commands::payment::RefundOutcome;
use domain::payment::{PaymentOutcome, PaymentStatus, RefundStatus, UnknownReason};
use domain::process::Effect;
use uuid::Uuid;

use super::perform::{Cashier, Step, done, log_away};

impl Cashier {
    /// Ends what waits for the effect, which is done no more.
    pub(super) async fn end_given_up(&self, due: &Due) -> Step {
        match &due.effect {
            Effect::ChargePayment { payment_id } => self.give_up_charge(due, *payment_id).await,
            Effect::RefundPayment { payment_id, refund_id } => self.give_up_refund(due, *payment_id, *refund_id).await,
            // No operator can say what came of a refund, so only the gateway's word ends it: it is asked anew.
            Effect::AskRefund { payment_id, refund_id } => self.ask_refund(due, *payment_id, *refund_id).await,
            // Nobody waits for these, or others end what does: they never come here.
            Effect::OpenAccount { .. }
            | Effect::SubmitOrder { .. }
            | Effect::WatchOrder { .. }
            | Effect::CancelOrder { .. }
            | Effect::SyncCatalogue {}
            | Effect::ChangeSubscription { .. }
            | Effect::SendRenewal { .. }
            | Effect::LookAtSubscription { .. }
            | Effect::Reconcile { .. }
            | Effect::SettleDrift { .. }
            | Effect::StartBilling { .. }
            | Effect::RunBilling { .. }
            | Effect::StoreDocuments { .. }
            | Effect::AskPayment { .. }
            | Effect::CreditOrder { .. }
            | Effect::SettleDunning { .. }
            | Effect::SendMail { .. } => Ok(done("nobody waits for it")),
        }
    }

    /// The gateway is not asked here: that its answer could not be written down may be the very reason why it was given
    /// up. It is asked as about any payment of which nobody knows.
    async fn give_up_charge(&self, due: &Due, payment_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        if handled.payment.status != PaymentStatus::Started {
            return Ok(done(format!("the payment is {}", handled.payment.status.name())));
        }
        let outcome = if self.may_have_gone_out(due).await? || self.request_of(payment_id).await?.is_some() {
            PaymentOutcome::Unknown(UnknownReason::NoAnswer)
        } else {
            PaymentOutcome::Unreachable
        };
        self.record(due, payment_id, outcome).await
    }

    async fn give_up_refund(&self, due: &Due, payment_id: Uuid, refund_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        if handled.payment.refund(refund_id).is_none_or(|refund| refund.status != RefundStatus::Started) {
            return Ok(done("the refund is over"));
        }
        // What stayed here is the customer's: it goes to its balance.
        let outcome = if self.may_have_gone_out(due).await? { RefundOutcome::Unknown } else { RefundOutcome::Failed };
        self.record_refund(due, (payment_id, refund_id), outcome).await
    }

    async fn may_have_gone_out(&self, due: &Due) -> Result<bool, Performed> {
        dead_letter::may_have_gone_out(self.bus.pool(), &due.effect).await.map_err(log_away)
    }
}
