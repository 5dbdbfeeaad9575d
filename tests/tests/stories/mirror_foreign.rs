//! What others put on the stream is counted for those who run the product.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use event_log::mirror::{Mirror, MirrorConfig};
use tests::client::Client;
use tests::log_world::{PATIENCE, eventually};
use tests::world::{World, nats};

/// As it stands in the metrics, with no number yet.
const REJECTED: &str = "\nmirror_rejected_total ";

#[tokio::test]
async fn a_foreign_message_is_counted() -> anyhow::Result<()> {
    let world = World::start().await?;
    let internal = Client::new(&world.settings.internal_url(), "")?;
    // From then on the product follows the stream itself.
    internal.wait_until("/readyz", |body| body["status"] == "ok").await?;
    let before = internal.get("/metrics").await?.text;
    assert!(!before.contains(REJECTED), "{before}");

    let place = &world.settings.mirror;
    let (stream, subject_prefix) = (place.stream.clone(), place.subject_prefix.clone());
    let subject = format!("{subject_prefix}.3.price_rule.PriceRuleSet");
    let client = nats::connect(&place.nats_url).await?;
    let mirror = Mirror::new(client, MirrorConfig { stream, subject_prefix, max_bytes: 0 });
    mirror.jetstream().publish(subject, "junk".into()).await?.await?;
    let counted = format!("{REJECTED}1\n");
    let is_counted = async || Ok(internal.get("/metrics").await?.text.contains(&counted));
    eventually("the message to be counted", PATIENCE, is_counted).await
}
