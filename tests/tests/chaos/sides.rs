//! Both sides, as each shows itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{all_pages, ask, each, expect, new_key};
use tests::world::World;
use tokio::time::Instant;

/// A run waits for the provider's recovery, as everything does.
const LIMIT: Duration = Duration::from_secs(100);

/// What must be equal of a subscription: seats, state, first day after the term; of what has ended, its state.
type Side = BTreeMap<String, (Option<u64>, String, Option<String>)>;

fn row(shown: &Value) -> (Option<u64>, String, Option<String>) {
    let status = shown["status"].as_str().unwrap_or_default().to_owned();
    let is_live = status == "active" || status == "suspended";
    let ends_on = shown["ends_on"].as_str().map(str::to_owned);
    (shown["quantity"].as_u64().filter(|_| is_live), status, ends_on.filter(|_| is_live))
}

async fn ours(world: &World) -> anyhow::Result<Side> {
    let all = all_pages(&world.operator()?, "/v1/subscriptions", 100).await?;
    let name = |one: &Value| one["provider"]["subscription_id"].as_str().unwrap_or_default().to_owned();
    Ok(all.iter().map(|one| (name(one), row(one))).collect())
}

async fn theirs(world: &World) -> anyhow::Result<Side> {
    let provider = &world.settings.provider;
    let anybody = Client::new(&provider.url(), "")?;
    let body = json!({
        "grant_type": "client_credentials", "client_id": provider.client_id, "client_secret": provider.client_secret,
    });
    let token = expect(ask(&anybody, Method::POST, "/oauth/token", None, Some(&body)).await?, 200)?;
    let client = anybody.with_token(&token.text_of("access_token")?);
    let (mut side, mut cursor) = (Side::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/subscriptions{cursor}")).await?;
        let items = page.body["items"].as_array().context("no items")?;
        side.extend(items.iter().map(|one| (one["subscription_id"].as_str().unwrap_or_default().to_owned(), row(one))));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("?cursor={next}"),
            None => return Ok(side),
        }
    }
}

/// One reconciliation, from asking for it to its end.
pub async fn reconcile(world: &World) -> anyhow::Result<()> {
    let operator = world.operator()?;
    let asked = operator.post("/v1/admin/reconcile", &new_key(), &json!({}), 202).await?;
    let path = format!("/v1/admin/reconcile/{}", asked.id()?);
    let deadline = Instant::now() + LIMIT;
    while operator.wait_until(&path, |run| run["status"] == "completed").await.is_err() {
        // What was being waited for when the faults ended is waited for a little longer.
        ensure!(Instant::now() < deadline, "{path} is never completed");
    }
    Ok(())
}

/// Every subscription is the same on both sides. One that only the provider has is listed for the operator.
pub async fn are_equal(world: &World) -> anyhow::Result<usize> {
    let (ours, theirs) = (ours(world).await?, theirs(world).await?);
    let drift = all_pages(&world.operator()?, "/v1/admin/drift?status=open&field=unknown", 100).await?;
    let listed: Vec<String> = each(&drift, "provider_subscription_id");
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).filter(|name| !listed.contains(name)).collect();
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| format!("{name}: {:?} here, {:?} there", ours.get(name), theirs.get(name)))
        .collect();
    ensure!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
    Ok(ours.len())
}
