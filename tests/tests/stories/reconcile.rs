//! The provider and we differ: who notices, what becomes ours, and what waits for the operator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, Cast, ask, cast, data, expect, new_key};
use tests::world::World;

/// Somebody at the provider: its console, and its interface as any other client of it uses it.
struct Provider {
    client: Client,
}

impl Provider {
    async fn of(world: &World) -> anyhow::Result<Self> {
        let anybody = Client::new(&world.settings.provider.url(), "")?;
        let ours = &world.settings.provider;
        let body = json!({ "grant_type": "client_credentials", "client_id": ours.client_id, "client_secret": ours.client_secret });
        let token = expect(ask(&anybody, Method::POST, "/oauth/token", None, Some(&body)).await?, 200)?;
        Ok(Self { client: anybody.with_token(&token.text_of("access_token")?) })
    }

    async fn edits(&self, id: &str, change: &Value) -> anyhow::Result<()> {
        let path = format!("/sim/subscriptions/{id}");
        expect(ask(&self.client, Method::PATCH, &path, None, Some(change)).await?, 200)?;
        Ok(())
    }

    async fn shows(&self, id: &str) -> anyhow::Result<Value> {
        Ok(self.client.get(&format!("/v1/subscriptions/{id}")).await?.body)
    }

    /// Orders at the provider without us, and waits for the subscription.
    async fn sells(&self, account: &str, sku: &str, quantity: u32) -> anyhow::Result<String> {
        let lines = json!([{ "line_ref": 1, "sku": sku, "quantity": quantity }]);
        let order = json!({ "external_ref": new_key(), "account_id": account, "lines": lines });
        let placed = ask(&self.client, Method::POST, "/v1/orders", Some(&new_key()), Some(&order)).await?;
        let path = format!("/v1/orders/{}", expect(placed, 202)?.text_of("order_id")?);
        let done = self.client.wait_until(&path, |order| order["status"] == "completed").await?;
        Ok(done.body["lines"][0]["subscription_id"].as_str().context("no subscription")?.to_owned())
    }
}

/// Nothing the provider says by itself arrives any more.
async fn loses_every_webhook(world: &World) -> anyhow::Result<()> {
    story::troubles(world, &json!({ "fault": "webhook_lost", "times": 1_000_000 })).await
}

/// The provider goes on with what it had then: `lost` is a provider that never knew us.
async fn provider_has(world: &mut World, data: &str) -> anyhow::Result<()> {
    world.provider.stop().await?;
    world.provider = world.settings.simulate_provider(&world.folder.join(data)).await?;
    Ok(())
}

/// Asks for a run and waits for its end.
pub async fn reconciles(cast: &Cast) -> anyhow::Result<Value> {
    let asked = cast.operator.post("/v1/admin/reconcile", &new_key(), &json!({}), 202).await?;
    let path = format!("/v1/admin/reconcile/{}", asked.id()?);
    let run = cast.operator.wait_until(&path, |run| run["status"] == "completed").await?.body;
    ensure!(run["id"] == asked.body["id"] && run["completed_at"].is_string() && run["started_at"].is_string(), "{run}");
    Ok(run)
}

/// The differences about one of the provider's subscriptions, as of the end of the log.
pub async fn listed(world: &World, cast: &Cast, provider_id: &str) -> anyhow::Result<Vec<Value>> {
    let head = story::head(world).await?;
    let all = cast.operator.get_at("/v1/admin/drift?limit=100", head).await?;
    Ok(data(&all).into_iter().filter(|drift| drift["provider_subscription_id"] == provider_id).collect())
}

