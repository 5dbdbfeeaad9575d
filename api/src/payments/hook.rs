//! What the wallet's webhooks hint at. Nobody acts on what they say, only on what is read afterwards, under the name
//! that they tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use commands::effects::{self, Wake};
use commands::inbox::{Applied, Applier};
use commands::payment::gateway::{Hint, News, PaymentGateway};
use commands::payment::{asks, requests};
use domain::invoice::InvoiceRules;
use domain::order::OrderRules;
use domain::payment::{Payment, PaymentMeans, PaymentOutcome, PaymentRules, PaymentState, PaymentStatus, RefundStatus};
use domain::process::Effect;
use domain::{Decider, ids};
use event_log::LogError;
use event_log::stream::{self, Versioned};
use futures::future::BoxFuture;
use sqlx::PgPool;
use uuid::Uuid;

/// The payment providers' name in the inbox.
pub const PROVIDER: &str = "payments";

/// Applies the hints of a gateway.
#[derive(Clone)]
pub struct PaymentHook {
    pub pool: PgPool,
    pub gateway: Arc<dyn PaymentGateway>,
    pub wake: Wake,
}

impl std::fmt::Debug for PaymentHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PaymentHook").finish_non_exhaustive()
    }
}

impl Applier for PaymentHook {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn apply<'a>(&'a self, id: &'a str, kind: &'a str, body: &'a [u8]) -> BoxFuture<'a, Result<Applied, sqlx::Error>> {
        Box::pin(async move {
            metrics::counter!("webhooks_applied_total", "type" => label(kind)).increment(1);
            let Some(hint) = self.gateway.hint(kind, body) else { return Ok(Applied::Ignored) };
            let applied = match hint.news {
                News::Paid | News::NotPaid => self.look_at_payment(id, &hint).await?,
                News::Refund => self.look_at_refund(id, &hint).await?,
            };
            self.wake.wake();
            Ok(applied)
        })
    }
}

impl PaymentHook {
    /// What it names by its id is read under the wallet's own name: by its reference only the newest payment is shown.
    async fn look_at_payment(&self, webhook: &str, hint: &Hint) -> Result<Applied, sqlx::Error> {
        let Some(payment) = self.payment_of(hint).await? else { return Ok(Applied::NotYet) };
        if is_over(payment.status, hint.news) {
            return Ok(Applied::Ignored);
        }
        let (id, subject) = (payment.id(), payment.id().to_string());
        if let Some(name) = &hint.request
            && hint.operation_id == Some(id)
            && payment.started.means == PaymentMeans::Wallet
        {
            requests::remember(&self.pool, id, name).await?;
        }
        match payment.status {
            PaymentStatus::Started => Ok(looked(effects::hasten(&self.pool, "charge_payment", &subject).await?)),
            PaymentStatus::Ended(PaymentOutcome::Unknown(_)) => self.look_at_unknown(webhook, id).await,
            // Nothing was charged, as far as we knew.
            PaymentStatus::Ended(_) => {
                asks::ask_once_more(&self.pool, ids::derived(&["paid after all", webhook]), &asking(id)).await?;
                Ok(Applied::Looked)
            }
        }
    }

    /// Where nobody asks any more, because that was given to an operator, it is asked anew.
    async fn look_at_unknown(&self, webhook: &str, payment_id: Uuid) -> Result<Applied, sqlx::Error> {
        const ASKING: &str = "ask_payment";
        let subject = payment_id.to_string();
        if asks::ask_now(&self.pool, ASKING, &subject).await? {
            return Ok(Applied::Looked);
        }
        let was_asked = effects::hasten(&self.pool, ASKING, &subject).await?;
        if was_asked {
            asks::ask_once_more(&self.pool, ids::derived(&["asked anew", webhook]), &asking(payment_id)).await?;
        }
        Ok(looked(was_asked))
    }

