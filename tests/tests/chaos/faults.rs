//! Faults of every kind at once.

use std::time::Duration;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::invariants::{self, System};
use tests::story::{self, all_pages, ask, new_key};
use tests::world::World;
use tokio::time::Instant;

use crate::{changes, sides};

/// Orders before the provider misbehaves, so that there is something to change, and while it does.
const BEFORE: usize = 60;
const MEANWHILE: usize = 140;
/// Changes that we accept meanwhile.
const CHANGES: usize = 200;
/// Edits in the provider's console.
const EDITS: usize = 8;
/// Faults that must have struck before it is over, and how long that may take: the breaker holds most calls back then.
const STRIKES: u64 = 40;
const LONGEST: Duration = Duration::from_secs(60);
/// How long everything that was begun may take to end once the provider behaves.
const SETTLING: Duration = Duration::from_secs(120);

/// About 60 % of all calls go wrong, in every way there is.
fn faulty_calls() -> Vec<Value> {
    let on_calls = |fault: &str, seed: u64, ms: u64, times: u64| json!({ "fault": fault, "match": { "path": "/v1/" }, "share": 0.12, "seed": seed, "ms": ms, "times": times });
    let in_content =
        |fault: &str, share: f64, seed: u64| json!({ "fault": fault, "share": share, "seed": seed, "times": 10_000 });
    vec![
        on_calls("delay", 1, 300, 10_000),
        on_calls("drip", 2, 200, 10_000),
        on_calls("reset", 3, 0, 10_000),
        on_calls("429", 4, 0, 10_000),
        on_calls("500_before", 5, 0, 10_000),
        on_calls("500_after", 6, 0, 10_000),
        on_calls("timeout_after", 7, 17_000, 6),
        in_content("stale", 0.3, 8),
        in_content("reject_line", 0.1, 9),
        in_content("partial", 0.1, 10),
    ]
}

fn faulty_webhooks() -> Vec<Value> {
    let kinds = ["webhook_lost", "webhook_repeat", "webhook_reorder", "webhook_late", "webhook_forged"];
    let script =
        |(seed, fault): (u64, &str)| json!({ "fault": fault, "share": 0.3, "seed": seed, "ms": 500, "times": 10_000 });
    (20..).zip(kinds).map(script).collect()
}

fn no_webhooks() -> Vec<Value> {
    vec![json!({ "fault": "webhook_lost", "times": 1_000_000 })]
}

/// Places orders, two lines each, surely: while processes are killed some answers are lost.
async fn order(world: &World, count: usize) -> anyhow::Result<Vec<String>> {
    let customer = world.customer()?;
    let (office, mail) = (world.service("office-business")?, world.service("mail-guard")?);
    let mut placed = Vec::with_capacity(count);
    for n in 0..u32::try_from(count)? {
        let body = story::order_of(&world.sample.account_id, &[(office, 3 + n % 9), (mail, 1 + n % 4)]);
        placed.push(customer.post_surely("/v1/orders", &new_key(), &body).await?.id()?);
    }
    Ok(placed)
}

fn hits(faults: &Value) -> u64 {
    let scripts = faults["faults"].as_array().into_iter().flatten();
    scripts.filter_map(|script| script["hits"].as_u64()).sum()
}

/// Often enough, and both in calls and in webhooks.
fn is_enough(faults: &Value) -> bool {
    let scripts = faults["faults"].as_array().into_iter().flatten();
    let of_webhook = |script: &Value| script["fault"].as_str()?.strip_prefix("webhook_").and(script["hits"].as_u64());
    let of_webhooks: u64 = scripts.filter_map(of_webhook).sum();
    let all = hits(faults);
    all >= STRIKES && of_webhooks > 0 && all - of_webhooks >= STRIKES / 2
}

/// Waits until enough has gone wrong, and ends it.
async fn strike_and_end(world: &World) -> anyhow::Result<u64> {
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let deadline = Instant::now() + LONGEST;
    while provider.wait_until("/sim/faults", is_enough).await.is_err() {
        ensure!(Instant::now() < deadline, "too few of {STRIKES} faults struck");
    }
    let struck = hits(&provider.get("/sim/faults").await?.body);
    ensure!(ask(&provider, Method::DELETE, "/sim/faults", None, None).await?.status == 204, "the faults go on");
    Ok(struck)
}

/// Returns once no effect is open.
async fn settle(world: &World) -> anyhow::Result<Duration> {
    let (operator, begun) = (world.operator()?, Instant::now());
    let is_quiet = |body: &Value| body["data"].as_array().is_some_and(Vec::is_empty);
    while operator.wait_until("/v1/admin/effects?state=due", is_quiet).await.is_err() {
        let open = operator.get("/v1/admin/effects?state=due").await?;
        ensure!(begun.elapsed() < SETTLING, "still open: {}", open.text);
    }
    Ok(begun.elapsed())
}

/// Every order is final, or an effect of it is listed for the operator.
async fn no_order_is_lost(world: &World, placed: &[String]) -> anyhow::Result<()> {
    let operator = world.operator()?;
    let letters = all_pages(&operator, "/v1/admin/dead-letters", 100).await?;
    let listed = story::each(&letters, "aggregate_id");
    let ended = ["fulfilled", "partially_fulfilled", "failed", "cancelled"];
    for id in placed {
        let order = operator.get(&format!("/v1/orders/{id}")).await?;
        let status = order.text_of("status")?;
        ensure!(ended.contains(&status.as_str()) || listed.contains(id), "neither ended nor listed: {}", order.text);
    }
    println!("{} orders, {} dead letters", placed.len(), letters.len());
    Ok(())
}

/// Orders and changes under faults, with that many crashes of the product meanwhile; then quiet, and two cycles.
async fn chaos(webhooks: Vec<Value>, crashes: u32) -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let mut placed = order(&world, BEFORE).await?;
    for id in &placed {
        story::sees_order_end(&world.customer()?, id, "fulfilled").await?;
    }
    for script in faulty_calls().iter().chain(&webhooks) {
        story::troubles(&world, script).await?;
    }
    placed.extend(order(&world, MEANWHILE / 2).await?);
    changes::make(&world, CHANGES / 2).await?;
    changes::edit_at_the_provider(&world, EDITS).await?;
    for _ in 0..crashes {
        world.product.kill9().await?;
        world.product.start_again().await?;
        changes::make(&world, 5).await?;
    }
    placed.extend(order(&world, MEANWHILE / 2).await?);
    changes::make(&world, CHANGES / 2).await?;
    let struck = strike_and_end(&world).await?;
    let settled = settle(&world).await?;
    sides::reconcile(&world).await?;
    sides::reconcile(&world).await?;
    settle(&world).await?;
    let compared = sides::are_equal(&world).await?;
    println!("{struck} faults, settled after {settled:?}, {compared} subscriptions are the same on both sides");
    no_order_is_lost(&world, &placed).await?;
    let report = invariants::check(&System::of(&world, None)).await?;
    ensure!(report.violations() == 0, "{}", report.complaints());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_calls_and_webhooks_leave_both_sides_equal() -> anyhow::Result<()> {
    chaos(faulty_webhooks(), 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_calls_and_no_webhook_at_all_leave_both_sides_equal() -> anyhow::Result<()> {
    chaos(no_webhooks(), 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_calls_while_processes_are_killed_leave_both_sides_equal() -> anyhow::Result<()> {
    chaos(faulty_webhooks(), 3).await
}