async fn ours(world: &World, cast: &Cast, id: &str) -> anyhow::Result<Value> {
    Ok(cast.operator.get_at(&format!("/v1/subscriptions/{id}"), story::head(world).await?).await?.body)
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

async fn resolves(cast: &Cast, drift: &Value, body: &Value, status: u16) -> anyhow::Result<Value> {
    let path = format!("/v1/admin/drift/{}/resolve", text(drift, "id"));
    let answer = cast.operator.post(&path, &new_key(), body, status).await?;
    let shown = cast.operator.get_at(&format!("/v1/admin/drift/{}", text(drift, "id")), answer.position()?).await?;
    ensure!(answer.body == shown.body, "{} is shown as {}", answer.text, shown.text);
    Ok(answer.body)
}

#[tokio::test]
async fn what_was_changed_in_the_providers_console_becomes_ours() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let service = world.service("office-business")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, 5).await?;
    let (id, theirs) = (text(&bought, "id").to_owned(), text(&bought["provider"], "subscription_id").to_owned());
    assert_eq!(reconciles(&cast).await?["found"], 0);
    assert!(listed(&world, &cast, &theirs).await?.is_empty());

    loses_every_webhook(&world).await?;
    provider.edits(&theirs, &json!({ "quantity": 7 })).await?;
    let run = reconciles(&cast).await?;
    assert_eq!((&run["found"], &run["adopted"]), (&json!(1), &json!(1)), "{run}");
    let after = ours(&world, &cast, &id).await?;
    assert_eq!((&after["quantity"], &after["licence_count"], &after["change"]), (&json!(7), &json!(7), &Value::Null));
    assert_eq!(text(&after, "updated_by"), "ccp");
    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &theirs).await?).expect("one difference");
    let shown = ["field", "ours", "theirs", "status"].map(|name| text(&drift, name));
    assert_eq!(shown, ["quantity", "5", "7", "adopted"]);
    assert_eq!((text(&drift, "subscription_id"), drift["seen_at"].is_string()), (id.as_str(), true));

    // From its effective day on, as the provider's doing.
    let audit = format!("/v1/audit/streams/subscription/{id}");
    let events = data(&cast.auditor.get(&audit).await?);
    let changed = events.iter().find(|event| event["type"] == "QuantityChangeConfirmed").expect("a confirmed change");
    assert_eq!(changed["payload"]["effective_on"], provider.shows(&theirs).await?["changed_on"]);
    assert_eq!((&changed["metadata"]["role"], &changed["payload"]["to"]), (&json!("provider"), &json!(7)));

    provider.edits(&theirs, &json!({ "status": "suspended" })).await?;
    reconciles(&cast).await?;
    let after = ours(&world, &cast, &id).await?;
    assert_eq!((text(&after, "status"), text(&after, "suspended_by")), ("suspended", "provider"));
    provider.edits(&theirs, &json!({ "status": "cancelled" })).await?;
    reconciles(&cast).await?;
    assert_eq!(text(&ours(&world, &cast, &id).await?, "status"), "cancelled");
    assert_eq!(reconciles(&cast).await?["found"], 0);
    Ok(())
}

#[tokio::test]
async fn a_hint_finds_the_same_as_a_run() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let service = world.service("office-business")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, 5).await?;
    let (id, theirs) = (text(&bought, "id").to_owned(), text(&bought["provider"], "subscription_id").to_owned());
    provider.edits(&theirs, &json!({ "quantity": 8 })).await?;
    let is_adopted =
        |body: &Value| data_of(body).iter().any(|drift| drift["provider_subscription_id"] == theirs.as_str());
    let list = "/v1/admin/drift?status=adopted&field=quantity";
    let shown = cast.operator.wait_until(list, is_adopted).await?;
    assert_eq!(data(&shown)[0]["theirs"], "8");
    assert_eq!(ours(&world, &cast, &id).await?["quantity"], 8);

    // What we ask for ourselves is no difference.
    let path = format!("/v1/subscriptions/{id}/quantity");
    let asked = ask(&cast.operator, Method::PUT, &path, Some(&new_key()), Some(&json!({ "quantity": 9 }))).await?;
    expect(asked, 202)?;
    let changed = |body: &Value| body["quantity"] == 9 && body["change"].is_null();
    cast.operator.wait_until(&format!("/v1/subscriptions/{id}"), changed).await?;
    assert_eq!(reconciles(&cast).await?["found"], 0);
    assert_eq!(listed(&world, &cast, &theirs).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_older_reading_never_overwrites_newer_state() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let service = world.service("office-business")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, 5).await?;
    let (id, theirs) = (text(&bought, "id").to_owned(), text(&bought["provider"], "subscription_id").to_owned());
    loses_every_webhook(&world).await?;
    provider.edits(&theirs, &json!({ "quantity": 9 })).await?;
    reconciles(&cast).await?;
    assert_eq!(ours(&world, &cast, &id).await?["quantity"], 9);
    let stale = json!({ "match": { "method": "GET", "path": "/v1/subscriptions" }, "fault": "stale", "times": 1_000 });
    story::troubles(&world, &stale).await?;
    for _ in 0..3 {
        assert_eq!(reconciles(&cast).await?["found"], 0);
    }
    assert_eq!(ours(&world, &cast, &id).await?["quantity"], 9);
    Ok(())
}

