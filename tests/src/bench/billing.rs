//! A month's end: how long a billing run takes, and how that grows with the number of subscriptions.

use std::time::Duration;

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use sqlx::{Connection, FromRow, PgConnection};

use super::cpu::resident_mb;
use super::ground::Ground;
use super::http;
use super::plan::Plan;
use super::report::{Limit, Report, Row};
use crate::business_time::DevClock;
use crate::client::Client;
use crate::story;
use crate::world::description::Site;
use crate::world::product::Settings;

/// Two days before a month ends.
const BEGINS: &str = "2026-10-30T09:00:00Z";
/// Orders under way while the subscriptions are made.
const AT_ONCE: usize = 32;
/// Lines of each customer's order, and so its subscriptions.
const LINES: usize = 10;
/// The run is not to be slower per subscription when there are ten times as many.
const LIMIT: Limit = Limit::AtMostTimes { reach: 1.5, goal: 1.1 };
/// The times at which everything is ordered may differ by this much from the times at which it is there.
const PROVISIONED: Duration = Duration::from_secs(900);
const LOOK: Duration = Duration::from_millis(250);

/// What one run came to.
#[derive(Debug, Clone, Copy)]
struct Run {
    subscriptions: usize,
    seconds: f64,
    /// Written from the run's first event to its last.
    events: i64,
    /// Of the whole process, at its highest while the month ended.
    memory_mb: f64,
}

#[derive(FromRow)]
struct Timed {
    seconds: f64,
    events: i64,
    invoices: i64,
    /// Charges on invoices.
    charges: i64,
}

/// Row 10.
///
/// # Errors
/// When a process does not start, an order is not fulfilled, or the run does not bill every subscription once.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for customers in plan.billed {
        let run = month_end(ground, customers).await.with_context(|| format!("{customers} customers"))?;
        println!(
            "billing run, {} subscriptions: {:.2} s, {:.0} subscriptions/s, {:.0} events/s, {:.0} MB at its highest",
            run.subscriptions,
            run.seconds,
            run.per_second(),
            run.events as f64 / run.seconds,
            run.memory_mb
        );
        runs.push(run);
    }
    let [small, large] = runs[..] else { anyhow::bail!("two runs are compared") };
    report.add(Row {
        number: "10".to_owned(),
        what: format!("billing run, time per subscription, {} of them", large.subscriptions),
        ours: format!("{:.2} ms ({:.0}/s, {:.1} s in all)", large.each_ms(), large.per_second(), large.seconds),
        beside: format!("{:.2} ms in a run over {}", small.each_ms(), small.subscriptions),
        value: large.each_ms() / small.each_ms(),
        limit: LIMIT,
        bound: "reading the provider's bills account by account, then one append per chunk of billed parties"
            .to_owned(),
    });
    report.note(format!(
        "Billing run over {} subscriptions: {} events, {:.0} events/s, product's memory at its highest {:.0} MB ({:.0} MB \
         over {}).",
        large.subscriptions,
        large.events,
        large.events as f64 / large.seconds,
        large.memory_mb,
        small.memory_mb,
        small.subscriptions
    ));
    Ok(())
}

impl Run {
    fn each_ms(&self) -> f64 {
        self.seconds * 1_000.0 / self.subscriptions as f64
    }

    fn per_second(&self) -> f64 {
        self.subscriptions as f64 / self.seconds
    }
}

async fn month_end(ground: &Ground, customers: usize) -> anyhow::Result<Run> {
    let settings = http::settings(ground, &format!("bench_billing_{customers}")).await?;
    let settings = Settings { clock: Some(BEGINS.to_owned()), ..settings };
    let mut provider = settings.simulate_provider(&settings.logs.join("ccp-sim")).await?;
    let mut product = settings.serve().await?;
    let clock = DevClock::new(&settings.api_url())?;
    subscribe(&settings, customers).await?;
    clock.advance("P1D").await?;
    forget_highest(product.pid())?;
    clock.advance("P1D").await?;
    let memory_mb = resident_mb(product.pid()).context("the product has ended")?.1;
    let run = timed(&settings, customers).await?;
    product.kill9().await?;
    provider.kill9().await?;
    Ok(Run { subscriptions: customers * LINES, seconds: run.seconds, events: run.events, memory_mb })
}