    /// It may name the refund, or the payment that goes back. What it is for may have been paid more than once: the
    /// refund that it names need not be one of the payment that is found.
    async fn look_at_refund(&self, webhook: &str, hint: &Hint) -> Result<Applied, sqlx::Error> {
        let refunds = self.payment_of(hint).await?.map(|payment| payment.refunds).unwrap_or_default();
        let open = refunds.into_iter().filter(|refund| refund.status.is_open()).map(|refund| refund.id);
        let refunds: BTreeSet<Uuid> = open.chain(hint.operation_id).collect();
        let mut asking = false;
        for refund in refunds {
            let subject = refund.to_string();
            asking |= effects::hasten_open(&self.pool, "refund_payment", &subject).await?;
            asking |= asks::ask_now(&self.pool, "ask_refund", &subject).await?;
        }
        if let Some(named) = hint.operation_id {
            asking |= self.look_after_all(webhook, named).await?;
        }
        Ok(looked(asking))
    }

    /// Nothing went back, as far as we knew: has the gateway asked once, however often the webhook comes.
    async fn look_after_all(&self, webhook: &str, refund_id: Uuid) -> Result<bool, sqlx::Error> {
        let of = asks::refunded_payment(&self.pool, refund_id).await?;
        let Some(payment_id) = of else { return Ok(false) };
        let payment = self.payment(payment_id).await?;
        let refund = payment.as_ref().and_then(|payment| payment.refund(refund_id));
        if refund.is_none_or(|refund| refund.status != RefundStatus::Failed) {
            return Ok(false);
        }
        let op_id = ids::derived(&["given back after all", webhook]);
        asks::ask_once_more(&self.pool, op_id, &Effect::AskRefund { payment_id, refund_id }).await?;
        Ok(true)
    }

    /// By its id, else the one that is open for what it is for.
    async fn payment_of(&self, hint: &Hint) -> Result<Option<Payment>, sqlx::Error> {
        if let Some(id) = hint.operation_id
            && let Some(payment) = self.payment(id).await?
        {
            return Ok(Some(payment));
        }
        let Some(reference) = hint.reference else { return Ok(None) };
        let invoice = self.load::<InvoiceRules>(reference).await?;
        let attempt = invoice.known().and_then(|invoice| invoice.collection.open);
        let id = match attempt {
            Some(attempt) => Some(attempt.payment_id),
            None => self.load::<OrderRules>(reference).await?.known().and_then(|order| order.payment_id),
        };
        match id {
            Some(id) => self.payment(id).await,
            None => Ok(None),
        }
    }

    async fn payment(&self, id: Uuid) -> Result<Option<Payment>, sqlx::Error> {
        match self.load::<PaymentRules>(id).await? {
            PaymentState::Known(payment) => Ok(Some(*payment)),
            PaymentState::Unknown => Ok(None),
        }
    }

    /// What cannot be read of our own is found by asking, without a hint.
    async fn load<D: Decider>(&self, id: Uuid) -> Result<D::State, sqlx::Error> {
        match stream::load::<D, _>(&self.pool, &id.to_string(), Versioned::default()).await {
            Ok(loaded) => Ok(loaded.state),
            Err(LogError::Database(error)) => Err(error),
            Err(error) => {
                tracing::error!(%error, "a stream that a webhook is about cannot be read");
                Ok(D::State::default())
            }
        }
    }
}

const fn asking(payment_id: Uuid) -> Effect {
    Effect::AskPayment { payment_id }
}

/// Whether nothing that is said of it can be news any more.
const fn is_over(status: PaymentStatus, news: News) -> bool {
    match news {
        News::Paid => matches!(status, PaymentStatus::Ended(PaymentOutcome::Succeeded)),
        News::NotPaid | News::Refund => !status.is_open(),
    }
}

/// What is not open yet is about to be written; what is not open any more is let go after some tries.
const fn looked(open: bool) -> Applied {
    if open { Applied::Looked } else { Applied::NotYet }
}

/// The types we know, so that a stranger cannot fill the metrics with labels.
fn label(kind: &str) -> &'static str {
    const KNOWN: &[&str] =
        &["payment.succeeded", "payment.failed", "payment.expired", "refund.succeeded", "refund.failed"];
    KNOWN.iter().find(|known| **known == kind).copied().unwrap_or("other")
}
