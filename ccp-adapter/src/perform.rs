//! Performs the effects that concern the provider: loads what it is about, calls, answers by command.

use commands::context::{Key, Trace};
use commands::effects::{Due, Performed, Performer};
use commands::{Bus, Command, Context, Rejection};
use domain::process::Effect;
use domain::{Actor, Decider, Role};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use std::sync::Arc;
use uuid::Uuid;

use crate::CcpClient;
use crate::backoff;
use crate::outcome::{Failure, FailureKind};

/// Steps in which a pause of our own grows, to half a minute: about as long as the breaker leaves a provider alone, so
/// that what waits goes on soon after the provider does.
const PAUSES: u32 = 6;

/// The performer of the provider's effects.
#[derive(Debug, Clone)]
pub struct Adapter {
    pub bus: Bus,
    pub client: CcpClient,
}

impl Performer for Adapter {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            if due.gives_up {
                return self.end_given_up(due).await.unwrap_or_else(|stop| stop);
            }
            let performed = match &due.effect {
                Effect::OpenAccount { account_id } => self.open_account(due, *account_id).await,
                Effect::SubmitOrder { order_id } => self.submit_order(due, *order_id).await,
                Effect::WatchOrder { order_id } => self.watch_order(due, *order_id).await,
                Effect::CancelOrder { order_id } => self.cancel_order(due, *order_id).await,
                Effect::SyncCatalogue {} => self.sync_catalogue(due).await,
                Effect::Reconcile { run_id } => self.reconcile(due, *run_id).await,
                Effect::SettleDrift { drift_id, account_id } => self.settle_drift(due, *drift_id, *account_id).await,
                Effect::StartBilling { entity, period } => self.start_billing(due, entity, *period).await,
                Effect::RunBilling { run_id } => self.run_billing(due, *run_id).await,
                Effect::ChangeSubscription { subscription_id, change_id } => {
                    self.change_subscription(due, *subscription_id, *change_id).await
                }
                Effect::SendRenewal { subscription_id } => self.send_renewal(due, *subscription_id).await,
                Effect::LookAtSubscription { subscription_id } => self.look_at(due, *subscription_id).await,
                // Of other lanes: they never come here.
                Effect::StoreDocuments { .. }
                | Effect::ChargePayment { .. }
                | Effect::AskPayment { .. }
                | Effect::RefundPayment { .. }
                | Effect::AskRefund { .. }
                | Effect::CreditOrder { .. }
                | Effect::SettleDunning { .. }
                | Effect::SendMail { .. } => Err(Performed::Dead { reason: "nothing of the provider's".to_owned() }),
            };
            performed.unwrap_or_else(|stop| stop)
        })
    }
}

/// A step's end. The error side is an end as well, reached early.
pub(crate) type Step = Result<Performed, Performed>;

pub(crate) fn done(outcome: impl Into<String>) -> Performed {
    Performed::Done { outcome: outcome.into() }
}

impl Adapter {
    /// Answers by command. `n` tells apart the commands of one effect; the same command of a repeated try is answered
    /// from its key. What a repeated try may see otherwise (a revision, a version) is part of `n`.
    pub(crate) async fn answer<C: Command>(&self, due: &Due, n: &str, command: &C) -> Result<(), Answered> {
        self.answer_as(due, n, Actor::system("ccp-adapter"), command).await
    }

    /// The same for what was read there: whatever follows from it, the provider has done.
    pub(crate) async fn answer_as_provider<C: Command>(&self, due: &Due, n: &str, command: &C) -> Result<(), Answered> {
        let provider = Actor { subject: self.client.provider().to_owned(), role: Role::Provider, customer_id: None };
        self.answer_as(due, n, provider, command).await
    }

    async fn answer_as<C: Command>(&self, due: &Due, n: &str, actor: Actor, command: &C) -> Result<(), Answered> {
        let key = Key::system(format!("{}/{n}", due.op_id));
        let cause = due.position.map_or_else(|| due.op_id.to_string(), |position| position.to_string());
        let correlation_id = due.correlation_id.clone().unwrap_or_else(|| due.op_id.to_string());
        let trace = Trace { correlation_id, causation_id: cause, traceparent: None };
        let context = Context { actor, at: self.bus.now(), key, if_match: None, trace };
        match self.bus.execute(&context, command).await {
            Ok(_) => Ok(()),
            Err(Rejection::Refused(refusal)) => Err(Answered::Refused(refusal)),
            Err(Rejection::NotFound) => Err(Answered::Refused(domain::Refusal::NotFound)),
            Err(rejection) if rejection.passes() => Err(Answered::Stop(Performed::log_away())),
            Err(error) => Err(Answered::Stop(Performed::Dead { reason: error.to_string() })),
        }
    }