#[tokio::test]
async fn what_we_do_not_know_is_listed_and_becomes_ours_on_demand() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let account = cast.operator.get(&format!("/v1/accounts/{}", world.sample.account_id)).await?.body;
    let unknown = provider.sells(text(&account, "provider_account_id"), "mail-guard", 3).await?;
    let ignored = provider.sells(text(&account, "provider_account_id"), "mail-guard", 2).await?;
    // The worlds' own first run may have come before or after the sale: two more are enough, one may be.
    reconciles(&cast).await?;
    let run = reconciles(&cast).await?;
    assert_eq!((&run["found"], &run["adopted"]), (&json!(2), &json!(0)), "{run}");
    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &unknown).await?).expect("one difference");
    let shown = ["field", "theirs", "status"].map(|name| text(&drift, name));
    assert_eq!(shown, ["unknown", "active, 3 of mail-guard", "open"]);
    assert_eq!((&drift["subscription_id"], &drift["ours"]), (&Value::Null, &Value::Null));

    let other = &world.sample.other_account_id;
    let adopt = |account: &str| json!({ "action": "adopt", "account_id": account, "note": "Ordered by telephone." });
    let path = format!("/v1/admin/drift/{}/resolve", text(&drift, "id"));
    let elsewhere = ask(&cast.operator, Method::POST, &path, Some(&new_key()), Some(&adopt(other))).await?;
    story::refused(&cast.operator, &elsewhere, 409, "account-not-usable").await?;
    let key = new_key();
    let body = adopt(&world.sample.account_id);
    let decided = cast.operator.post(&path, &key, &body, 202).await?;
    assert_eq!((text(&decided.body, "status"), text(&decided.body, "note")), ("adopted", "Ordered by telephone."));
    let again = cast.operator.post(&path, &key, &body, 202).await?;
    assert_eq!(again.text, decided.text);
    // Under another key it holds already; another decision is refused, and so is another account.
    for same in [&body, &json!({ "action": "adopt", "note": "Once more." })] {
        let again = cast.operator.post(&path, &new_key(), same, 202).await?;
        assert_eq!(again.text, decided.text);
    }
    for (other, slug) in
        [(adopt(other), "account-not-usable"), (json!({ "action": "ignore", "note": "No." }), "invalid-state")]
    {
        let differs = ask(&cast.operator, Method::POST, &path, Some(&new_key()), Some(&other)).await?;
        story::refused(&cast.operator, &differs, 409, slug).await?;
    }

    let list = format!("/v1/subscriptions?account_id={}", world.sample.account_id);
    let has_it = |body: &Value| data_of(body).iter().any(|one| one["provider"]["subscription_id"] == unknown.as_str());
    let page = cast.customer.wait_until(&list, has_it).await?;
    let ours = data(&page).into_iter().find(|one| one["provider"]["subscription_id"] == unknown.as_str()).unwrap();
    assert_eq!((&ours["quantity"], text(&ours, "status")), (&json!(3), "active"));
    assert!(ours["unit_price"]["amount"].is_string(), "{ours}");
    let again = cast.operator.post(&path, &new_key(), &body, 202).await?;
    assert_eq!(again.text, decided.text);
    assert_eq!(settled(&cast, text(&drift, "id")).await?.len(), 1, "work is done once");

    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &ignored).await?).expect("one difference");
    let body = json!({ "action": "ignore", "note": "A test of theirs." });
    assert_eq!(text(&resolves(&cast, &drift, &body, 200).await?, "status"), "ignored");
    let refused = ask(
        &cast.operator,
        Method::POST,
        &format!("/v1/admin/drift/{}/resolve", text(&drift, "id")),
        Some(&new_key()),
        Some(&json!({ "action": "correct", "note": "No." })),
    )
    .await?;
    story::refused(&cast.operator, &refused, 409, "invalid-state").await?;
    for _ in 0..3 {
        assert_eq!(reconciles(&cast).await?["found"], 0);
    }
    assert_eq!(listed(&world, &cast, &ignored).await?.len(), 1);
    Ok(())
}

