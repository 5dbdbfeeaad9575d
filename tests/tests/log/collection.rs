//! Collection against a real log: every attempt and every step of dunning once, however many look for them.

use commands::collection::{next_timer, run_collection, run_dunning};
use commands::customer::SetCommercialTerms;
use commands::{Answer, Command, Failure, Operation, Work, index};
use domain::billing::Period;
use domain::customer::{Collection, CustomerCommand, CustomerRules, Terms};
use domain::invoice::{DunningStep, Invoice, InvoiceCommand, InvoiceRules};
use domain::payment::{PaymentOutcome, PaymentRules};
use domain::{AggregateType, Currency, StreamId, ids};
use event_log::Reader as _;
use futures::future::join_all;
use tests::log_world::{Bill, LogProcess, LogWorld, WriteInvoice, at, check_log, customer, operator, persist, system};
use uuid::Uuid;

pub async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

/// Thirty days to pay: issued so many days before today.
pub async fn issued(process: &LogProcess, customer_id: Uuid, n: u32, days_ago: u64) -> Uuid {
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
pub async fn indexed(world: &LogWorld) {
    let head = world.head().await.unwrap();
    let events = event_log::page::after(&world.app, 0, head).await.unwrap();
    let mut connection = world.app.acquire().await.unwrap();
    index::Indexes.apply(&mut connection, 0, &events).await.unwrap();
}

pub async fn count(world: &LogWorld, event: &str) -> i64 {
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
    let timer = next_timer(&world.app, at(), at() + chrono::TimeDelta::days(1)).await.unwrap();
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
        let set = CustomerCommand::SetTerms { terms: Terms::standard(Currency::EUR) };
        work.decide::<CustomerRules>(self.0, &set, Some(self.0)).await?;
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
