//! Dunning against a real log: a suspension that turns round when somebody pays, and what others suspended.

use std::sync::Arc;
use std::time::Duration;

use commands::collection::{run_dunning, settle_dunning};
use commands::effects::{self, Due, Performed, Performer, Wake, Wanted, Worker};
use commands::invoice::WriteOffInvoice;
use commands::{Answer, Bus, Command, Failure, Operation, Work};
use domain::invoice::{BookedPayment, InvoiceCommand, InvoiceRules};
use domain::process::{Effect, Lane};
use domain::subscription::{
    ConfirmedChange, Observation, ProvisionedSeat, StartSubscription, SubscriptionCommand, SubscriptionCore,
    SubscriptionEvent, SubscriptionRules, SubscriptionStarted, SubscriptionStatus, SuspendedBy,
};
use domain::{AggregateType, StreamId};
use event_log::lease::Owner;
use futures::future::BoxFuture;
use tests::log_world::{LogProcess, LogWorld, PATIENCE, at, check_log, eventually, operator, persist, system};
use tests::world::random_bytes;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::collection::{count, indexed, issued, registered};

const STARTED: &str = include_str!("../../../domain/tests/golden/subscription/SubscriptionStarted.1.0.json");

/// Performs what the test is about.
struct Settler(Bus);

impl Performer for Settler {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            match &due.effect {
                Effect::SettleDunning { invoice_id } => settle_dunning(&self.0, due, *invoice_id).await,
                other => Performed::Dead { reason: format!("{other:?}") },
            }
        })
    }
}

fn new_id() -> Uuid {
    Uuid::from_slice(&random_bytes(16)).unwrap()
}

/// A subscription, the invoice that its customer does not pay, and somebody who settles what follows.
struct Debt {
    world: LogWorld,
    process: LogProcess,
    invoice_id: Uuid,
    started: SubscriptionStarted,
    stop: CancellationToken,
}

impl Debt {
    async fn run_up() -> Self {
        let world = LogWorld::new().await.unwrap();
        let process = world.process().await.unwrap();
        let customer_id = registered(&process, "Acme").await;
        let SubscriptionEvent::SubscriptionStarted(started) = serde_json::from_str(STARTED).unwrap() else { panic!() };
        let started = SubscriptionStarted { customer_id, reseller_id: None, ..*started };
        let seats = seats();
        let start = SubscriptionCommand::Start(Box::new(StartSubscription { started: started.clone(), seats }));
        process.bus.execute(&system("start"), &Decide(start)).await.unwrap();
        let invoice_id = issued(&process, customer_id, 0, 60).await;
        let stop = CancellationToken::new();
        let worker = Worker {
            lane: Lane::Payments,
            pool: process.pool.clone(),
            performer: Arc::new(Settler(process.bus.clone())),
            wake: Wake::default(),
            new_id,
            owner: Owner::this_process("test"),
        };
        tokio::spawn(worker.run(stop.clone()));
        let debt = Self { world, process, invoice_id, started, stop };
        debt.is_dunned().await;
        debt
    }

    async fn is_dunned(&self) {
        indexed(&self.world).await;
        run_dunning(&self.process.bus).await.unwrap();
        indexed(&self.world).await;
    }

    async fn settles(&self, n: u8) {
        let effect = &Effect::SettleDunning { invoice_id: self.invoice_id };
        let op_id = Uuid::from_u128(u128::from(n) + 1);
        let delay = Duration::ZERO;
        let wanted = Wanted { process: "dun", op_id, position: None, correlation_id: None, effect, delay };
        effects::ask_in_tx(&self.process.pool, &wanted).await.unwrap();
    }

    async fn core(&self) -> SubscriptionCore {
        let id = self.started.subscription_id;
        self.process.bus.current::<SubscriptionRules>(id).await.unwrap().state.known().unwrap().core.clone()
    }

    async fn comes_to(&self, what: &str, holds: impl Fn(&SubscriptionCore) -> bool) {
        eventually(what, PATIENCE, async || Ok(holds(&self.core().await))).await.unwrap();
    }

    /// The provider does what it was asked for, or something of its own.
    async fn provider(&self, key: &str, status: SubscriptionStatus) {
        let core = self.core().await;
        let day = self.started.starts_on;
        let confirms = core.change.map(|change| ConfirmedChange { change_id: change.change_id, effective_on: day });
        let seen = Observation {
            revision: core.provider_revision + 1,
            status,
            quantity: self.started.quantity,
            starts_on: day,
            ends_on: self.started.ends_on,
            auto_renew: true,
            changed_on: day,
            seats: seats(),
            confirms,
            renewal: None,
            adopted_as: Uuid::from_u128(9),
        };
        let observe = Decide(SubscriptionCommand::Observe(Box::new(seen)));
        self.process.bus.execute(&system(key), &observe).await.unwrap();
    }

