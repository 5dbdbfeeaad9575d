//! Management accounts: changing them, closing them, what a closed one is good for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use commands::{Answer as Answered, Command, Context, Failure, Operation, Work};
use domain::account::{AccountCommand, AccountRules};
use domain::{AggregateType, StreamId};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::log_world::{LogProcess, persist, system};
use tests::story::{self, cast, new_key};
use tests::world::World;
use uuid::Uuid;

async fn put(client: &Client, path: &str, body: &Value) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, path, None, Some(body)).await
}

async fn close(client: &Client, path: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::DELETE, path, None, None).await
}

#[tokio::test]
async fn an_account_is_changed_and_closed() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let id = story::opens_active_account(customer, &world.sample.customer_id).await?;
    let path = format!("/v1/accounts/{id}");
    let before = customer.get(&path).await?;
    assert!(before.body["provider_account_id"].as_str().is_some_and(|id| !id.is_empty()));

    let contact = json!({ "name": "Ada Example", "email": "ada@example.org", "phone": null });
    let changed = put(customer, &path, &json!({ "name": "Renamed", "contact": contact })).await?;
    let changed = story::expect(changed, 200)?;
    assert_eq!((&changed.body["name"], &changed.body["contact"]), (&json!("Renamed"), &contact));
    assert_eq!(changed.body["provider_account_id"], before.body["provider_account_id"]);
    assert_eq!(cast.reseller.get_at(&path, changed.position()?).await?.body["contact"], contact);
    let without = story::expect(put(&cast.reseller, &path, &json!({ "name": "Renamed" })).await?, 200)?;
    assert_eq!(without.body["contact"], json!(null), "PUT replaces");
    let bad = [
        (json!({}), "missing-field"),
        (json!({ "name": "" }), "invalid-text"),
        (json!({ "name": "x", "status": "closed" }), "unknown-field"),
        (json!({ "name": "x", "contact": { "name": "A", "email": "nowhere" } }), "invalid-value"),
    ];
    for (body, slug) in &bad {
        let answer = put(customer, &path, body).await?;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        story::refused(customer, &answer, 422, slug).await.map_err(|error| error.context(body.to_string()))?;
    }
    for (client, status, slug) in
        [(&cast.other, 404, "not-found"), (&cast.auditor, 403, "forbidden"), (&cast.service, 403, "forbidden")]
    {
        story::refused(client, &put(client, &path, &json!({ "name": "Theirs" })).await?, status, slug).await?;
        story::refused(client, &close(client, &path).await?, status, slug).await?;
    }
    closing(&world, customer, &path).await
}

async fn closing(world: &World, customer: &Client, path: &str) -> anyhow::Result<()> {
    let account = path.rsplit('/').next().unwrap();
    let wish = story::order_of(account, &[(world.service("office-business")?, 1)]);
    let closed = story::expect(close(customer, path).await?, 200)?;
    assert_eq!(closed.body["status"], "closed");
    let head = story::head(world).await?;
    let again = story::expect(close(customer, path).await?, 200)?;
    assert_eq!(again.body, closed.body);
    let same = story::expect(put(customer, path, &json!({ "name": closed.body["name"] })).await?, 200)?;
    assert_eq!(same.body, closed.body, "what holds already is no change");
    let order = story::ask(customer, Method::POST, "/v1/orders", Some(&new_key()), Some(&wish)).await?;
    story::refused(customer, &order, 409, "account-not-usable").await?;
    let quoted = story::ask(customer, Method::POST, "/v1/orders/quote", None, Some(&wish)).await?;
    assert_eq!(quoted.body["problems"][0]["slug"], "account-not-usable", "{}", quoted.text);
    let changed = put(customer, path, &json!({ "name": "Too late" })).await?;
    story::refused(customer, &changed, 409, "invalid-state").await?;
    assert_eq!(story::head(world).await?, head, "a closed account changed");
    // It can still be read.
    assert_eq!(customer.get(path).await?.body, closed.body);
    assert_eq!(customer.get(&format!("{path}/subscriptions")).await?.body["data"], json!([]));
    live_subscriptions(world, customer).await
}