fn data_of(body: &Value) -> Vec<Value> {
    body["data"].as_array().cloned().unwrap_or_default()
}

/// What was made of the decision about a difference, once it is done.
async fn settled(cast: &Cast, drift_id: &str) -> anyhow::Result<Vec<Value>> {
    let of_it = |body: &Value| data_of(body).into_iter().filter(|one| one["subject"] == drift_id).collect::<Vec<_>>();
    let is_done = |body: &Value| {
        let works = of_it(body);
        !works.is_empty() && works.iter().all(|work| work["state"] == "done")
    };
    Ok(of_it(&cast.operator.wait_until("/v1/admin/effects?limit=100", is_done).await?.body))
}

#[tokio::test]
async fn an_adoption_that_came_to_nothing_can_be_asked_for_again() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let account = cast.operator.get(&format!("/v1/accounts/{}", world.sample.account_id)).await?.body;
    let unknown = provider.sells(text(&account, "provider_account_id"), "virtual-desktop", 1).await?;
    reconciles(&cast).await?;
    reconciles(&cast).await?;
    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &unknown).await?).expect("one difference");
    let adopt = json!({ "action": "adopt", "note": "Ordered by telephone." });
    resolves(&cast, &drift, &adopt, 202).await?;
    let [work] = <[Value; 1]>::try_from(settled(&cast, text(&drift, "id")).await?).expect("one work");
    assert!(text(&work, "outcome").starts_with("it cannot be adopted"), "{work}");

    // Without a rate it has no price in the customer's currency.
    let rate = json!({ "base": "USD", "quote": "EUR", "rate": "0.5" });
    expect(ask(&cast.operator, Method::PUT, "/v1/exchange-rates", None, Some(&rate)).await?, 200)?;
    resolves(&cast, &drift, &adopt, 202).await?;
    let list = format!("/v1/subscriptions?account_id={}", world.sample.account_id);
    let has_it = |body: &Value| data_of(body).iter().any(|one| one["provider"]["subscription_id"] == unknown.as_str());
    cast.customer.wait_until(&list, has_it).await?;
    let works = settled(&cast, text(&drift, "id")).await?;
    assert_eq!(story::each(&works, "id"), [text(&work, "id")]);
    Ok(())
}

#[tokio::test]
async fn an_unknown_one_that_nobody_wants_ends_at_the_provider() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (cast, provider) = (cast(&world)?, Provider::of(&world).await?);
    let account = cast.operator.get(&format!("/v1/accounts/{}", world.sample.account_id)).await?.body;
    let unknown = provider.sells(text(&account, "provider_account_id"), "office-business", 3).await?;
    reconciles(&cast).await?;
    reconciles(&cast).await?;
    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &unknown).await?).expect("one difference");
    resolves(&cast, &drift, &json!({ "action": "correct", "note": "Not ordered." }), 202).await?;
    let path = format!("/v1/subscriptions/{unknown}");
    provider.client.wait_until(&path, |shown| shown["status"] == "cancelled").await?;
    Ok(())
}

