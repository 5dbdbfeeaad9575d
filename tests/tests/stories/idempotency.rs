//! One key, one request, one outcome: whoever asks again, and whatever happened in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::ensure;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, header, new_key};
use tests::world::World;

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_tenant() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (mine, theirs) = (&world.sample.customer_id, &world.sample.other_customer_id);
    let wish = json!({ "customer_id": mine, "name": "Keyed" });
    let first = cast.customer.post("/v1/accounts", "shared", &wish, 201).await?;
    let other = json!({ "customer_id": mine, "name": "Keyed otherwise" });
    let renamed = json!({ "name": "Keyed" });
    let account = format!("/v1/accounts/{}", first.id()?);
    let requests = [
        (Method::POST, "/v1/accounts", Some(&other)),
        (Method::POST, "/v1/accounts?x=1", Some(&wish)),
        (Method::PUT, account.as_str(), Some(&renamed)),
        (Method::DELETE, account.as_str(), None),
    ];
    for (method, path, body) in requests {
        let answer = story::ask(&cast.customer, method, path, Some("shared"), body).await?;
        story::refused(&cast.customer, &answer, 422, "idempotency-key-reused").await?;
    }
    // Written otherwise it is another request, even if it means the same.
    let text = serde_json::to_string_pretty(&wish)?;
    let request = cast.customer.request(Method::POST, "/v1/accounts").header("Idempotency-Key", "shared");
    let answer = cast.customer.send(request.header("Content-Type", "application/json").body(text)).await?;
    story::refused(&cast.customer, &answer, 422, "idempotency-key-reused").await?;

    let wish = json!({ "customer_id": theirs, "name": "Keyed" });
    let independent = cast.other.post("/v1/accounts", "shared", &wish, 201).await?;
    ensure!(independent.id()? != first.id()? && header(&independent, "idempotency-replayed").is_none());
    // A reseller is a tenant of its own, also when it acts for that customer; the seller's staff is one tenant.
    let wish = json!({ "customer_id": mine, "name": "Keyed" });
    for client in [&cast.reseller, &cast.operator] {
        let made = client.post("/v1/accounts", "shared", &wish, 201).await?;
        ensure!(header(&made, "idempotency-replayed").is_none(), "{}", made.text);
    }
    bad_keys(&world, &cast.customer, &wish).await
}

async fn bad_keys(world: &World, customer: &Client, wish: &Value) -> anyhow::Result<()> {
    let head = story::head(world).await?;
    let missing = story::ask(customer, Method::POST, "/v1/accounts", None, Some(wish)).await?;
    story::refused(customer, &missing, 400, "idempotency-key-missing").await?;
    for key in ["", "with blank", &"k".repeat(256)] {
        let answer = story::ask(customer, Method::POST, "/v1/accounts", Some(key), Some(wish)).await?;
        story::refused(customer, &answer, 400, "idempotency-key-invalid").await?;
    }
    let request = customer.request(Method::POST, "/v1/accounts").header("Idempotency-Key", "a");
    let twice = customer.send(request.header("Idempotency-Key", "b").json(wish)).await?;
    story::refused(customer, &twice, 400, "idempotency-key-invalid").await?;
    // The accounts opened before may still be linked; nobody opened another.
    let opened = format!("select 'x' from events where position > {head} and event_type = 'AccountOpened'");
    assert!(story::texts(world, &opened).await?.is_empty());
    let long = "k".repeat(255);
    story::expect(story::ask(customer, Method::POST, "/v1/accounts", Some(&long), Some(wish)).await?, 201)?;
    Ok(())
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free_and_racers_get_one_answer() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (account, service) = (&world.sample.account_id, world.service("office-business")?);
    let key = new_key();
    let refusals = [
        (json!({ "account_id": account }), 422, "missing-field"),
        (story::order_of(account, &[("00000000-0000-5000-8000-000000000000", 5)]), 422, "unknown-service"),
        (story::order_of("00000000-0000-7000-8000-000000000000", &[(service, 5)]), 404, "not-found"),
        (story::order_of(account, &[(service, 0)]), 422, "invalid-quantity"),
    ];
    for (wish, status, slug) in &refusals {
        let answer = story::ask(&cast.customer, Method::POST, "/v1/orders", Some(&key), Some(wish)).await?;
        story::refused(&cast.customer, &answer, *status, slug).await?;
    }
    let wish = story::order_of(account, &[(service, 5)]);
    let first = cast.customer.post("/v1/orders", &key, &wish, 201).await?;
    assert_eq!(header(&first, "idempotency-replayed"), None);
    for (wish, ..) in &refusals[1..3] {
        let answer = story::ask(&cast.customer, Method::POST, "/v1/orders", Some(&key), Some(wish)).await?;
        story::refused(&cast.customer, &answer, 422, "idempotency-key-reused").await?;
    }
    racers(&world, &cast.customer, &wish).await
}

async fn racers(world: &World, customer: &Client, wish: &Value) -> anyhow::Result<()> {
    let (twin, _service) = world.twin().await?;
    let elsewhere = Client::new(&twin.api_url(), world.tokens.customer.as_deref().unwrap())?;
    let key = new_key();
    let race = (0..20).map(|n| if n % 2 == 0 { customer } else { &elsewhere });
    let answers: Vec<Answer> = try_join_all(race.map(|client| client.post("/v1/orders", &key, wish, 201))).await?;
    let first = &answers[0];
    assert!(answers.iter().all(|answer| answer.text == first.text && answer.position().ok() == first.position().ok()));
    let fresh = answers.iter().filter(|answer| header(answer, "idempotency-replayed").is_none()).count();
    assert_eq!(fresh, 1, "one of them did it");
    let id = first.id()?;
    let placed = format!("select aggregate_id from events where event_type = 'OrderPlaced' and aggregate_id = '{id}'");
    assert_eq!(story::texts(world, &placed).await?.len(), 1);
    Ok(())
}