    async fn is_paid(&self) {
        persist(&self.process.bus, &system("pay"), &Pay(self.invoice_id)).await.unwrap();
    }

    async fn all_is_settled(&self) {
        let open = "select count(*) from effects where state <> 'done'";
        let none = async || Ok(sqlx::query_scalar::<_, i64>(open).fetch_one(&self.world.app).await? == 0);
        eventually("effects to be done", PATIENCE, none).await.unwrap();
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn seats() -> Vec<ProvisionedSeat> {
    (1..=2).map(|n| ProvisionedSeat { seat_id: format!("seat-{n}"), key: format!("KEY-{n}") }).collect()
}

struct Decide(SubscriptionCommand);

impl Command for Decide {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let SubscriptionEvent::SubscriptionStarted(started) = serde_json::from_str(STARTED)? else { panic!() };
        work.decide::<SubscriptionRules>(started.subscription_id, &self.0, None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, started.subscription_id)))
    }
}

/// Money comes in for all of an invoice.
struct Pay(Uuid);

impl Command for Pay {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.0).await?;
        let amount = invoice.state.known().ok_or(Failure::NotFound)?.balance;
        let payment =
            BookedPayment { payment_id: Uuid::from_u128(7), amount, applied: amount, received_on: at().date_naive() };
        work.decide::<InvoiceRules>(self.0, &InvoiceCommand::BookPayment(Box::new(payment)), None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, self.0)))
    }
}

fn turning(core: &SubscriptionCore) -> Option<&'static str> {
    core.change.map(|change| change.kind.name())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_while_the_suspension_is_under_way_resumes_it() {
    let debt = Debt::run_up().await;
    debt.settles(1).await;
    debt.comes_to("a suspension", |core| turning(core) == Some("suspension")).await;
    debt.is_paid().await;
    debt.settles(2).await;
    debt.provider("it is suspended", SubscriptionStatus::Suspended).await;
    debt.comes_to("a resumption", |core| turning(core) == Some("resumption")).await;
    debt.provider("it is resumed", SubscriptionStatus::Active).await;
    debt.all_is_settled().await;
    let core = debt.core().await;
    assert_eq!((core.status, core.change), (SubscriptionStatus::Active, None));
    assert_eq!(count(&debt.world, "SuspensionRequested").await, 1);
    assert_eq!(count(&debt.world, "ResumptionRequested").await, 1);
    check_log(&debt.world.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_flight_comes_first_and_what_others_suspended_they_have_again() {
    let debt = Debt::run_up().await;
    let by_operator = SubscriptionCommand::Suspend { change_id: Uuid::from_u128(5), by: SuspendedBy::Operator };
    debt.process.bus.execute(&system("operator"), &Decide(by_operator)).await.unwrap();
    debt.settles(1).await;
    debt.provider("the operator's", SubscriptionStatus::Suspended).await;
    debt.comes_to("dunning", |core| core.suspended_by == Some(SuspendedBy::Dunning)).await;
    debt.all_is_settled().await;
    debt.is_paid().await;
    debt.settles(2).await;
    debt.comes_to("the operator again", |core| core.suspended_by == Some(SuspendedBy::Operator)).await;
    debt.all_is_settled().await;
    assert_eq!(debt.core().await.status, SubscriptionStatus::Suspended);
    assert_eq!(
        (count(&debt.world, "SuspensionRequested").await, count(&debt.world, "ResumptionRequested").await),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_stands_for_another_invoice_stays_suspended() {
    let debt = Debt::run_up().await;
    let another = issued(&debt.process, debt.started.customer_id, 1, 61).await;
    debt.is_dunned().await;
    debt.settles(1).await;
    debt.comes_to("a suspension", |core| turning(core) == Some("suspension")).await;
    debt.provider("it is suspended", SubscriptionStatus::Suspended).await;
    debt.is_paid().await;
    debt.settles(2).await;
    debt.all_is_settled().await;
    assert_eq!(debt.core().await.suspended_by, Some(SuspendedBy::Dunning));
    // Nobody expects that one to be paid any more, which does not pay it.
    let write_off = WriteOffInvoice { invoice_id: another };
    debt.process.bus.execute(&operator("write off"), &write_off).await.unwrap();
    debt.settles(3).await;
    debt.all_is_settled().await;
    assert_eq!(debt.core().await.suspended_by, Some(SuspendedBy::Dunning));
    assert_eq!(count(&debt.world, "ResumptionRequested").await, 0);
}