#[tokio::test]
async fn ours_that_the_provider_does_not_show_is_listed_and_never_cancelled() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let cast = cast(&world)?;
    let service = world.service("office-business")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, 5).await?;
    let (id, theirs) = (text(&bought, "id").to_owned(), text(&bought["provider"], "subscription_id").to_owned());
    provider_has(&mut world, "lost").await?;
    assert_eq!(reconciles(&cast).await?["found"], 0, "one scan is not enough");
    let run = reconciles(&cast).await?;
    assert_eq!((&run["found"], &run["adopted"]), (&json!(1), &json!(0)), "{run}");
    let [drift] = <[Value; 1]>::try_from(listed(&world, &cast, &theirs).await?).expect("one difference");
    let shown = ["field", "ours", "status"].map(|name| text(&drift, name));
    assert_eq!(shown, ["missing", "active, 5 of office-business", "open"]);
    assert_eq!((text(&drift, "subscription_id"), &drift["theirs"]), (id.as_str(), &Value::Null));
    reconciles(&cast).await?;
    assert_eq!(listed(&world, &cast, &theirs).await?.len(), 1);
    assert_eq!(text(&ours(&world, &cast, &id).await?, "status"), "active");
    let path = format!("/v1/admin/drift/{}/resolve", text(&drift, "id"));
    let correct = json!({ "action": "correct", "note": "Bring it back." });
    let answer = ask(&cast.operator, Method::POST, &path, Some(&new_key()), Some(&correct)).await?;
    story::refused(&cast.operator, &answer, 409, "invalid-state").await?;
    let stale = cast.operator.request(Method::POST, &path).header("Idempotency-Key", new_key());
    let stale = cast.operator.send(stale.header("If-Match", "\"7\"").json(&correct)).await?;
    story::refused(&cast.operator, &stale, 412, "precondition-failed").await?;

    // An operator takes over that it is gone.
    resolves(&cast, &drift, &json!({ "action": "adopt", "note": "They deleted it." }), 202).await?;
    let shown =
        cast.operator.wait_until(&format!("/v1/subscriptions/{id}"), |body| body["status"] == "cancelled").await?;
    assert_eq!(text(&shown.body, "id"), id);
    Ok(())
}

#[tokio::test]
async fn what_comes_back_is_closed_by_itself() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let cast = cast(&world)?;
    let service = world.service("mail-guard")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, 2).await?;
    let theirs = text(&bought["provider"], "subscription_id").to_owned();
    provider_has(&mut world, "lost").await?;
    reconciles(&cast).await?;
    reconciles(&cast).await?;
    assert_eq!(story::each(&listed(&world, &cast, &theirs).await?, "status"), ["open"]);
    provider_has(&mut world, "ccp-sim").await?;
    reconciles(&cast).await?;
    assert_eq!(story::each(&listed(&world, &cast, &theirs).await?, "status"), ["adopted"]);
    provider_has(&mut world, "lost").await?;
    reconciles(&cast).await?;
    reconciles(&cast).await?;
    assert_eq!(story::each(&listed(&world, &cast, &theirs).await?, "status"), ["open"], "gone again");
    Ok(())
}

#[tokio::test]
async fn only_the_sellers_staff_sees_and_asks() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let asked = cast.service.post("/v1/admin/reconcile", &new_key(), &json!({}), 202).await?;
    let run = format!("/v1/admin/reconcile/{}", asked.id()?);
    for client in [&cast.operator, &cast.auditor] {
        client.get(&run).await?;
        client.get("/v1/admin/drift?status=open,adopted&field=quantity").await?;
        client.get("/v1/admin/dead-letters").await?;
    }
    for client in [&cast.customer, &cast.reseller, &cast.service] {
        for path in [run.as_str(), "/v1/admin/drift", "/v1/admin/dead-letters"] {
            story::refused(client, &story::look(client, path).await?, 403, "forbidden").await?;
        }
    }
    for client in [&cast.customer, &cast.reseller, &cast.auditor] {
        let answer = ask(client, Method::POST, "/v1/admin/reconcile", Some(&new_key()), Some(&json!({}))).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    let absent = "/v1/admin/drift/0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b";
    story::refused(&cast.operator, &story::look(&cast.operator, absent).await?, 404, "not-found").await?;
    let wrong = json!({ "action": "forget", "note": "x" });
    let answer =
        ask(&cast.operator, Method::POST, &format!("{absent}/resolve"), Some(&new_key()), Some(&wrong)).await?;
    story::refused(&cast.operator, &answer, 422, "invalid-value").await
}
