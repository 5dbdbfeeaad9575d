//! Having a payment charged, once, and learning what came of it.

use ccp_adapter::backoff::poll_after;
use commands::effects::{self, Due, Performed};
use commands::index;
use commands::payment::gateway::{Charge, Charged, Found, RequestId};
use commands::payment::requests;
use domain::payment::{PaymentMeans, PaymentOutcome, PaymentStatus, UnknownReason};
use event_log::crash;
use uuid::Uuid;

use super::perform::{Cashier, Handled, Step, done, log_away};

impl Cashier {
    /// What a gateway has taken is watched. What an earlier try may have sent is asked about before it is sent again, and
    /// where it cannot be asked about it stays unknown.
    pub(super) async fn charge(&self, due: &Due, payment_id: Uuid) -> Step {
        let handled = self.load(payment_id).await?;
        if handled.payment.status != PaymentStatus::Started {
            return Ok(done(format!("the payment is {}", handled.payment.status.name())));
        }
        let accepted = self.request_of(payment_id).await?;
        if accepted.is_none() && !due.sent {
            return self.send_charge(due, &handled).await;
        }
        match handled.gateway.ask(&handled.charge(), accepted.as_ref()).await {
            Found::Open(request) => self.watch(due, payment_id, &request).await,
            Found::Ended(request, outcome) => {
                self.remember(payment_id, &request).await?;
                self.record(due, payment_id, outcome).await
            }
            Found::Nothing if accepted.is_none() => self.send_charge(due, &handled).await,
            Found::Unanswered if accepted.is_some() => Ok(Performed::poll(poll_after(due.asked))),
            Found::Nothing | Found::Unanswered | Found::Unreadable | Found::Unaskable => {
                self.record(due, payment_id, PaymentOutcome::Unknown(UnknownReason::NoAnswer)).await
            }
        }
    }

    /// That it goes out is committed before it does.
    async fn send_charge(&self, due: &Due, handled: &Handled<'_>) -> Step {
        let charge = self.addressed(handled).await?;
        if !effects::mark_sent(self.bus.pool(), due).await.map_err(log_away)? {
            return Err(Performed::log_away());
        }
        crash::point("payment.intent_committed");
        let charged = handled.gateway.charge(&charge).await;
        crash::point("payment.charged_not_recorded");
        match charged {
            Charged::Accepted(request) => self.watch(due, charge.payment_id, &request).await,
            // Turned away this time. An earlier try may have charged it, and is only not shown yet.
            Charged::Ended(PaymentOutcome::Unreachable) if due.sent => {
                self.record(due, charge.payment_id, PaymentOutcome::Unknown(UnknownReason::NoAnswer)).await
            }
            Charged::Ended(outcome) => self.record(due, charge.payment_id, outcome).await,
        }
    }

    /// The token gateway knows payers by their small numbers; one that has none yet is about to get it.
    async fn addressed(&self, handled: &Handled<'_>) -> Result<Charge, Performed> {
        let charge = handled.charge();
        let started = &handled.payment.started;
        match started.means {
            PaymentMeans::Wallet | PaymentMeans::Outside => Ok(charge),
            PaymentMeans::Token => {
                let payer = index::customer_alias(self.bus.pool(), started.customer_id).await.map_err(log_away)?;
                let payer = payer.ok_or_else(|| Performed::soon("the payer has no number yet"))?;
                Ok(Charge { payer: Some(payer), ..charge })
            }
        }
    }

    async fn watch(&self, due: &Due, payment_id: Uuid, request: &RequestId) -> Step {
        self.remember(payment_id, request).await?;
        Ok(Performed::poll(poll_after(due.asked)))
    }

    pub(super) async fn remember(&self, payment_id: Uuid, request: &RequestId) -> Result<(), Performed> {
        requests::remember(self.bus.pool(), payment_id, request).await.map_err(log_away)
    }
}
