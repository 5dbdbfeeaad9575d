//! What those who run the product look at, and that nobody else can.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::json;
use tests::client::Client;
use tests::story::{self, cast};
use tests::world::World;

#[tokio::test]
async fn probes_tell_how_it_is_and_the_work_goes_on_without_messages() -> anyhow::Result<()> {
    let mut world = World::with_own_servers(Vec::new()).await?;
    let cast = cast(&world)?;
    let internal = Client::new(&world.settings.internal_url(), "")?;
    for client in [&internal, &cast.customer] {
        assert_eq!(client.get("/healthz").await?.text, "ok");
    }
    let ready = internal.wait_until("/readyz", |body| body["status"] == "ok").await?;
    assert_eq!(ready.body["reasons"], json!([]));
    story::buys(&cast.reseller, &world.sample.account_id, world.service("office-business")?, 5).await?;

    let nats = world.backing.as_mut().and_then(|backing| backing.nats.as_mut()).expect("a server of its own");
    nats.stop().await?;
    let degraded = internal.wait_until("/readyz", |body| body["status"] == "degraded").await?;
    assert!(degraded.body["reasons"][0].as_str().is_some_and(|reason| reason.contains("NATS")), "{}", degraded.text);
    let begun = std::time::Instant::now();
    let bought = story::buys(&cast.reseller, &world.sample.account_id, world.service("mail-guard")?, 7).await?;
    assert_eq!((&bought["status"], &bought["licence_count"]), (&json!("active"), &json!(7)));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?} without messages", begun.elapsed());

    let nats = world.backing.as_mut().and_then(|backing| backing.nats.as_mut()).expect("a server of its own");
    nats.start_again().await?;
    internal.wait_until("/readyz", |body| body["status"] == "ok").await?;
    story::buys(&cast.reseller, &world.sample.account_id, world.service("team-storage")?, 2).await?;
    metrics(&internal).await?;
    not_for_everybody(&cast.customer).await
}

async fn metrics(internal: &Client) -> anyhow::Result<()> {
    let text = internal.get("/metrics").await?.text;
    assert!(text.contains("commands_total{") && text.contains("operation=\"place_order\""), "{text}");
    for personal in ["@", "Acker", "Nordwind", "whsec_"] {
        assert!(!text.contains(personal), "{personal} in the metrics");
    }
    Ok(())
}

async fn not_for_everybody(public: &Client) -> anyhow::Result<()> {
    for path in ["/metrics", "/readyz", "/admin", "/v1", "/v1/", "/v1/nothing", "/sim/health", "/v2/orders"] {
        let answer = story::look(public, path).await?;
        story::refused(public, &answer, 404, "not-found").await.map_err(|error| error.context(path))?;
    }
    let answer = story::ask(public, reqwest::Method::PATCH, "/v1/orders", None, None).await?;
    story::refused(public, &answer, 405, "method-not-allowed").await
}

/// Waits until the probe names this reason, and until it does so no more once the reason has gone.
async fn names(internal: &Client, reason: &str, named: bool) -> anyhow::Result<()> {
    let shown = |body: &serde_json::Value| {
        let reasons = body["reasons"].as_array().unwrap();
        reasons.iter().any(|shown| shown.as_str().unwrap().contains(reason)) == named
            && (body["status"] == "degraded") != reasons.is_empty()
    };
    internal.wait_until("/readyz", shown).await.map(drop)
}

#[tokio::test]
async fn whatever_is_not_as_it_should_be_is_a_reason_and_no_failure() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let internal = Client::new(&world.settings.internal_url(), "")?;
    internal.wait_until("/readyz", |body| body["status"] == "ok").await?;
    let mut database = story::database(&world).await?;

    sqlx::query("insert into readers (name, position) select 'straggler', position - 10001 from log_head")
        .execute(&mut database)
        .await?;
    names(&internal, "straggler is 10001 events behind", true).await?;
    sqlx::query("update readers set position = position + 1 where name = 'straggler'").execute(&mut database).await?;
    names(&internal, "straggler", false).await?;
    sqlx::query("delete from readers where name = 'straggler'").execute(&mut database).await?;

    let park = "insert into dead_letters (reader, generation, aggregate_type, aggregate_id, position, reason) \
                select name, generation, 'order', 'of-nobody', 1, 'for a look' from readers where name = 'orders'";
    sqlx::query(park).execute(&mut database).await?;
    names(&internal, "orders: 1 aggregates are parked", true).await?;
    sqlx::query("delete from dead_letters where aggregate_id = 'of-nobody'").execute(&mut database).await?;
    names(&internal, "parked", false).await?;

    story::troubles(&world, &json!({ "fault": "503", "times": 1000 })).await?;
    story::opens_account(&cast.reseller, &world.sample.customer_id).await?;
    names(&internal, "is away: work for it waits", true).await?;
    story::calms(&world).await?;
    names(&internal, "is away", false).await
}