async fn live_subscriptions(world: &World, customer: &Client) -> anyhow::Result<()> {
    let account = &world.sample.account_id;
    let path = format!("/v1/accounts/{account}");
    let bought = story::buys(customer, account, world.service("office-business")?, 2).await?;
    let listed = customer.get(&format!("{path}/subscriptions")).await?;
    assert_eq!(story::data(&listed), [bought]);
    let head = story::head(world).await?;
    let answer = close(customer, &path).await?;
    story::refused(customer, &answer, 409, "has-subscriptions").await?;
    assert_eq!(story::head(world).await?, head);
    assert_eq!(customer.get(&path).await?.body["status"], "active");
    let wish = json!({ "customer_id": world.sample.other_customer_id, "name": "Theirs" });
    let answer = story::ask(customer, Method::POST, "/v1/accounts", Some(&new_key()), Some(&wish)).await?;
    story::refused(customer, &answer, 404, "not-found").await
}

/// Orders do not reach the provider.
async fn no_orders_get_through(world: &World) -> anyhow::Result<()> {
    let away = json!({ "match": { "method": "POST", "path": "/v1/orders" }, "fault": "503", "times": 100_000 });
    story::troubles(world, &away).await
}

#[tokio::test]
async fn an_account_stays_open_while_an_order_is() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let account = story::opens_active_account(customer, &world.sample.customer_id).await?;
    let path = format!("/v1/accounts/{account}");
    let lines = [(world.service("office-business")?, 2)];
    no_orders_get_through(&world).await?;
    let order = story::orders(customer, &account, &lines).await?.id()?;
    let head = story::head(&world).await?;
    story::refused(customer, &close(customer, &path).await?, 409, "has-subscriptions").await?;
    assert_eq!(story::head(&world).await?, head);
    let cancel = format!("/v1/orders/{order}/cancel");
    story::expect(story::ask(customer, Method::PUT, &cancel, None, None).await?, 200)?;
    assert_eq!(story::expect(close(customer, &path).await?, 200)?.body["status"], "closed");

    let second = story::opens_active_account(customer, &world.sample.customer_id).await?;
    let path = format!("/v1/accounts/{second}");
    let order = story::orders(customer, &second, &lines).await?.id()?;
    story::calms(&world).await?;
    // Placed, submitted or fulfilled by now: it is in use all the time.
    story::refused(customer, &close(customer, &path).await?, 409, "has-subscriptions").await?;
    story::sees_order_end(customer, &order, "fulfilled").await?;
    story::refused(customer, &close(customer, &path).await?, 409, "has-subscriptions").await
}

/// Closes an account as if an order had been placed the moment after its orders were looked for.
struct CloseUnawares {
    account_id: Uuid,
    customer_id: Uuid,
}

impl Command for CloseUnawares {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answered, Failure> {
        let close = AccountCommand::Close { has_live_subscriptions: false, has_open_orders: false };
        work.decide::<AccountRules>(self.account_id, &close, Some(self.customer_id)).await?;
        Ok(Answered::resource(200, StreamId::new(AggregateType::Account, self.account_id)))
    }
}

#[tokio::test]
async fn an_order_that_a_closing_overlooked_is_cancelled() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let account = story::opens_active_account(customer, &world.sample.customer_id).await?;
    no_orders_get_through(&world).await?;
    let order = story::orders(customer, &account, &[(world.service("office-business")?, 2)]).await?.id()?;
    let app = &world.settings.databases.app;
    let log = LogProcess::start(app, app).await?;
    let close = CloseUnawares { account_id: account.parse()?, customer_id: world.sample.customer_id.parse()? };
    persist(&log.bus, &Context { at: story::now(), ..system(&new_key()) }, &close).await?;
    story::calms(&world).await?;
    let ended = story::sees_order_end(customer, &order, "cancelled").await?.body;
    assert_eq!(ended["lines"][0]["reason"], "account-not-usable", "{ended}");
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let ledger = provider.get("/sim/ledger").await?.body;
    let reached = ledger["effects"].as_array().unwrap().iter().any(|effect| effect["operation"] == "place_order");
    assert!(!reached, "{ledger}");
    Ok(())
}
