//! Billing runs against a real log: everything of a chunk in one append, and every charge once, whoever races whom.

use std::sync::Arc;

use commands::Rejection;
use commands::billing::{
    AccountBill, AccountHistory, BillParties, CompleteRun, GenerateInvoices, ParkAccounts, PartyBill, RetryRun,
    StartBillingRun,
};
use domain::billing::{History, Period, ProviderCharge, ProviderLine};
use domain::billing_run::{BillingRun, BillingRunRules, RunStatus};
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};
use domain::service::{BillingCycle, Term};
use domain::subscription::{SubscriptionEvent, SubscriptionStarted};
use domain::{Currency, Money, Refusal, UnitPrice, ids};
use rust_decimal::Decimal;
use tests::log_world::{LogProcess, LogWorld, at, check_log, customer, euro, operator, persist, system};
use uuid::Uuid;

fn january() -> Period {
    Period::parse("2026-01").unwrap()
}

fn run_id() -> Uuid {
    ids::billing_run("seller-de", january())
}

async fn started(process: &LogProcess) {
    let start = StartBillingRun { entity: "seller-de".to_owned(), period: january() };
    process.bus.execute(&system("start"), &start).await.unwrap();
}

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

fn subscription(customer_id: Uuid, number: usize, cost: Money) -> SubscriptionStarted {
    let id = |what: &str| ids::derived(&["test", what, &customer_id.to_string(), &number.to_string()]);
    SubscriptionStarted {
        subscription_id: id("subscription"),
        order_id: id("order"),
        line: 1,
        account_id: ids::derived(&["test", "account", &customer_id.to_string()]),
        customer_id,
        reseller_id: None,
        service_id: ids::service("ccp", "office-1"),
        service_name: "Office".to_owned(),
        sku: "office-1".to_owned(),
        provider_subscription_id: format!("s-{}", id("subscription")),
        quantity: 5,
        unit_price: UnitPrice::rounded(Decimal::new(1750, 2), Currency::EUR),
        reseller_unit_price: None,
        discountable: true,
        exchange_rate: None,
        unit_cost: cost,
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        starts_on: "2026-01-03".parse().unwrap(),
        ends_on: "2026-02-03".parse().unwrap(),
        cancellation_window_hours: Some(168),
        min_quantity: 1,
        max_quantity: 300,
        confirmed_at: at(),
        provider_revision: 1,
    }
}

/// What the provider asks for it.
fn line(of: &SubscriptionStarted) -> ProviderLine {
    ProviderLine {
        line_id: format!("bill-{}", of.subscription_id),
        provider_subscription_id: of.provider_subscription_id.clone(),
        charge: ProviderCharge::New,
        quantity: of.quantity.into(),
        from: of.starts_on,
        to: of.ends_on,
        amount: Money::rounded(of.unit_cost.amount() * Decimal::from(of.quantity), of.unit_cost.currency()),
    }
}

/// A party with one account and so many subscriptions, all of which the provider bills.
fn party(customer_id: Uuid, subscriptions: usize) -> PartyBill {
    with(customer_id, (0..subscriptions).map(|number| subscription(customer_id, number, euro(1_400))).collect())
}

fn with(customer_id: Uuid, subscriptions: Vec<SubscriptionStarted>) -> PartyBill {
    let lines = subscriptions.iter().map(line).collect();
    let history = |started: SubscriptionStarted| {
        let event = SubscriptionEvent::SubscriptionStarted(Box::new(started));
        Arc::new(History::of([&event]).unwrap())
    };
    let account = AccountBill {
        account_id: ids::derived(&["test", "account", &customer_id.to_string()]),
        customer_id,
        months: [january()].into(),
        lines,
        history: AccountHistory { subscriptions: subscriptions.into_iter().map(history).collect(), is_spoilt: false },
    };
    PartyBill { customer_id, accounts: vec![account] }
}

fn bill(run_id: Uuid, parties: Vec<PartyBill>) -> BillParties {
    BillParties { run_id, parties }
}

async fn run(process: &LogProcess, id: Uuid) -> BillingRun {
    process.bus.state::<BillingRunRules>(id).await.unwrap().state.known().unwrap().clone()
}

async fn invoice(process: &LogProcess, customer_id: Uuid) -> Option<Invoice> {
    let id = ids::period_invoice(customer_id, Currency::EUR, january(), 0);
    process.bus.state::<InvoiceRules>(id).await.unwrap().state.known().cloned()
}

async fn count(world: &LogWorld, event: &str) -> i64 {
    let sql = "select count(*) from events where event_type = $1";
    sqlx::query_scalar(sql).bind(event).fetch_one(&world.app).await.unwrap()
}

