//! Suspending a billed party that has not paid for too long, and lifting that once it has.
//!
//! The effect converges: it looks how the party stands, asks for what is missing, waits for the provider and looks
//! again. Whoever pays meanwhile turns it round.

use std::time::Duration;

use domain::customer::{Customer, CustomerCommand, CustomerKind, CustomerRules, CustomerStatus, CustomerSuspendedBy};
use domain::subscription::{ChangeKind, SubscriptionCommand, SubscriptionCore, SubscriptionRules, SuspendedBy};
use domain::{AggregateType, Refusal, StreamId, ids};
use uuid::Uuid;

use super::standing::{self, Turn};
use crate::effects::{Due, Performed};
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Rejection, Trace, Work, index};

/// Before it looks again: doubled each time up to the last.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(30);
/// Subscriptions asked about in one try, so that it ends in time.
const PER_TRY: usize = 200;

/// Suspends the billed party of an invoice, or lifts that, as its invoices ask for by now: its live subscriptions
/// through the provider, or, where a reseller is billed for its end customers, the reseller itself, and their services
/// stay. Only what dunning has suspended is lifted. A change in flight is waited for.
pub async fn settle_dunning(bus: &Bus, due: &Due, invoice_id: Uuid) -> Performed {
    match (Settling { bus, due, invoice_id }).look().await {
        Ok(performed) => performed,
        Err(rejection) if rejection.passes() => Performed::soon(rejection.to_string()),
        Err(rejection) => Performed::Dead { reason: rejection.to_string() },
    }
}

struct Settling<'a> {
    bus: &'a Bus,
    due: &'a Due,
    invoice_id: Uuid,
}

/// How far it is.
#[derive(Debug, Default)]
struct Progress {
    asked: usize,
    /// Something is under way, or still to be asked for.
    open: usize,
    /// It was asked for and did not come to be: the provider would not, or an operator decided otherwise.
    in_vain: usize,
}

impl Settling<'_> {
    async fn look(&self) -> Result<Performed, Rejection> {
        let context = self.context("look");
        let mut work = Work::new(self.bus, &context, Operation::System, true);
        let standing = standing::of(&mut work, self.invoice_id).await?;
        let party = standing.party.state.known().ok_or(Rejection::NotFound)?;
        let Some(turn) = standing.turn else {
            return Ok(Performed::Done { outcome: "another invoice keeps it suspended".to_owned() });
        };
        let as_customer = party.kind == CustomerKind::Reseller && standing.for_end_customers;
        let mut progress = Progress::default();
        if as_customer || turn == Turn::Lift {
            self.settle_customer(party, turn, &mut progress).await?;
        }
        if !as_customer || turn == Turn::Lift {
            self.settle_subscriptions(&mut work, party.id, turn, &mut progress).await?;
        }
        Ok(self.performed(turn, &progress))
    }

    async fn settle_customer(&self, party: &Customer, turn: Turn, progress: &mut Progress) -> Result<(), Rejection> {
        let is_so = match turn {
            Turn::Suspend => party.status != CustomerStatus::Active,
            Turn::Lift => party.suspended_by != Some(CustomerSuspendedBy::Dunning),
        };
        if is_so { Ok(()) } else { self.ask(turn, Target::Customer(party.id), progress).await }
    }

    async fn settle_subscriptions(
        &self,
        work: &mut Work<'_>,
        customer_id: Uuid,
        turn: Turn,
        progress: &mut Progress,
    ) -> Result<(), Rejection> {
        let live = index::live_subscriptions_of(self.bus.pool(), customer_id).await.map_err(Failure::from)?;
        work.read_all::<SubscriptionRules>(live.iter().copied()).await?;
        for id in live {
            let subscription = work.read::<SubscriptionRules>(id).await?;
            let Some(known) = subscription.state.known() else { continue };
            match next(&known.core, turn) {
                Next::Nothing => {}
                Next::Wait => progress.open += 1,
                Next::Ask if progress.asked >= PER_TRY => progress.open += 1,
                Next::Ask => self.ask(turn, Target::Subscription(id), progress).await?,
            }
        }
        Ok(())
    }

    /// Once per effect: what was asked for before and is not so has come to nothing.
    async fn ask(&self, turn: Turn, target: Target, progress: &mut Progress) -> Result<(), Rejection> {
        let context = self.context(&format!("{}/{}", turn.name(), target.id()));
        let settle = SettleOne { invoice_id: self.invoice_id, turn, target, op_id: self.due.op_id };
        progress.asked += 1;
        match self.bus.execute(&context, &settle).await {
            Ok(receipt) if receipt.replayed => progress.in_vain += 1,
            // Refused: things have moved on meanwhile.
            Ok(_) | Err(Rejection::Refused(_)) => progress.open += 1,
            Err(rejection) => return Err(rejection),
        }
        Ok(())
    }

    fn performed(&self, turn: Turn, progress: &Progress) -> Performed {
        if progress.asked >= PER_TRY {
            return Performed::poll(LOOK_AGAIN);
        }
        if progress.open > 0 {
            let after = LOOK_AGAIN.saturating_mul(1 << self.due.asked.min(6)).min(LOOK_AGAIN_MAX);
            return Performed::poll(after);
        }
        let outcome = match turn {
            Turn::Suspend => "suspended",
            Turn::Lift => "lifted",
        };
        Performed::Done {
            outcome: match progress.in_vain {
                0 => outcome.to_owned(),
                in_vain => format!("{outcome}, but not {in_vain} of all"),
            },
        }
    }

    fn context(&self, what: &str) -> Context {
        let Due { op_id, position, correlation_id, .. } = self.due;
        let cause = position.map_or_else(|| op_id.to_string(), |position| position.to_string());
        let correlation_id = correlation_id.clone().unwrap_or_else(|| op_id.to_string());
        let trace = Trace { correlation_id, causation_id: cause, traceparent: None };
        Context::system("collection", self.bus.now(), Key::system(format!("{op_id}/{what}")), trace)
    }
}

