//! What keeps accounts and customers open, whether the indexes have read of it yet or not.

use std::sync::Arc;

use commands::account::CloseAccount;
use commands::customer::CloseCustomer;
use commands::invoice::WriteOffInvoice;
use commands::{Answer, Command, Failure, Operation, Rejection, Work, balance, index};
use domain::account::AccountEvent;
use domain::balance::BalanceSource;
use domain::billing::Period;
use domain::order::OrderEvent;
use domain::subscription::{
    Observation, ProvisionedSeat, StartSubscription, SubscriptionCommand, SubscriptionEvent, SubscriptionRules,
    SubscriptionStarted, SubscriptionStatus,
};
use domain::{AggregateType, Currency, Event, Refusal, StreamId, ids};
use event_log::{NewEvent, Reader as _};
use tests::log_world::{
    Bill, Deposit, LogProcess, LogWorld, PATIENCE, WriteInvoice, at, customer, euro, operator, persist, rule_events,
    system,
};
use uuid::Uuid;

const PLACED: &str = include_str!("../../../domain/tests/golden/order/OrderPlaced.1.0.json");

const STARTED: &str = include_str!("../../../domain/tests/golden/subscription/SubscriptionStarted.1.0.json");

/// Lets the write-side indexes read the whole log, and says so.
async fn indexed(world: &LogWorld) {
    let head = world.head().await.unwrap();
    let known: Option<i64> = sqlx::query_scalar("select position from readers where name = 'indexes'")
        .fetch_optional(&world.app)
        .await
        .unwrap();
    let events: Vec<Arc<_>> = event_log::page::after(&world.app, known.unwrap_or(0), head).await.unwrap();
    let mut connection = world.app.acquire().await.unwrap();
    index::Indexes.apply(&mut connection, 0, &events).await.unwrap();
    sqlx::query(
        "insert into readers (name, version, position) values ('indexes', 1, $1) \
         on conflict (name) do update set position = excluded.position",
    )
    .bind(head)
    .execute(&mut *connection)
    .await
    .unwrap();
}

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

/// Whether the customer was closed; if not, that a balance was the reason.
async fn closes(process: &LogProcess, key: &str, customer_id: Uuid) -> bool {
    match process.bus.execute(&operator(key), &CloseCustomer { customer_id }).await {
        Ok(_) => true,
        Err(Rejection::Refused(Refusal::HasBalance)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_open_invoice_keeps_a_customer_open() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    let bill = Bill::own(customer_id, Period::of(at().date_naive()), 0);
    let write = WriteInvoice { bill, issued_on: Some(at().date_naive()) };
    process.bus.execute(&system("issue"), &write).await.unwrap();
    assert!(!closes(&process, "as soon as it is issued", customer_id).await);
    indexed(&world).await;
    assert!(!closes(&process, "when it is known", customer_id).await);
    process.bus.execute(&operator("write off"), &WriteOffInvoice { invoice_id: bill.invoice_id() }).await.unwrap();
    assert!(closes(&process, "once nobody expects it to be paid", customer_id).await);
}

/// What is to a customer's credit is paid out.
struct TakeOut(Uuid);

impl Command for TakeOut {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let all = balance::available(work, self.0, Currency::EUR).await?;
        balance::debit_in(work, self.0, all, BalanceSource::Payment(Uuid::nil())).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Balance, ids::balance(self.0, Currency::EUR))))
    }
}

#[tokio::test]
async fn a_credit_keeps_a_customer_open() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    process.bus.execute(&system("deposit"), &Deposit { customer_id, amount: euro(1) }).await.unwrap();
    assert!(!closes(&process, "as soon as it is there", customer_id).await);
    indexed(&world).await;
    assert!(!closes(&process, "when it is known", customer_id).await);
    persist(&process.bus, &system("take it out"), &TakeOut(customer_id)).await.unwrap();
    assert!(closes(&process, "once nothing is left", customer_id).await);
}

pub fn started() -> SubscriptionStarted {
    let SubscriptionEvent::SubscriptionStarted(started) = serde_json::from_str(STARTED).unwrap() else { panic!() };
    *started
}

/// Writes what the subscription itself decides.
pub struct Decide(SubscriptionCommand);

impl Command for Decide {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let started = started();
        work.decide::<SubscriptionRules>(started.subscription_id, &self.0, Some(started.customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, started.subscription_id)))
    }
}

pub fn start() -> Decide {
    let started = started();
    let seat = |n| ProvisionedSeat { seat_id: format!("seat-{n}"), key: format!("KEY-{n}") };
    let seats = (1..=started.quantity).map(seat).collect();
    Decide(SubscriptionCommand::Start(Box::new(StartSubscription { started, seats })))
}

