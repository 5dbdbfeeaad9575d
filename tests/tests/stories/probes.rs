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
