//! What the provider makes of an order: all, some or nothing of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use tests::story::{self, Cast, cast, each};
use tests::world::World;

async fn outcome(world: &World, cast: &Cast, fault: &Value, lines: usize, status: &str) -> anyhow::Result<Value> {
    story::troubles(world, fault).await?;
    let services = ["office-business", "mail-guard", "team-storage"];
    let lines: Vec<(&str, u32)> =
        services[..lines].iter().map(|sku| Ok((world.service(sku)?, 4))).collect::<anyhow::Result<_>>()?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &lines).await?;
    let ended = story::sees_order_end(&cast.customer, &order.id()?, status).await?;
    story::calms(world).await?;
    for line in ended.body["lines"].as_array().unwrap() {
        let provisioned = line["status"] == "provisioned";
        assert_eq!(
            (line["subscription_id"].is_string(), line["reason"].is_null()),
            (provisioned, provisioned),
            "{line}"
        );
        if let Some(id) = line["subscription_id"].as_str() {
            let path = format!("/v1/subscriptions/{id}");
            let started = cast.customer.get_at(&path, story::read_position(&ended)?).await?;
            assert_eq!((&started.body["status"], &started.body["quantity"]), (&json!("active"), &json!(4)));
        }
    }
    let state = if status == "failed" { "error" } else { "completed" };
    assert_eq!(ended.body["processes"]["provisioning"]["state"], state);
    Ok(ended.body["lines"].clone())
}

fn statuses(lines: &Value) -> Vec<String> {
    each(lines.as_array().unwrap(), "status")
}

#[tokio::test]
async fn lines_that_come_to_nothing_say_why() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let partial = json!({ "fault": "partial" });
    let lines = outcome(&world, &cast, &partial, 3, "partially_fulfilled").await?;
    assert_eq!(statuses(&lines), ["provisioned", "rejected", "rejected"]);
    let reason = lines[1]["reason"].as_str().unwrap().to_owned();
    assert!(!reason.is_empty() && !reason.contains('_') && !reason.contains(' '), "{reason}");

    let third = json!({ "fault": "reject_line", "seed": 2 });
    let lines = outcome(&world, &cast, &third, 3, "partially_fulfilled").await?;
    assert_eq!(statuses(&lines), ["provisioned", "provisioned", "rejected"]);

    let lines = outcome(&world, &cast, &json!({ "fault": "reject_line" }), 1, "failed").await?;
    assert_eq!((statuses(&lines), &lines[0]["reason"]), (vec!["rejected".to_owned()], &json!(reason)));

    // However the answer gets lost, one order there, one subscription a line here.
    for fault in ["500_before", "500_after", "reset", "503", "429"] {
        let post =
            json!({ "match": { "method": "POST", "path": "/v1/orders" }, "fault": fault, "times": 1, "ms": 100 });
        let lines = outcome(&world, &cast, &post, 2, "fulfilled").await?;
        assert_eq!(statuses(&lines), ["provisioned", "provisioned"], "{fault}");
    }
    for fault in ["webhook_lost", "webhook_repeat", "webhook_forged", "webhook_late", "webhook_reorder"] {
        let hook = json!({ "match": { "path": "order." }, "fault": fault, "times": 3, "ms": 200 });
        let lines = outcome(&world, &cast, &hook, 1, "fulfilled").await?;
        assert_eq!(statuses(&lines), ["provisioned"], "{fault}");
    }
    one_each(&world, &cast).await
}

/// As many subscriptions at the provider as here, each known there by the id we show.
async fn one_each(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let provider = tests::client::Client::new(&world.settings.provider.url(), "")?;
    let ledger = provider.get("/sim/ledger").await?;
    let ours = story::all_pages(&cast.operator, "/v1/subscriptions", 100).await?;
    for subscription in &ours {
        let id = subscription["provider"]["subscription_id"].as_str().unwrap();
        assert!(!id.is_empty() && ours.iter().filter(|other| other["provider"]["subscription_id"] == id).count() == 1);
    }
    let effects = ledger.body["effects"].as_array().expect("effects in the ledger");
    let orders = effects.iter().filter(|effect| effect["operation"] == "place_order").count();
    let placed = story::all_pages(&cast.operator, "/v1/orders", 100).await?.len();
    assert_eq!(orders, placed, "orders at the provider and here");
    Ok(())
}