/// Every customer orders once, and has what it ordered when this returns.
async fn subscribe(settings: &Settings, customers: usize) -> anyhow::Result<()> {
    let site = Site::of(settings);
    let operator = Client::new(&site.api, &site.token("operator", None).await?)?;
    let synced = |body: &Value| body["data"].as_array().is_some_and(|services| services.len() > LINES);
    let listed = operator.wait_until("/v1/services?limit=100", synced).await?;
    let services: Vec<(String, u64)> = story::data(&listed).iter().filter_map(sold).take(LINES).collect();
    let orders = futures::stream::iter(0..customers).map(|number| order(&operator, number, &services));
    orders.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let mut database = PgConnection::connect(&settings.databases.app).await?;
    let sql = "select count(*) from events where event_type = 'SubscriptionStarted'";
    let deadline = tokio::time::Instant::now() + PROVISIONED;
    let wanted = i64::try_from(customers * LINES)?;
    loop {
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut database).await?;
        if found == wanted {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "only {found} of {wanted} subscriptions have started");
        tokio::time::sleep(LOOK).await;
    }
}

/// What a customer in euro can order, and how many of it at least.
fn sold(service: &Value) -> Option<(String, u64)> {
    let in_euro = service["list_price"]["currency"] == "EUR";
    in_euro.then(|| Some((service["id"].as_str()?.to_owned(), service["min_quantity"].as_u64()?)))?
}

async fn order(operator: &Client, number: usize, services: &[(String, u64)]) -> anyhow::Result<()> {
    let key = |what: &str| format!("bench/{what}/{number}");
    let customer = json!({
        "name": format!("Measured {number}"), "kind": "direct", "country": "DE", "currency": "EUR",
        "vat_id": "DE123456789", "contact": { "name": "Buyer", "email": "buyer@customer.example" },
    });
    let customer = operator.post("/v1/customers", &key("customer"), &customer, 201).await?.id()?;
    let account = json!({ "customer_id": customer, "name": "Main" });
    let account = operator.post("/v1/accounts", &key("account"), &account, 201).await?.id()?;
    let line = |(service, least): &(String, u64)| json!({ "service_id": service, "quantity": least });
    let lines: Vec<Value> = services.iter().cycle().take(LINES).map(line).collect();
    let order = json!({ "account_id": account, "lines": lines });
    operator.post("/v1/orders", &key("order"), &order, 201).await?;
    Ok(())
}

/// From here on the kernel looks for the highest anew.
fn forget_highest(pid: u32) -> anyhow::Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the kernel does not forget the highest memory")
}

/// The run by the log: nothing is forgotten and nothing billed twice, or the time means nothing.
async fn timed(settings: &Settings, customers: usize) -> anyhow::Result<Run> {
    let sql = "with run as (select min(position) as first, max(position) as last, \
               extract(epoch from max(recorded_at) - min(recorded_at))::float8 as seconds \
               from events where aggregate_type = 'billing_run') \
               select run.seconds, run.last - run.first + 1 as events, \
               (select count(*) from events where event_type = 'InvoiceIssued') as invoices, \
               (select coalesce(sum(jsonb_array_length(payload::jsonb -> 'ChargesBilled' -> 'charges')), 0)::bigint \
                from events where event_type = 'ChargesBilled') as charges from run";
    let mut database = PgConnection::connect(&settings.databases.app).await?;
    let found: Timed = sqlx::query_as(sql).fetch_one(&mut database).await?;
    let (invoices, charges) = (i64::try_from(customers)?, i64::try_from(customers * LINES)?);
    ensure!(found.invoices == invoices, "{} invoices for {customers} customers", found.invoices);
    ensure!(found.charges == charges, "{} charges of {charges} are billed", found.charges);
    Ok(Run { subscriptions: customers * LINES, seconds: found.seconds, events: found.events, memory_mb: 0.0 })
}