#[tokio::test]
async fn a_large_bill_is_one_append_and_no_event_is_too_long() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    started(&process).await;
    let many = bill(run_id(), vec![party(customer_id, 1_050)]);
    process.bus.execute(&system("bill"), &many).await.unwrap();
    let invoice = invoice(&process, customer_id).await.unwrap();
    assert_eq!((invoice.status, invoice.contents.line_count), (InvoiceStatus::Issued, 1_050));
    assert_eq!(invoice.contents.totals.net, euro(1_050 * 8_750));
    assert_eq!(invoice.issue.unwrap().issued_on, "2026-02-01".parse().unwrap());
    let longest = "select max(jsonb_array_length(payload::jsonb -> event_type -> 'lines'))::bigint from events \
                   where event_type in ('ProviderChargesImported', 'InvoiceIssued', 'InvoiceLinesAdded')";
    let longest: i64 = sqlx::query_scalar(longest).fetch_one(&world.app).await.unwrap();
    assert_eq!(longest, 200);
    let commands = "select count(distinct command_id) from events where aggregate_type <> 'customer'";
    let commands: i64 = sqlx::query_scalar(commands).fetch_one(&world.app).await.unwrap();
    assert_eq!(commands, 2, "the start, and everything else");
    assert_eq!(run(&process, run_id()).await.counts.imported, 1_050);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn runs_that_race_bill_every_charge_once() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let mut customers = Vec::new();
    for n in 0..12 {
        customers.push(registered(&one, &format!("Acme {n}")).await);
    }
    started(&one).await;
    let on_demand = ids::derived(&["test", "on demand"]);
    let generate = GenerateInvoices { run_id: on_demand, period: january(), customer_id: None, account_id: None };
    other.bus.execute(&operator("generate"), &generate).await.unwrap();
    let racing = (0..customers.len()).flat_map(|n| [(n, run_id()), (n, on_demand), (n, run_id()), (n, on_demand)]);
    let races = racing.enumerate().map(|(try_number, (n, run))| {
        let process = if (try_number + n).is_multiple_of(2) { &one } else { &other };
        let (customer, key) = (customers[n], format!("bill {try_number}"));
        async move {
            persist(&process.bus, &system(&key), &bill(run, vec![party(customer, 3)])).await.unwrap();
        }
    });
    futures::future::join_all(races).await;
    assert_eq!(count(&world, "InvoiceIssued").await, 12);
    assert_eq!(count(&world, "ChargesBilled").await, 12);
    let fresh = world.process().await.unwrap();
    let (month_end, asked_for) = (run(&fresh, run_id()).await, run(&fresh, on_demand).await);
    for run in [&month_end, &asked_for] {
        assert_eq!(run.done.len(), 12);
        assert_eq!(run.counts.issued + run.counts.skipped, 12);
    }
    assert_eq!(month_end.counts.issued + asked_for.counts.issued, 12);
    assert_eq!(month_end.counts.imported + asked_for.counts.imported, 36, "every line is imported once");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_reckoned_writes_nothing_and_is_parked() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let (good, bad) = (registered(&process, "Good").await, registered(&process, "Bad").await);
    started(&process).await;
    let mut endless = subscription(bad, 0, euro(1_400));
    endless.unit_price = UnitPrice::rounded(Decimal::MAX, Currency::EUR);
    let both = vec![party(good, 2), with(bad, vec![endless.clone()])];
    let refused = process.bus.execute(&system("both"), &bill(run_id(), both)).await.unwrap_err();
    assert!(matches!(refused, Rejection::Refused(Refusal::AmountOverflow)), "{refused}");
    assert!(invoice(&process, good).await.is_none());

    process.bus.execute(&system("good"), &bill(run_id(), vec![party(good, 2)])).await.unwrap();
    let accounts = vec![(endless.account_id, bad)];
    let park = ParkAccounts { run_id: run_id(), accounts, reason: "It cannot be billed.".to_owned() };
    process.bus.execute(&system("park"), &park).await.unwrap();
    // Somebody who has not seen what is parked does not end the run.
    let complete = |parked: Vec<Uuid>| CompleteRun { run_id: run_id(), parked: parked.into_iter().collect() };
    process.bus.execute(&system("complete too early"), &complete(Vec::new())).await.unwrap();
    assert_eq!(run(&process, run_id()).await.status, RunStatus::Running);
    process.bus.execute(&system("complete"), &complete(vec![endless.account_id])).await.unwrap();
    assert_eq!(run(&process, run_id()).await.status, RunStatus::Completed);

    process.bus.execute(&operator("retry"), &RetryRun { run_id: run_id() }).await.unwrap();
    process.bus.execute(&system("mended"), &bill(run_id(), vec![party(bad, 1)])).await.unwrap();
    assert_eq!(run(&process, run_id()).await.counts.issued, 2);
}

#[tokio::test]
async fn more_credited_than_charged_becomes_a_credit_note_instead() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    started(&process).await;
    // Begun in December and billed then; cancelled in January.
    let mut begun = subscription(customer_id, 0, euro(1_400));
    (begun.starts_on, begun.ends_on) = ("2025-12-20".parse().unwrap(), "2026-01-20".parse().unwrap());
    let cancelled = SubscriptionEvent::CancellationConfirmed {
        change_id: ids::derived(&["test", "cancel"]),
        effective_on: "2026-01-10".parse().unwrap(),
        provider_revision: 2,
    };
    let mut party = with(customer_id, vec![begun.clone()]);
    let events = [SubscriptionEvent::SubscriptionStarted(Box::new(begun.clone())), cancelled];
    party.accounts[0].history.subscriptions = vec![Arc::new(History::of(&events).unwrap())];
    party.accounts[0].lines = vec![ProviderLine {
        charge: ProviderCharge::Cancel,
        quantity: -5,
        from: "2026-01-10".parse().unwrap(),
        amount: euro(-2_258),
        ..line(&begun)
    }];
    process.bus.execute(&system("bill"), &bill(run_id(), vec![party])).await.unwrap();
    let counts = run(&process, run_id()).await.counts;
    assert_eq!((counts.issued, counts.drafts, counts.credit_notes), (0, 0, 1));
    let id = ids::balance(customer_id, Currency::EUR);
    let left = process.bus.state::<domain::balance::BalanceRules>(id).await.unwrap().state.amount();
    // 5 × 17.50 × 10/31 = 28.23, and 19 % of it.
    assert_eq!(left, Some(euro(3_359)));
    let billed = "select payload->'ChargesBilled'->>'document_id' from events where event_type = 'ChargesBilled'";
    let billed: String = sqlx::query_scalar(billed).fetch_one(&world.app).await.unwrap();
    assert_eq!(billed, ids::period_credit_note(customer_id, Currency::EUR, january(), 0).to_string());
}
