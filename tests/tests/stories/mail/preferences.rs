//! Preferences over HTTP: defaults, what replaces them, whose they are.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, header, new_key};
use tests::world::World;

const PATH: &str = "/v1/notification-preferences";

async fn put(client: &Client, path: &str, body: &Value) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, path, None, Some(body)).await
}

#[tokio::test]
async fn preferences_have_defaults_and_are_replaced_as_a_whole() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let before = customer.get(PATH).await?;
    assert_eq!((&before.body["locale"], &before.body["version"]), (&json!("en"), &json!(0)));
    assert_eq!(header(&before, "etag"), Some("\"0\""));
    let channels = before.body["channels"].as_object().unwrap();
    assert_eq!(channels.len(), domain::notification_preferences::TOPICS.len());
    assert!(channels.values().all(|ways| *ways == json!(["email"])), "{channels:?}");

    let wish = json!({ "locale": "de", "channels": { "invoice.issued": ["webhook", "email"], "order.placed": [] } });
    let set = story::expect(put(customer, PATH, &wish).await?, 200)?;
    assert_eq!(
        (&set.body["locale"], &set.body["version"], header(&set, "etag")),
        (&json!("de"), &json!(1), Some("\"1\""))
    );
    assert_eq!(set.body["channels"]["invoice.issued"], json!(["email", "webhook"]));
    assert_eq!(set.body["channels"]["order.placed"], json!([]));
    let shown = customer.get_at(PATH, set.position()?).await?;
    assert_eq!(shown.body, set.body, "the answer is what is seen then");

    let again = story::expect(put(customer, PATH, &wish).await?, 200)?;
    assert_eq!(again.body, set.body, "nothing new, no event");
    let replaced = story::expect(put(customer, PATH, &json!({})).await?, 200)?;
    assert_eq!(
        (&replaced.body["locale"], &replaced.body["channels"]),
        (&before.body["locale"], &before.body["channels"])
    );
    let stale = customer.request(Method::PUT, PATH).header("If-Match", "\"1\"").json(&wish);
    story::refused(customer, &customer.send(stale).await?, 412, "precondition-failed").await?;

    let id = &world.sample.customer_id;
    let audit = format!("/v1/audit/streams/notification_preferences/{id}/state?at_version=1");
    let state = cast.auditor.get(&audit).await?.body;
    assert_eq!((&state["state"]["locale"], &state["state"]["channels"]), (&json!("de"), &set.body["channels"]));
    Ok(())
}

#[tokio::test]
async fn what_is_no_preference_is_refused() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let head = story::head(&world).await?;
    for (body, slug) in [
        (json!({ "locale": "fr" }), "invalid-value"),
        (json!({ "locale": 1 }), "invalid-type"),
        (json!({ "locale": null }), "missing-field"),
        (json!({ "channels": { "invoice.eaten": ["email"] } }), "unknown-field"),
        (json!({ "channels": { "invoice.issued": ["pigeon"] } }), "invalid-value"),
        (json!({ "channels": { "invoice.issued": "email" } }), "invalid-type"),
        (json!({ "channels": { "invoice.issued": ["email", "email", "email"] } }), "too-many-items"),
        (json!({ "channels": [] }), "invalid-type"),
        (json!({ "language": "de" }), "unknown-field"),
    ] {
        let answer = put(&cast.customer, PATH, &body).await?;
        story::refused(&cast.customer, &answer, 422, slug).await?;
    }
    for path in ["?customer_id=nobody", "?nonsense=1"] {
        let answer = put(&cast.customer, &format!("{PATH}{path}"), &json!({})).await?;
        story::refused(&cast.customer, &answer, 400, "invalid-query").await?;
    }
    assert_eq!(story::head(&world).await?, head, "nothing was written");
    Ok(())
}

#[tokio::test]
async fn others_preferences_are_named() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (own, other) = (&world.sample.customer_id, &world.sample.other_customer_id);
    let of = |id: &str| format!("{PATH}?customer_id={id}");
    for client in [&cast.operator, &cast.auditor] {
        story::refused(client, &story::look(client, PATH).await?, 400, "invalid-query").await?;
        assert_eq!(client.get(&of(own)).await?.body["customer_id"], json!(own));
    }
    story::refused(&cast.operator, &put(&cast.operator, PATH, &json!({})).await?, 400, "invalid-query").await?;
    let set = story::expect(put(&cast.reseller, &of(own), &json!({ "locale": "de" })).await?, 200)?;
    assert_eq!(cast.customer.get_at(PATH, set.position()?).await?.body["locale"], "de");
    assert_eq!(cast.reseller.get(PATH).await?.body["customer_id"], json!(world.sample.reseller_id));
    story::refused(&cast.reseller, &story::look(&cast.reseller, &of(other)).await?, 404, "not-found").await?;
    story::refused(&cast.customer, &put(&cast.customer, &of(other), &json!({})).await?, 404, "not-found").await?;

    let key = new_key();
    let request = || cast.customer.request(Method::PUT, PATH).header("Idempotency-Key", &key).json(&json!({}));
    let first = cast.customer.send(request()).await?;
    put(&cast.customer, PATH, &json!({ "locale": "de" })).await?;
    let replayed = cast.customer.send(request()).await?;
    assert_eq!((&replayed.body, header(&replayed, "idempotency-replayed")), (&first.body, Some("true")));
    Ok(())
}
