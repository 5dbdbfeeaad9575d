//! Collection and dunning against a real log: every attempt and every step once, however many look for them, and a
//! suspension that turns round when somebody pays.

use std::sync::Arc;
use std::time::Duration;

use commands::collection::{run_collection, run_dunning, settle_dunning};
use commands::customer::SetCommercialTerms;
use commands::effects::{self, Due, Performed, Performer, Wake, Wanted, Worker};
use commands::{Answer, Bus, Command, Failure, Operation, Work, index};
use domain::billing::Period;
use domain::customer::{Collection, Terms};
use domain::invoice::{BookedPayment, DunningStep, Invoice, InvoiceCommand, InvoiceRules};
use domain::payment::{PaymentOutcome, PaymentRules};
use domain::process::{Effect, Lane};
use domain::subscription::{
    ConfirmedChange, Observation, ProvisionedSeat, StartSubscription, SubscriptionCommand, SubscriptionCore,
    SubscriptionEvent, SubscriptionRules, SubscriptionStarted, SubscriptionStatus, SuspendedBy,
};
use domain::{AggregateType, Currency, StreamId, ids};
use event_log::Reader as _;
use event_log::lease::Owner;
use futures::future::{BoxFuture, join_all};
use tests::log_world::{
    Bill, LogProcess, LogWorld, PATIENCE, WriteInvoice, at, check_log, customer, eventually, operator, persist, system,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const STARTED: &str = include_str!("../../../domain/tests/golden/subscription/SubscriptionStarted.1.0.json");

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

/// Thirty days to pay: issued so many days before today.
async fn issued(process: &LogProcess, customer_id: Uuid, n: u32, days_ago: u64) -> Uuid {
    let today = at().date_naive();
    let bill = Bill::own(customer_id, Period::of(Period::of(today).first_day().pred_opt().unwrap()), n);
    let write = WriteInvoice { bill, issued_on: Some(today - chrono::Days::new(days_ago)) };
    persist(&process.bus, &system(&format!("issue {customer_id} {n}")), &write).await.unwrap();
    bill.invoice_id()
}

async fn agrees(process: &LogProcess, key: &str, customer_id: Uuid, collection: Collection, dunning: bool) {
    let terms = Terms { collection, dunning, ..Terms::standard(Currency::EUR) };
    let set = SetCommercialTerms { customer_id, terms, keeps_currency: true };
    persist(&process.bus, &operator(key), &set).await.unwrap();
}

async fn invoice(process: &LogProcess, id: Uuid) -> Invoice {
    process.bus.current::<InvoiceRules>(id).await.unwrap().state.known().unwrap().clone()
}

/// Lets the write-side indexes read the whole log.
async fn indexed(world: &LogWorld) {
    let head = world.head().await.unwrap();
    let events = event_log::page::after(&world.app, 0, head).await.unwrap();
    let mut connection = world.app.acquire().await.unwrap();
    index::Indexes.apply(&mut connection, 0, &events).await.unwrap();
}

async fn count(world: &LogWorld, event: &str) -> i64 {
    let sql = "select count(*) from events where event_type = $1";
    sqlx::query_scalar(sql).bind(event).fetch_one(&world.app).await.unwrap()
}

/// An attempt comes to an end, as far as its invoice is concerned.
struct End {
    invoice_id: Uuid,
    payment_id: Uuid,
    outcome: PaymentOutcome,
}

impl Command for End {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { invoice_id, payment_id, outcome } = *self;
        let end = InvoiceCommand::EndAttempt { payment_id, outcome, automatic: true };
        work.decide::<InvoiceRules>(invoice_id, &end, None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, invoice_id)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_is_started_once_however_many_schedulers_there_are() {
    let world = LogWorld::new().await.unwrap();
    let processes = join_all((0..3).map(|_| world.process())).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let one = &processes[0];
    let mut due = Vec::new();
    for n in 0..20 {
        let customer_id = registered(one, &format!("Acme {n}")).await;
        due.push(issued(one, customer_id, 0, 30).await);
        // Due tomorrow.
        issued(one, customer_id, 1, 29).await;
    }
    indexed(&world).await;
    // A row that leads nowhere holds nobody up.
    let sql = "insert into index_collection (invoice_id, customer_id, seller_entity, due_on, next_at, unplanned, \
               correlation_id) values ($1, $1, 'seller-de', '2026-01-01', '2026-01-01', false, 'none')";
    sqlx::query(sql).bind(Uuid::from_u128(1)).execute(&world.admin).await.unwrap();
    for _ in 0..2 {
        for ran in join_all(processes.iter().map(|process| run_collection(&process.bus))).await {
            ran.unwrap();
        }
    }
    assert_eq!((count(&world, "PaymentStarted").await, count(&world, "PaymentAttempted").await), (20, 20));
    for id in &due {
        let payment_id = ids::automatic_payment(*id, 0);
        let payment = one.bus.current::<PaymentRules>(payment_id).await.unwrap();
        assert!(payment.state.known().unwrap().started.automatic);
        assert_eq!(invoice(one, *id).await.collection.open.map(|open| open.payment_id), Some(payment_id));
    }

    // Nothing was charged: each is tried again when its time comes, which is not now.
    for id in &due {
        let payment_id = ids::automatic_payment(*id, 0);
        let end = End { invoice_id: *id, payment_id, outcome: PaymentOutcome::Unreachable };
        one.bus.execute(&system(&format!("end {id}")), &end).await.unwrap();
    }
    for process in &processes {
        run_collection(&process.bus).await.unwrap();
    }
    indexed(&world).await;
    run_collection(&one.bus).await.unwrap();
    assert_eq!(count(&world, "PaymentStarted").await, 20);
    let timer = commands::collection::next_timer(&world.app, at(), at() + chrono::TimeDelta::days(1)).await.unwrap();
    assert_eq!(timer, Some(at() + chrono::TimeDelta::minutes(5)));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_the_terms_say_by_then_decides() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let acme = registered(&process, "Acme").await;
    let (due, later) = (issued(&process, acme, 0, 30).await, issued(&process, acme, 1, 10).await);
    let next = async |id| invoice(&process, id).await.collection.next_at;
    let begins = |days| (at().date_naive() + chrono::Days::new(days)).and_time(chrono::NaiveTime::MIN).and_utc();
    assert_eq!((next(due).await, next(later).await), (Some(begins(0)), Some(begins(20))));

    agrees(&process, "by hand", acme, Collection::Manual, true).await;
    assert_eq!((next(due).await, next(later).await), (None, None));
    indexed(&world).await;
    run_collection(&process.bus).await.unwrap();
    assert_eq!(count(&world, "PaymentStarted").await, 0);
    // What is due by then is due now.
    agrees(&process, "by itself", acme, Collection::Automatic, true).await;
    assert_eq!((next(due).await, next(later).await), (Some(at()), Some(begins(20))));
    indexed(&world).await;
    run_collection(&process.bus).await.unwrap();
    assert_eq!(count(&world, "PaymentStarted").await, 1);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_was_overlooked_when_the_terms_changed_is_planned_later() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let acme = registered(&process, "Acme").await;
    agrees(&process, "by hand", acme, Collection::Manual, true).await;
    let id = issued(&process, acme, 0, 30).await;
    indexed(&world).await;
    run_collection(&process.bus).await.unwrap();
    assert_eq!(invoice(&process, id).await.collection.next_at, None);
    // As if it had been issued while the terms were changing.
    let sql = "update index_terms set automatic = true where customer_id = $1";
    sqlx::query(sql).bind(acme).execute(&world.admin).await.unwrap();
    run_collection(&process.bus).await.unwrap();
    assert_eq!(invoice(&process, id).await.collection.next_at, None, "the terms themselves decide");
    persist(&process.bus, &system("by itself"), &Automatic(acme)).await.unwrap();
    run_collection(&process.bus).await.unwrap();
    assert_eq!(invoice(&process, id).await.collection.next_at, Some(at()));
    indexed(&world).await;
    run_collection(&process.bus).await.unwrap();
    assert_eq!(count(&world, "PaymentStarted").await, 1);
}

/// Changes the terms and nothing else.
struct Automatic(Uuid);

impl Command for Automatic {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let set = domain::customer::CustomerCommand::SetTerms { terms: Terms::standard(Currency::EUR) };
        work.decide::<domain::customer::CustomerRules>(self.0, &set, Some(self.0)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, self.0)))
    }
}