    /// A state from the log itself, never from memory: what is done outside cannot be checked at an append.
    pub(crate) async fn load<D: Decider>(
        &self,
        id: impl std::fmt::Display,
    ) -> Result<Arc<Versioned<D::State>>, Performed> {
        let id = id.to_string();
        let loaded = event_log::stream::load::<D, _>(self.bus.pool(), &id, Versioned::default()).await;
        Ok(Arc::new(loaded?))
    }

    /// The state right after the event at `position`, so that what follows from it stays the same however late it is
    /// asked; without a position, as it is now.
    pub(crate) async fn load_as_of<D: Decider>(
        &self,
        id: impl std::fmt::Display,
        position: Option<i64>,
    ) -> Result<Versioned<D::State>, Performed> {
        let id = id.to_string();
        let events = event_log::stream::events(self.bus.pool(), D::TYPE.name(), &id, 0).await?;
        let mut folded = Versioned::default();
        for recorded in events.iter().take_while(|event| position.is_none_or(|last| event.position <= last)) {
            event_log::stream::fold_one::<D>(&mut folded, recorded)?;
        }
        Ok(folded)
    }
}

/// How an answering command ended, if not well.
#[derive(Debug)]
pub(crate) enum Answered {
    Refused(domain::Refusal),
    Stop(Performed),
}

impl Answered {
    /// For commands whose refusal nobody foresaw.
    pub(crate) fn unforeseen(self) -> Performed {
        match self {
            Self::Refused(refusal) => Performed::Dead { reason: refusal.to_string() },
            Self::Stop(performed) => performed,
        }
    }
}

/// A query of our own failed: the database is waited for, without counting a try.
pub(crate) fn log_away(error: sqlx::Error) -> Performed {
    tracing::warn!(%error, "the database did not answer");
    Performed::log_away()
}

/// Nothing happened at the provider, as is so with a question that is not answered: wait, without counting a try. One
/// that answers but does not let us in, or that nobody can read, was reached all the same: if it stays like that, it is
/// for the operator.
pub(crate) fn not_reached(due: &Due, failure: &Failure) -> Performed {
    match failure.kind {
        FailureKind::Unreachable | FailureKind::Throttled | FailureKind::ServerError => {
            pause(due.asked, due.op_id, failure)
        }
        FailureKind::Undecodable | FailureKind::Unauthorised => unknown(due, failure),
    }
}

/// How long it is left alone, having been looked at or missed `asked` times. Whoever names a time need not be left
/// alone for longer and longer; a time of nothing names none.
fn pause(asked: u32, op_id: Uuid, failure: &Failure) -> Performed {
    let after = backoff::retry_after(asked.saturating_add(1).min(PAUSES), op_id, failure.retry_after);
    let why = failure.to_string();
    match failure.retry_after {
        Some(named) if !named.is_zero() => Performed::Wait { after, why },
        Some(_) | None => Performed::Missed { after, why },
    }
}

/// Something may have happened: ask before anything else. An answer that nobody can read is for the operator, but only
/// after it has stayed unreadable.
pub(crate) fn unknown(due: &Due, failure: &Failure) -> Performed {
    Performed::Again { after: backoff::ask_after(due.attempts), why: failure.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;

    const OP: Uuid = Uuid::from_u128(7);

    fn throttled(named_s: Option<u64>) -> Failure {
        Failure::new(FailureKind::Throttled, "HTTP status 429").with_retry_after(named_s.map(Duration::from_secs))
    }

    /// How long, and whether the next time is longer.
    fn paused(asked: u32, named_s: Option<u64>) -> (Duration, bool) {
        match pause(asked, OP, &throttled(named_s)) {
            Performed::Missed { after, .. } => (after, true),
            Performed::Wait { after, .. } => (after, false),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_provider_that_names_no_time_is_left_alone_for_longer_and_longer() {
        for named_s in [None, Some(0)] {
            for (asked, full_s) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 32), (u32::MAX, 32)] {
                let (full, (after, grows)) = (Duration::from_secs(full_s), paused(asked, named_s));
                assert!(grows && after >= full / 2 && after <= full, "{asked}: {after:?}");
            }
        }
    }

    #[test]
    fn a_named_time_is_waited_for_and_makes_no_later_one_longer() {
        for (asked, named_s) in [(0, 20), (3, 20), (0, 3_600)] {
            let (named, (after, grows)) = (Duration::from_secs(named_s), paused(asked, Some(named_s)));
            assert!(!grows && after >= named && after <= named + Duration::from_secs(1), "{after:?}");
        }
        let ten_years_s = 315_360_000;
        assert!(paused(0, Some(ten_years_s)).0 <= backoff::LONGEST_ASKED + Duration::from_secs(1));
    }
}
