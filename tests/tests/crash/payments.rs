//! Death while money moves: between the decision to send and sending, and between the gateway's answer and our note.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::gateways;
use tests::invariants::{self, System};
use tests::story::{self, new_key};
use tests::trial::{RECOVERY, Record, Recorder};
use tests::world::World;
use tests::world::process::Process;

/// Passed only where somebody pays.
pub const POINTS: [&str; 2] = ["payment.intent_committed", "payment.charged_not_recorded"];

#[tokio::test]
async fn a_wallet_charges_once_whenever_we_die() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let mut recorder = Recorder::new("payments-wallet");
    for point in POINTS {
        let Death { order, payment, first_write } = dies_while_paying(&mut world, point).await?;
        let (client, settling) = (world.other_customer()?, Instant::now());
        let seen = client.wait_until(&payment, |body| body["status"] == "succeeded").await?;
        assert_eq!(gateways::ledger(&world).await?.charges(&order).len(), 1, "{point}: {}", seen.text);
        client.wait_until(&format!("/v1/orders/{order}"), |body| body["status"] == "fulfilled").await?;
        let fault = format!("the product dies at `{point}`, charging a wallet");
        holds(&world, &mut recorder, fault, (first_write, settling.elapsed())).await?;
    }
    Ok(())
}

/// Without keys and questions there, only an operator can know.
#[tokio::test]
async fn a_token_is_never_charged_on_suspicion() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let terms = format!("/v1/customers/{}/terms", world.sample.other_customer_id);
    let body = json!({ "currency": "EUR", "gateway": "token" });
    story::expect(story::ask(&world.operator()?, Method::PUT, &terms, None, Some(&body)).await?, 200)?;
    let mut recorder = Recorder::new("payments-token");
    for (point, charges, outcome, status) in
        [(POINTS[0], 0, "not_charged", "payment_failed"), (POINTS[1], 1, "succeeded", "fulfilled")]
    {
        let before = gateways::ledger(&world).await?.movements.len();
        let Death { order, payment, first_write } = dies_while_paying(&mut world, point).await?;
        let (client, operator, settling) = (world.other_customer()?, world.operator()?, Instant::now());
        let unknown = client.wait_until(&payment, |body| body["status"] == "unknown").await?;
        assert_eq!((unknown.body["reason"].as_str(), point), (Some("no_answer"), point));
        assert_eq!(gateways::ledger(&world).await?.movements.len() - before, charges, "{point}");
        let found = json!({ "outcome": outcome, "evidence": "Told by the gateway." });
        operator.post(&format!("{payment}/resolve"), &new_key(), &found, 200).await?;
        client.wait_until(&format!("/v1/orders/{order}"), |body| body["status"] == status).await?;
        let fault = format!("the product dies at `{point}`, charging a token; an operator finds out");
        holds(&world, &mut recorder, fault, (first_write, settling.elapsed())).await?;
    }
    Ok(())
}

/// The product died over the payment of an order, and lives again.
struct Death {
    order: String,
    payment: String,
    /// From there on to the first request accepted.
    first_write: Duration,
}

/// An order that is to be paid in advance, and the payment over which the product dies and is started again.
async fn dies_while_paying(world: &mut World, point: &str) -> anyhow::Result<Death> {
    let client = world.other_customer()?;
    let mut wish = story::order_of(&world.sample.other_account_id, &[(world.service("office-business")?, 2)]);
    wish["payment"] = json!("prepaid");
    let order = client.post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    world.product.kill9().await?;
    let mut doomed = doomed(world, point)?;
    client.wait_until("/healthz", |_: &Value| true).await?;
    // It may die before it answers.
    let path = format!("/v1/orders/{order}/checkout");
    drop(story::ask(&client, Method::POST, &path, Some(&new_key()), None).await);
    let status = doomed.wait(RECOVERY).await.with_context(|| format!("{point} was never hit"))?;
    ensure!(status.signal().is_some(), "{point} was never hit, it ended by itself: {status}");
    world.product.start_again().await?;
    let back = Instant::now();
    let account = json!({ "customer_id": world.sample.other_customer_id, "name": "Opened afterwards" });
    client.post("/v1/accounts", &new_key(), &account, 201).await?;
    let first_write = back.elapsed();
    let of_order = format!("/v1/payments?order_id={order}");
    let payments = client.wait_until(&of_order, |body| body["data"][0]["id"].is_string()).await?;
    let payment = payments.body["data"][0]["id"].as_str().context("no id")?;
    Ok(Death { order, payment: format!("/v1/payments/{payment}"), first_write })
}

fn doomed(world: &World, point: &str) -> anyhow::Result<Process> {
    let mut settings = world.settings.clone();
    settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), point.to_owned()));
    settings.cloudsales("doomed.log")?.argument("serve").spawn()
}

async fn holds(
    world: &World,
    recorder: &mut Recorder,
    fault: String,
    (first_write, settled): (Duration, Duration),
) -> anyhow::Result<()> {
    let report = invariants::check(&System::of(world, None)).await?;
    let violations = report.violations();
    recorder.add(Record { fault, rounds: 1, faults: 1, violations, first_write, settled })?;
    ensure!(violations == 0, "{}", report.complaints());
    Ok(())
}