/// What is to be done about one subscription.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    /// A change is in flight: the provider answers that first.
    Wait,
    Ask,
}

fn next(core: &SubscriptionCore, turn: Turn) -> Next {
    let is_dunned = core.suspended_by == Some(SuspendedBy::Dunning);
    let is_under_way =
        matches!(core.change.map(|change| change.kind), Some(ChangeKind::Suspension { by: SuspendedBy::Dunning }));
    match turn {
        _ if !core.is_live() => Next::Nothing,
        Turn::Suspend if core.change.is_some() => Next::Wait,
        Turn::Suspend if is_dunned => Next::Nothing,
        Turn::Suspend => Next::Ask,
        Turn::Lift if is_under_way || is_dunned && core.change.is_some() => Next::Wait,
        Turn::Lift if is_dunned => Next::Ask,
        Turn::Lift => Next::Nothing,
    }
}

/// What is suspended, or released.
#[derive(Debug, Clone, Copy)]
enum Target {
    Customer(Uuid),
    Subscription(Uuid),
}

impl Target {
    const fn id(self) -> Uuid {
        match self {
            Self::Customer(id) | Self::Subscription(id) => id,
        }
    }
}

/// One turn of one of them. Refused when the invoices ask for something else by now.
#[derive(Debug)]
struct SettleOne {
    invoice_id: Uuid,
    turn: Turn,
    target: Target,
    op_id: Uuid,
}

impl Command for SettleOne {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let standing = standing::of(work, self.invoice_id).await?;
        let party = standing.party.state.known().ok_or(Failure::NotFound)?;
        if standing.turn != Some(self.turn) {
            return Err(Refusal::InvalidState { state: "settled" }.into());
        }
        match self.target {
            Target::Customer(id) => {
                work.decide::<CustomerRules>(id, &of_customer(self.turn), Some(party.id)).await?;
                Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
            }
            Target::Subscription(id) => {
                work.decide::<SubscriptionRules>(id, &self.of_subscription(id), Some(party.id)).await?;
                Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, id)))
            }
        }
    }
}

impl SettleOne {
    fn of_subscription(&self, id: Uuid) -> SubscriptionCommand {
        let change_id = ids::derived(&["dunning", &self.op_id.to_string(), self.turn.name(), &id.to_string()]);
        match self.turn {
            Turn::Suspend => SubscriptionCommand::Suspend { change_id, by: SuspendedBy::Dunning },
            Turn::Lift => SubscriptionCommand::Resume { change_id, by: SuspendedBy::Dunning },
        }
    }
}

const fn of_customer(turn: Turn) -> CustomerCommand {
    match turn {
        Turn::Suspend => CustomerCommand::Suspend { by: CustomerSuspendedBy::Dunning },
        Turn::Lift => CustomerCommand::Reinstate { by: CustomerSuspendedBy::Dunning },
    }
}
