//! A provider that does everything wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Instant;

use anyhow::ensure;
use serde_json::{Value, json};
use tests::trial::{RECOVERY, Trial};

/// Requests accepted while the provider misbehaves.
const LOAD: u64 = 40;

async fn faults(trial: &mut Trial, name: &str, scripts: &[Value]) -> anyhow::Result<()> {
    faults_during(trial, LOAD, name, scripts).await
}

async fn faults_during(trial: &mut Trial, load: u64, name: &str, scripts: &[Value]) -> anyhow::Result<()> {
    for script in scripts {
        trial.script(script).await?;
    }
    let mut round = trial.round(name).await?;
    round.driver.progress(load, RECOVERY).await?;
    let begun = Instant::now();
    while trial.strikes().await?.contains(&0) {
        ensure!(begun.elapsed() < RECOVERY, "{name}: not every fault struck: {:?}", trial.strikes().await?);
        round.driver.progress(4, RECOVERY).await?;
    }
    let struck = trial.end_scripts().await?;
    round.struck().await?;
    round.add_faults(struck - 1);
    trial.judge(round).await
}

/// Below what opens the circuit breaker.
fn a_few(fault: &str, method: &str, path: &str) -> Value {
    json!({ "fault": fault, "match": { "method": method, "path": path }, "times": 4, "share": 0.5, "seed": 7 })
}

fn webhooks(fault: &str, ms: u64) -> Value {
    json!({ "fault": fault, "times": 1_000, "share": 0.6, "seed": 7, "ms": ms })
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_provider_in_its_answers() -> anyhow::Result<()> {
    let mut trial = Trial::start("7-answers").await?;
    let after = [a_few("500_after", "POST", "/v1/orders")];
    faults(&mut trial, "the provider does it and answers 500", &after).await?;
    let accounts = [a_few("500_after", "POST", "/v1/accounts")];
    faults(&mut trial, "the provider opens the account and answers 500", &accounts).await?;
    let reset = [a_few("reset", "POST", "/v1/"), a_few("reset", "GET", "/v1/orders")];
    faults(&mut trial, "the provider resets the connection", &reset).await?;
    let busy = [json!({ "fault": "429", "match": { "path": "/v1/" }, "times": 30, "share": 0.3, "seed": 7 })];
    faults(&mut trial, "the provider answers 429", &busy).await?;
    let stale = [json!({ "fault": "stale", "match": { "method": "GET" }, "times": 200, "share": 0.5, "seed": 7 })];
    faults(&mut trial, "the provider shows what was before", &stale).await?;
    let part = [
        json!({ "fault": "partial", "times": 8, "share": 0.5, "seed": 7 }),
        json!({ "fault": "reject_line", "times": 8, "share": 0.5, "seed": 8 }),
    ];
    faults(&mut trial, "the provider rejects lines", &part).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_provider_that_last() -> anyhow::Result<()> {
    let mut trial = Trial::start("8-lasting").await?;
    // Longer than the client waits for any answer.
    let never = json!({ "fault": "timeout_after", "match": { "method": "POST", "path": "/v1/orders" }, "ms": 17_000 });
    faults(&mut trial, "the provider does it and never answers", &[never]).await?;
    // Much longer than a transaction may be idle: one that waited for an answer would be seen.
    let slow = json!({ "fault": "delay", "match": { "path": "/v1/" }, "ms": 1_500, "times": 1_000 });
    faults_during(&mut trial, 5 * LOAD, "the provider takes 1.5 s for every answer", &[slow]).await?;

    let mut round = trial.round("the provider dies, and comes back").await?;
    trial.world.provider.kill9().await?;
    round.driver.progress(30, RECOVERY).await?;
    trial.world.provider.start_again().await?;
    round.struck().await?;
    trial.judge(round).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_provider_in_its_webhooks() -> anyhow::Result<()> {
    let mut trial = Trial::start("9-webhooks").await?;
    for (fault, ms, name) in [
        ("webhook_lost", 0, "webhooks are lost"),
        ("webhook_repeat", 150, "webhooks are repeated"),
        ("webhook_reorder", 700, "webhooks overtake each other"),
        ("webhook_late", 2_500, "webhooks are late"),
        ("webhook_forged", 0, "webhooks are forged"),
    ] {
        faults(&mut trial, name, &[webhooks(fault, ms)]).await?;
    }
    Ok(())
}
