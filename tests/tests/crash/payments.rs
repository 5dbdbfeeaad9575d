//! Death while money moves: between the decision to send and sending, and between the gateway's answer and our note.

use std::os::unix::process::ExitStatusExt;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::gateways;
use tests::invariants::{self, System};
use tests::story::{self, new_key};
use tests::trial::RECOVERY;
use tests::world::World;
use tests::world::process::Process;

/// Passed only where somebody pays.
pub const POINTS: [&str; 2] = ["payment.intent_committed", "payment.charged_not_recorded"];

#[tokio::test]
async fn a_wallet_charges_once_whenever_we_die() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    for point in POINTS {
        let (order, payment) = dies_while_paying(&mut world, point).await?;
        let client = world.other_customer()?;
        let seen = client.wait_until(&payment, |body| body["status"] == "succeeded").await?;
        assert_eq!(gateways::ledger(&world).await?.charges(&order).len(), 1, "{point}: {}", seen.text);
        client.wait_until(&format!("/v1/orders/{order}"), |body| body["status"] == "fulfilled").await?;
    }
    holds(&world).await
}

/// Without keys and questions there, only an operator can know.
#[tokio::test]
async fn a_token_is_never_charged_on_suspicion() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let terms = format!("/v1/customers/{}/terms", world.sample.other_customer_id);
    let body = json!({ "currency": "EUR", "gateway": "token" });
    story::expect(story::ask(&world.operator()?, Method::PUT, &terms, None, Some(&body)).await?, 200)?;
    for (point, charges, outcome, status) in
        [(POINTS[0], 0, "not_charged", "payment_failed"), (POINTS[1], 1, "succeeded", "fulfilled")]
    {
        let before = gateways::ledger(&world).await?.movements.len();
        let (order, payment) = dies_while_paying(&mut world, point).await?;
        let (client, operator) = (world.other_customer()?, world.operator()?);
        let unknown = client.wait_until(&payment, |body| body["status"] == "unknown").await?;
        assert_eq!((unknown.body["reason"].as_str(), point), (Some("no_answer"), point));
        assert_eq!(gateways::ledger(&world).await?.movements.len() - before, charges, "{point}");
        let found = json!({ "outcome": outcome, "evidence": "Told by the gateway." });
        operator.post(&format!("{payment}/resolve"), &new_key(), &found, 200).await?;
        client.wait_until(&format!("/v1/orders/{order}"), |body| body["status"] == status).await?;
    }
    holds(&world).await
}

/// An order that is to be paid in advance, and the payment over which the product dies and is started again.
async fn dies_while_paying(world: &mut World, point: &str) -> anyhow::Result<(String, String)> {
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
    let of_order = format!("/v1/payments?order_id={order}");
    let payments = client.wait_until(&of_order, |body| body["data"][0]["id"].is_string()).await?;
    let payment = payments.body["data"][0]["id"].as_str().context("no id")?;
    Ok((order, format!("/v1/payments/{payment}")))
}

fn doomed(world: &World, point: &str) -> anyhow::Result<Process> {
    let mut settings = world.settings.clone();
    settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), point.to_owned()));
    settings.cloudsales("doomed.log")?.argument("serve").spawn()
}

async fn holds(world: &World) -> anyhow::Result<()> {
    let report = invariants::check(&System::of(world, None)).await?;
    ensure!(report.violations() == 0, "{}", report.complaints());
    Ok(())
}