/// The provider shows it cancelled.
fn cancelled() -> Decide {
    let started = started();
    Decide(SubscriptionCommand::Observe(Box::new(Observation {
        revision: started.provider_revision + 1,
        status: SubscriptionStatus::Cancelled,
        quantity: started.quantity,
        starts_on: started.starts_on,
        ends_on: started.starts_on,
        auto_renew: false,
        changed_on: started.starts_on,
        seats: Vec::new(),
        confirms: None,
        renewal: None,
        adopted_as: Uuid::from_u128(1),
    })))
}

#[tokio::test]
async fn a_live_subscription_is_seen_from_its_start_to_its_end() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let account = started().account_id;
    let live = async || index::has_live_subscriptions(&world.app, account).await.unwrap();
    indexed(&world).await;
    assert!(!live().await);
    process.bus.execute(&system("start"), &start()).await.unwrap();
    assert!(live().await, "as soon as it has started");
    indexed(&world).await;
    assert!(live().await, "when it is known");
    process.bus.execute(&system("cancel"), &cancelled()).await.unwrap();
    assert!(!live().await, "as soon as it has ended");
    indexed(&world).await;
    assert!(!live().await, "when that is known, too");
}

/// Writes what happened to something, whoever decided it.
async fn happened(process: &LogProcess, stream: StreamId, sequence: i64, event: impl Into<Event>) {
    let key = format!("{} {sequence}", stream.id);
    let metadata = serde_json::to_string(&system(&key).metadata(None)).unwrap();
    let mut submission = rule_events(&key, 0, (0, 0)).unwrap();
    submission.result = Some((stream.clone(), sequence));
    submission.events = vec![NewEvent::encode(stream, sequence, &event.into(), metadata, None).unwrap()];
    process.batcher.append(submission, PATIENCE).await.unwrap();
}

async fn closes_account(process: &LogProcess, key: &str, account_id: Uuid) -> bool {
    match process.bus.execute(&operator(key), &CloseAccount { account_id }).await {
        Ok(_) => true,
        Err(Rejection::Refused(Refusal::HasSubscriptions)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_open_order_keeps_an_account_open() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    let account_id = Uuid::from_u128(0xacc);
    let account = || StreamId::new(AggregateType::Account, account_id);
    let name = "Main".to_owned();
    let opened = AccountEvent::AccountOpened { account_id, customer_id, reseller_id: None, name, contact: None };
    happened(&process, account(), 1, opened).await;
    let provider_account_id = "acct-1".to_owned();
    happened(&process, account(), 2, AccountEvent::AccountLinked { provider_account_id }).await;

    let OrderEvent::OrderPlaced { mut details } = serde_json::from_str(PLACED).unwrap() else { panic!() };
    (details.account_id, details.customer_id) = (account_id, customer_id);
    let order = StreamId::new(AggregateType::Order, details.order_id);
    let open = async || index::open_orders(&world.app, account_id).await.unwrap();
    happened(&process, order.clone(), 1, OrderEvent::OrderPlaced { details: details.clone() }).await;
    assert_eq!(open().await, [details.order_id]);
    assert!(!closes_account(&process, "as soon as it is placed", account_id).await);
    indexed(&world).await;
    assert_eq!(open().await, [details.order_id]);
    assert!(!closes_account(&process, "when it is known", account_id).await);
    happened(&process, order, 2, OrderEvent::OrderCancelled {}).await;
    assert!(closes_account(&process, "as soon as it has ended", account_id).await);
    indexed(&world).await;
    assert!(open().await.is_empty(), "when that is known, too");
}

#[tokio::test]
async fn an_order_that_waits_for_a_refused_account_keeps_a_customer_open() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    let (account_id, name) = (Uuid::from_u128(0xacc), "Main".to_owned());
    let account = || StreamId::new(AggregateType::Account, account_id);
    let opened = AccountEvent::AccountOpened { account_id, customer_id, reseller_id: None, name, contact: None };
    happened(&process, account(), 1, opened).await;
    happened(&process, account(), 2, AccountEvent::AccountRefused { reason: "unknown-country".to_owned() }).await;
    let OrderEvent::OrderPlaced { mut details } = serde_json::from_str(PLACED).unwrap() else { panic!() };
    (details.account_id, details.customer_id) = (account_id, customer_id);
    let order = StreamId::new(AggregateType::Order, details.order_id);
    happened(&process, order.clone(), 1, OrderEvent::OrderPlaced { details }).await;
    indexed(&world).await;
    let close = CloseCustomer { customer_id };
    let waits = process.bus.execute(&operator("while it waits"), &close).await;
    assert!(matches!(waits, Err(Rejection::Refused(Refusal::HasAccounts))), "{waits:?}");
    happened(&process, order, 2, OrderEvent::OrderCancelled {}).await;
    process.bus.execute(&operator("once it has ended"), &close).await.unwrap();
}
