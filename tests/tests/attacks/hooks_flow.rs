//! Webhooks in good order, in bad order, too often and too many: what they hint at happens once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures::StreamExt;
use futures::stream;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;

use crate::ground::{Ask, Ground};
use crate::hooks::{Hook, all_applied, stored};

const BURST: usize = 2_000;
/// At most so many at once, as a provider with a backlog would send them.
const AT_ONCE: usize = 64;

#[tokio::test]
async fn a_webhook_is_taken_at_once_and_counts_once() {
    let ground = Ground::new().await;
    let order = fulfilled_by_webhook(&ground).await;
    repeated(&ground, &order).await;
    with_another_body(&ground).await;
    forged_and_repeated_by_the_provider(&ground).await;
    bursts(&ground, &order).await;
    replay_of_all(&ground).await;
    ground.finish().await;
}

/// An order is placed; the provider completes it and says so.
async fn fulfilled_by_webhook(ground: &Ground) -> String {
    let customer = ground.world.customer().unwrap();
    let order = customer.post("/v1/orders", "webhook-order", &ground.order(3), 201).await.unwrap().id().unwrap();
    fulfilled(ground, &order).await;
    let told: i64 =
        sqlx::query_scalar("select count(*) from inbox where type = 'order.completed' and provider = 'ccp'")
            .fetch_one(&ground.pool)
            .await
            .unwrap();
    ground.check("valid", told >= 1, "the provider's webhook was not stored");
    all_applied(ground).await;
    sqlx::query_scalar("select provider_order_id from index_provider_orders where order_id = $1::uuid")
        .bind(order)
        .fetch_one(&ground.pool)
        .await
        .unwrap()
}

async fn fulfilled(ground: &Ground, order: &str) {
    let customer = ground.world.customer().unwrap();
    let done = |body: &Value| body["status"] == "fulfilled";
    customer.wait_until(&format!("/v1/orders/{order}"), done).await.unwrap();
    ground.quiet().await;
    let provider = ground.world.settings.provider.url();
    let health = tests::client::Client::new(&provider, "").unwrap();
    health.wait_until("/sim/health", |body| body["undelivered_webhooks"] == 0).await.unwrap();
}

async fn repeated(ground: &Ground, order: &str) {
    let before = ground.head().await;
    let hook = Hook::new("repeated", "order.completed", &json!({ "order_id": order }));
    for _ in 0..5 {
        let answer = ground.accepted("83", hook.signed(ground), 202).await;
        ground.check("83", answer.text == "{}", &answer.text);
    }
    // Sent again much later it carries a new time, and so a new signature.
    let later = Hook { timestamp: (crate::forge::now() + 200).to_string(), ..hook };
    ground.accepted("83 signed again", later.signed(ground), 202).await;
    all_applied(ground).await;
    ground.check("83", ground.head().await == before, "events were written");
    let kept: i64 = sqlx::query_scalar("select count(*) from inbox where webhook_id = 'repeated'")
        .fetch_one(&ground.pool)
        .await
        .unwrap();
    ground.check("83", kept == 1, format!("it is stored {kept} times"));
}

async fn with_another_body(ground: &Ground) {
    let other = Hook::new("repeated", "order.completed", &json!({ "order_id": "another" }));
    ground.refused("84", other.signed(ground), 409, "webhook-id-reused").await;
    let blank = Hook { body: format!("{} ", other.body), ..other };
    ground.refused("84 blank", blank.signed(ground), 409, "webhook-id-reused").await;
}

/// Forged copies go ahead of the real ones, and the real ones come twice and late.
async fn forged_and_repeated_by_the_provider(ground: &Ground) {
    let provider = tests::client::Client::new(&ground.world.settings.provider.url(), "").unwrap();
    for fault in ["webhook_forged", "webhook_repeat"] {
        let script = json!({ "match": { "path": "order.completed" }, "fault": fault, "times": 5 });
        let answer = provider.send(provider.request(Method::POST, "/sim/faults").json(&script)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let before = stored(ground, "%").await;
    let customer = ground.world.customer().unwrap();
    for at in 0..3 {
        let order = customer.post("/v1/orders", &format!("forged-{at}"), &ground.order(1), 201).await.unwrap();
        fulfilled(ground, &order.id().unwrap()).await;
    }
    all_applied(ground).await;
    let hits = provider.get("/sim/faults").await.unwrap();
    let struck = hits.body["faults"].as_array().unwrap().iter().all(|fault| fault["hits"] == 3);
    ground.check("forged", struck, &hits.text);
    let after = stored(ground, "%").await;
    let ids: i64 =
        sqlx::query_scalar("select count(distinct webhook_id) from inbox").fetch_one(&ground.pool).await.unwrap();
    ground.check("forged", after - before >= 3 && ids == after, format!("{} are stored", after - before));
    let twice: i64 = sqlx::query_scalar(
        "select count(*) from (select aggregate_id from events where event_type = 'SubscriptionStarted' \
         group by aggregate_id having count(*) > 1) twice",
    )
    .fetch_one(&ground.pool)
    .await
    .unwrap();
    ground.check("forged", twice == 0, "a subscription was started twice");
}

/// Two thousand in bursts: each is taken, none is lost, and none changes anything.
async fn bursts(ground: &Ground, order: &str) {
    let before = ground.head().await;
    let kinds = ["order.completed", "subscription.updated", "account.updated", "order.rejected"];
    let hooks =
        (0..BURST).map(|n| Hook::new(&format!("burst-{n}"), kinds[n % kinds.len()], &json!({ "order_id": order })));
    let asks: Vec<Ask> = hooks.map(|hook| hook.signed(ground)).collect();
    let answers: Vec<u16> = stream::iter(&asks)
        .map(|ask| async move { ground.send(ask).await.status })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let taken = answers.iter().filter(|status| **status == 202).count();
    ground.check("94", taken == BURST, format!("{taken} of {BURST} were taken"));
    all_applied(ground).await;
    let kept: i64 = sqlx::query_scalar("select count(*) from inbox where webhook_id like 'burst-%' and state <> 'new'")
        .fetch_one(&ground.pool)
        .await
        .unwrap();
    ground.check("94", usize::try_from(kept).unwrap() == BURST, format!("{kept} of {BURST} are applied"));
    ground.check("94", ground.head().await == before, "events were written");
}

/// Everything ever stored is applied once more, and everything ever sent is sent once more.
async fn replay_of_all(ground: &Ground) {
    all_applied(ground).await;
    let before = ground.head().await;
    let rows =
        sqlx::query("select webhook_id, body from inbox where provider = 'ccp'").fetch_all(&ground.pool).await.unwrap();
    let stored_before = rows.len();
    for row in &rows {
        let body: Vec<u8> = row.get("body");
        let hook = Hook {
            id: row.get("webhook_id"),
            timestamp: crate::forge::now().to_string(),
            body: String::from_utf8(body).unwrap(),
        };
        let status = ground.send(&hook.signed(ground)).await.status;
        ground.check("replay", status == 202, format!("{} was answered {status}", hook.id));
    }
    sqlx::query("update inbox set state = 'new', attempts = 0, due_at = clock_timestamp()")
        .execute(&ground.pool)
        .await
        .unwrap();
    all_applied(ground).await;
    let after = usize::try_from(stored(ground, "%").await).unwrap();
    ground.check("replay", after == stored_before, "more are stored than before");
    ground.check(
        "replay",
        ground.head().await == before,
        format!("{} events were added", ground.head().await - before),
    );
}
