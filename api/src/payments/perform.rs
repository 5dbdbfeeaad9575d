//! Performs what is to be asked of gateways: loads what it is about, asks, answers by command.

use std::time::Duration;

use commands::collection::settle_dunning;
use commands::effects::{Due, Performed, Performer};
use commands::order::CreditOrder;
use commands::payment::gateway::{Charge, PaymentGateway};
use commands::payment::{RecordOutcome, RecordRefund, RefundOutcome};
use commands::{Bus, Command, Context, Key, Trace};
use domain::payment::{Payment, PaymentOutcome, PaymentRules, PaymentState};
use domain::process::Effect;
use event_log::stream::{self, Versioned};
use futures::future::BoxFuture;
use tokio::time::Instant;
use uuid::Uuid;

use super::Gateways;

/// How long to wait for ourselves: the log was away, or a command lost its races.
const OURSELVES: Duration = Duration::from_millis(250);
/// What a gateway said is kept trying to be written down for so long, within the lease of its effect.
const WRITE_DOWN: Duration = Duration::from_secs(30);

/// The performer of payments.
#[derive(Debug, Clone)]
pub struct Cashier {
    pub bus: Bus,
    pub gateways: Gateways,
}

/// A step's end. The error side is an end as well, reached early.
pub(super) type Step = Result<Performed, Performed>;

impl Performer for Cashier {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            if due.gives_up {
                return self.end_given_up(due).await.unwrap_or_else(|stop| stop);
            }
            let performed = match &due.effect {
                Effect::ChargePayment { payment_id } => self.charge(due, *payment_id).await,
                Effect::AskPayment { payment_id } => self.ask(due, *payment_id).await,
                Effect::RefundPayment { payment_id, refund_id } => self.refund(due, *payment_id, *refund_id).await,
                Effect::AskRefund { payment_id, refund_id } => self.ask_refund(due, *payment_id, *refund_id).await,
                Effect::CreditOrder { order_id } => self.credit_order(due, *order_id).await,
                Effect::SettleDunning { invoice_id } => Ok(settle_dunning(&self.bus, due, *invoice_id).await),
                // Of other lanes: they never come here.
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
                | Effect::SendMail { .. } => Err(Performed::Dead { reason: "nothing of a gateway's".to_owned() }),
            };
            performed.unwrap_or_else(|stop| stop)
        })
    }
}

/// A payment with who moves its money.
pub(super) struct Handled<'a> {
    pub payment: Box<Payment>,
    pub gateway: &'a dyn PaymentGateway,
}

impl Handled<'_> {
    pub fn charge(&self) -> Charge {
        let started = &self.payment.started;
        Charge { payment_id: started.payment_id, reference: started.payable.id(), payer: None, amount: started.amount }
    }
}

impl Cashier {
    /// The payment from the log itself, never from memory: what is done outside cannot be checked at an append.
    pub(super) async fn load(&self, payment_id: Uuid) -> Result<Handled<'_>, Performed> {
        let id = payment_id.to_string();
        let loaded = stream::load::<PaymentRules, _>(self.bus.pool(), &id, Versioned::default()).await;
        let payment = match loaded?.state {
            PaymentState::Known(payment) => payment,
            PaymentState::Unknown => return Err(done("there is no such payment")),
        };
        let Some(gateway) = self.gateways.of(payment.started.means) else {
            return Err(done("its money came in outside"));
        };
        Ok(Handled { payment, gateway })
    }

    /// No gateway is asked: what goes back follows as refunds.
    async fn credit_order(&self, due: &Due, order_id: Uuid) -> Step {
        self.answer(due, "credit", &CreditOrder { order_id }).await?;
        Ok(done("credited"))
    }

    /// Writes down what came of a payment.
    pub(super) async fn record(&self, due: &Due, payment_id: Uuid, outcome: PaymentOutcome) -> Step {
        self.answer(due, outcome.name(), &RecordOutcome { payment_id, outcome }).await?;
        Ok(done(match outcome.reason() {
            Some(reason) if reason != outcome.name() => format!("{}: {reason}", outcome.name()),
            Some(_) | None => outcome.name().to_owned(),
        }))
    }

    /// Writes down what came of a refund.
    pub(super) async fn record_refund(&self, due: &Due, of: (Uuid, Uuid), outcome: RefundOutcome) -> Step {
        let (payment_id, refund_id) = of;
        let name = match outcome {
            RefundOutcome::Succeeded => "succeeded",
            RefundOutcome::Failed => "failed",
            RefundOutcome::Unknown => "unknown",
        };
        self.answer(due, name, &RecordRefund { payment_id, refund_id, outcome }).await?;
        Ok(done(name))
    }

    /// Answers by command; the same command of a repeated try is answered from its key. What a gateway has said may not
    /// be said again, so a log that is away is waited for.
    async fn answer<C: Command>(&self, due: &Due, n: &str, command: &C) -> Result<(), Performed> {
        let until = Instant::now() + WRITE_DOWN;
        loop {
            match self.bus.execute(&self.context(due, n), command).await {
                Ok(_) => return Ok(()),
                Err(rejection) if rejection.passes() => {
                    if Instant::now() >= until {
                        return Err(Performed::log_away());
                    }
                    tokio::time::sleep(OURSELVES).await;
                }
                Err(error) => return Err(Performed::Dead { reason: error.to_string() }),
            }
        }
    }

    fn context(&self, due: &Due, n: &str) -> Context {
        let causation_id = due.position.map_or_else(|| due.op_id.to_string(), |position| position.to_string());
        let correlation_id = due.correlation_id.clone().unwrap_or_else(|| due.op_id.to_string());
        let trace = Trace { correlation_id, causation_id, traceparent: None };
        Context::system("payments", self.bus.now(), Key::system(format!("{}/{n}", due.op_id)), trace)
    }
}

pub(super) fn done(outcome: impl Into<String>) -> Performed {
    Performed::Done { outcome: outcome.into() }
}

/// A query of our own failed: the database is waited for, without counting a try.
pub(super) fn log_away(error: sqlx::Error) -> Performed {
    tracing::warn!(%error, "the database did not answer");
    Performed::log_away()
}