#[tokio::test]
async fn every_step_is_taken_once_by_its_day() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let (acme, spared) = (registered(&one, "Acme").await, registered(&one, "Spared").await);
    agrees(&one, "no dunning", spared, Collection::Automatic, false).await;
    let spared_invoice = issued(&one, spared, 0, 90).await;
    // Due today, due yesterday, six days ago, and for so long that only the last of the steps that came is taken.
    let mut invoices = Vec::new();
    for (n, days_ago) in [30, 31, 36, 37, 59, 60].into_iter().enumerate() {
        invoices.push(issued(&one, acme, u32::try_from(n).unwrap(), days_ago).await);
    }
    indexed(&world).await;
    for _ in 0..2 {
        let (first, second) = tokio::join!(run_dunning(&one.bus), run_dunning(&other.bus));
        first.unwrap();
        second.unwrap();
        indexed(&world).await;
    }
    let mut taken = Vec::new();
    for id in &invoices {
        taken.push(invoice(&one, *id).await.collection.dunned.into_iter().map(DunningStep::name).collect::<Vec<_>>());
    }
    let expected = [
        vec![],
        vec!["first_reminder"],
        vec!["first_reminder"],
        vec!["second_reminder"],
        vec!["last_reminder"],
        vec!["suspension"],
    ];
    assert_eq!(taken, expected);
    assert_eq!(count(&world, "DunningStepTaken").await, 5);
    assert_eq!(invoice(&one, spared_invoice).await.collection.dunned.len(), 0);
    check_log(&world.app).await.unwrap();
}

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
    Uuid::new_v4()
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
    let write_off = commands::invoice::WriteOffInvoice { invoice_id: another };
    debt.process.bus.execute(&operator("write off"), &write_off).await.unwrap();
    debt.settles(3).await;
    debt.all_is_settled().await;
    assert_eq!(debt.core().await.suspended_by, Some(SuspendedBy::Dunning));
    assert_eq!(count(&debt.world, "ResumptionRequested").await, 0);
}
