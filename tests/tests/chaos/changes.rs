//! Customers who change what they have, and somebody in the provider's console.

use std::time::Duration;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{all_pages, ask, new_key};
use tests::world::World;
use tokio::time::Instant;

/// How long to wait for something to change.
const LIMIT: Duration = Duration::from_secs(60);

/// Changes subscriptions, each in another way, until that many requests were accepted.
pub async fn make(world: &World, wanted: usize) -> anyhow::Result<()> {
    let operator = world.operator()?;
    let (deadline, mut accepted, mut turn) = (Instant::now() + LIMIT, 0, 0);
    while accepted < wanted {
        ensure!(Instant::now() < deadline, "only {accepted} of {wanted} changes were accepted");
        for subscription in all_pages(&operator, "/v1/subscriptions?status=active,suspended", 100).await? {
            turn += 1;
            accepted += usize::from(change(&operator, &subscription, turn).await?);
            if accepted >= wanted {
                break;
            }
        }
    }
    Ok(())
}

/// True when it was accepted. A refusal is an answer; a failure of ours is none.
async fn change(operator: &Client, subscription: &Value, turn: u64) -> anyhow::Result<bool> {
    let id = subscription["id"].as_str().unwrap_or_default();
    let quantity = subscription["quantity"].as_u64().unwrap_or(1);
    let (what, body) = match turn % 8 {
        0 => ("suspend", json!({})),
        1 => ("renewal", json!({ "action": "expire" })),
        2 => ("cancel", json!({})),
        3 => ("resume", json!({})),
        4 => ("quantity", json!({ "quantity": quantity.saturating_sub(2).max(1) })),
        _ => ("quantity", json!({ "quantity": (quantity + turn % 5 + 1).min(60) })),
    };
    let path = format!("/v1/subscriptions/{id}/{what}");
    let answer = ask(operator, Method::PUT, &path, Some(&new_key()), Some(&body)).await;
    // While processes are killed there may be nobody to answer.
    let Ok(answer) = answer else { return Ok(false) };
    ensure!(answer.status < 500 || answer.status == 503, "{what} of {id}: {}", answer.text);
    Ok(answer.status < 300)
}

/// Somebody in the provider's console changes a few of those that nothing is being done about.
pub async fn edit_at_the_provider(world: &World, count: usize) -> anyhow::Result<()> {
    let console = Client::new(&world.settings.provider.url(), "")?;
    let all = all_pages(&world.operator()?, "/v1/subscriptions?status=active", 100).await?;
    let still = all.iter().filter(|one| one["change"].is_null()).take(count);
    for (n, subscription) in (1..).zip(still) {
        let id = subscription["provider"]["subscription_id"].as_str().unwrap_or_default();
        let body = if n % 4 == 0 { json!({ "status": "suspended" }) } else { json!({ "quantity": 60 + n }) };
        let path = format!("/sim/subscriptions/{id}");
        let answer = ask(&console, Method::PATCH, &path, None, Some(&body)).await?;
        ensure!(answer.status == 200, "{}", answer.text);
    }
    Ok(())
}
