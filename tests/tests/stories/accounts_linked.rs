//! An account that the provider has already is linked by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast};
use tests::world::World;

async fn links(client: &Client, account: &str, provider_account_id: &str) -> anyhow::Result<Answer> {
    let body = json!({ "provider_account_id": provider_account_id });
    story::ask(client, Method::PUT, &format!("/v1/accounts/{account}/provider-link"), None, Some(&body)).await
}

/// An account made at the provider behind our back.
async fn made_at_the_provider(world: &World) -> anyhow::Result<String> {
    let provider = &world.settings.provider;
    let anonymous = Client::new(&provider.url(), "")?;
    let credentials = json!({
        "grant_type": "client_credentials", "client_id": provider.client_id, "client_secret": provider.client_secret,
    });
    let token = story::ask(&anonymous, Method::POST, "/oauth/token", None, Some(&credentials)).await?;
    let token = token.body["access_token"].as_str().context("no token")?.to_owned();
    let body = json!({ "external_ref": "by hand", "name": "By hand", "country": "DE" });
    let key = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";
    let made = story::ask(&anonymous.with_token(&token), Method::POST, "/v1/accounts", Some(key), Some(&body)).await?;
    story::expect(made, 201)?.text_of("account_id")
}

#[tokio::test]
async fn an_existing_account_is_linked_and_its_orders_go_out() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let existing = made_at_the_provider(&world).await?;
    let away = json!({ "match": { "method": "POST", "path": "/v1/accounts" }, "fault": "503", "times": 100_000 });
    story::troubles(&world, &away).await?;
    let account = story::opens_account(&cast.customer, &world.sample.customer_id).await?.id()?;
    let order = story::orders(&cast.customer, &account, &[(world.service("office-business")?, 2)]).await?;
    assert_eq!(order.body["status"], "placed");
    refusals(&world, &cast, &account).await?;

    let linked = story::expect(links(&cast.operator, &account, &existing).await?, 200)?;
    assert_eq!((&linked.body["status"], &linked.body["provider_account_id"]), (&json!("active"), &json!(existing)));
    let path = format!("/v1/accounts/{account}");
    assert_eq!(cast.operator.get_at(&path, linked.position()?).await?.body, linked.body);
    let again = story::expect(links(&cast.operator, &account, &existing).await?, 200)?;
    assert_eq!(again.body, linked.body);
    let other = links(&cast.operator, &account, "acc-another").await?;
    story::refused(&cast.operator, &other, 409, "invalid-state").await?;
    story::sees_order_end(&cast.customer, &order.id()?, "fulfilled").await?;

    let second = story::opens_account(&cast.customer, &world.sample.customer_id).await?.id()?;
    let taken = links(&cast.operator, &second, &existing).await?;
    story::refused(&cast.operator, &taken, 409, "duplicate").await?;
    story::calms(&world).await?;
    // Once the provider is back, the first keeps what it has.
    let path = format!("/v1/accounts/{second}");
    let opened = cast.operator.wait_until(&path, |body| body["status"] == "active").await?;
    assert_ne!(opened.body["provider_account_id"], json!(existing));
    assert_eq!(cast.operator.get(&format!("/v1/accounts/{account}")).await?.body["provider_account_id"], existing);
    Ok(())
}

async fn refusals(world: &World, cast: &Cast, account: &str) -> anyhow::Result<()> {
    let head = story::head(world).await?;
    for client in [&cast.customer, &cast.reseller, &cast.auditor, &cast.service] {
        story::refused(client, &links(client, account, "acc-1").await?, 403, "forbidden").await?;
    }
    let operator = &cast.operator;
    let theirs = operator.get(&format!("/v1/accounts/{}", world.sample.other_account_id)).await?;
    let theirs = theirs.text_of("provider_account_id")?;
    story::refused(operator, &links(operator, account, &theirs).await?, 409, "duplicate").await?;
    let absent = links(operator, "00000000-0000-7000-8000-000000000000", "acc-1").await?;
    story::refused(operator, &absent, 404, "not-found").await?;
    let bad: [(Value, &str); 4] = [
        (json!({}), "missing-field"),
        (json!({ "provider_account_id": null }), "missing-field"),
        (json!({ "provider_account_id": "" }), "invalid-text"),
        (json!({ "provider_account_id": "acc-1", "force": true }), "unknown-field"),
    ];
    for (body, slug) in &bad {
        let path = format!("/v1/accounts/{account}/provider-link");
        let answer = story::ask(operator, Method::PUT, &path, None, Some(body)).await?;
        story::refused(operator, &answer, 422, slug).await?;
    }
    assert_eq!(story::head(world).await?, head);
    Ok(())
}

#[tokio::test]
async fn the_same_details_again_are_no_change() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let path = format!("/v1/accounts/{}", world.sample.account_id);
    let body = json!({ "name": "Main", "contact": { "name": "Kim", "email": "kim@acker.example", "phone": null } });
    let put = async |body: &Value| {
        story::expect(story::ask(&cast.customer, Method::PUT, &path, None, Some(body)).await?, 200)
    };
    let first = put(&body).await?;
    let head = story::head(&world).await?;
    assert_eq!(put(&body).await?.body, first.body);
    assert_eq!(story::head(&world).await?, head);
    let mut renamed = body;
    renamed["name"] = json!("Renamed");
    let changed = put(&renamed).await?;
    assert_eq!((&changed.body["contact"], &changed.body["name"]), (&first.body["contact"], &json!("Renamed")));
    Ok(())
}
