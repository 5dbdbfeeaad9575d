//! Orders that wait, and orders that are called off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::json;
use tests::client::{Answer, Client};
use tests::story::{self, cast};
use tests::world::process::{Launch, Process};
use tests::world::{World, tools};

async fn cancels(client: &Client, order: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, &format!("/v1/orders/{order}/cancel"), None, None).await
}

#[tokio::test]
async fn what_is_not_yet_submitted_is_cancelled_at_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (customer, service) = (&cast.customer, world.service("office-business")?);
    let scheduled = story::schedules(customer, &world.sample.account_id, service, "Later").await?;
    let day = story::today() + chrono::Days::new(20);
    assert_eq!((&scheduled.body["status"], &scheduled.body["scheduled_for"]), (&json!("scheduled"), &json!(day)));
    assert_eq!(scheduled.body["placed_at"], json!(null));

    // The provider takes its time with the account, and the order waits for it.
    let slow =
        json!({ "match": { "method": "POST", "path": "/v1/accounts" }, "fault": "delay", "ms": 4000, "times": 9 });
    story::troubles(&world, &slow).await?;
    let account = story::opens_account(customer, &world.sample.customer_id).await?;
    assert_eq!(account.body["status"], "pending");
    let called_off = story::orders(customer, &account.id()?, &[(service, 2)]).await?;
    let waiting = story::orders(customer, &account.id()?, &[(service, 3)]).await?;
    for order in [&called_off, &waiting] {
        let seen = customer.get_at(&format!("/v1/orders/{}", order.id()?), order.position()?).await?;
        assert_eq!(seen.body["status"], "placed");
    }
    for order in [&scheduled, &called_off] {
        let done = story::expect(cancels(customer, &order.id()?).await?, 200)?;
        let line = &done.body["lines"][0];
        assert_eq!((&done.body["status"], &line["status"]), (&json!("cancelled"), &json!("cancelled")));
        assert_eq!(line["reason"], "cancelled-by-request");
        let again = story::expect(cancels(&cast.reseller, &order.id()?).await?, 200)?;
        assert_eq!((&again.body["version"], again.body["status"] == "cancelled"), (&done.body["version"], true));
    }
    let linked = |body: &serde_json::Value| body["status"] == "active";
    customer.wait_until(&format!("/v1/accounts/{}", account.id()?), linked).await?;
    story::sees_order_end(customer, &waiting.id()?, "fulfilled").await?;
    let dead = format!("/v1/audit/streams/order/{}", called_off.id()?);
    let types = story::each(&story::all_pages(&cast.auditor, &dead, 100).await?, "type");
    assert_eq!(types, ["OrderPlaced", "OrderLineCancelled", "OrderCancelled"]);
    let late = cancels(customer, &waiting.id()?).await?;
    story::refused(customer, &late, 409, "invalid-state").await?;
    let foreign = cancels(&cast.other, &waiting.id()?).await?;
    story::refused(&cast.other, &foreign, 404, "not-found").await?;
    story::refused(&cast.auditor, &cancels(&cast.auditor, &waiting.id()?).await?, 403, "forbidden").await
}

/// The same provider again, taking its time with every order.
pub async fn slow_provider(world: &mut World, completion_ms: u32) -> anyhow::Result<Process> {
    world.provider.stop().await?;
    let provider = &world.settings.provider;
    let launch = Launch::new(tools::own_binary("ccp-sim")?, world.settings.logs.join("slow-ccp-sim.log"))
        .arguments(["--listen", &format!("127.0.0.1:{}", provider.port)])
        .arguments(["--client-id", &provider.client_id])
        .arguments(["--completion-ms", &completion_ms.to_string()])
        .argument("--data")
        .argument(world.folder.join("ccp-sim"))
        .environment("CCP_SIM_CLIENT_SECRET", &provider.client_secret);
    let mut process = launch.spawn()?;
    process.wait_until_healthy(&format!("{}/sim/health", provider.url()), Duration::from_secs(20)).await?;
    Ok(process)
}

#[tokio::test]
async fn what_is_submitted_is_cancelled_by_the_provider() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let cast = cast(&world)?;
    let _provider = slow_provider(&mut world, 600_000).await?;
    let customer = &cast.customer;
    let lines = [(world.service("office-business")?, 2), (world.service("mail-guard")?, 1)];
    let order = story::orders(customer, &world.sample.account_id, &lines).await?.id()?;
    let path = format!("/v1/orders/{order}");
    customer.wait_until(&path, |body| body["status"] == "submitted").await?;
    let asked = story::expect(cancels(customer, &order).await?, 202)?;
    assert_eq!(asked.body["status"], "submitted");
    let again = cancels(customer, &order).await?;
    assert!([200, 202].contains(&again.status), "{}", again.text);
    let ended = story::sees_order_end(customer, &order, "cancelled").await?;
    assert_eq!(story::each(ended.body["lines"].as_array().unwrap(), "status"), ["cancelled", "cancelled"]);
    let events = story::all_pages(&cast.auditor, &format!("/v1/audit/streams/order/{order}"), 100).await?;
    let asked = events.iter().filter(|event| event["type"] == "OrderCancellationRequested").count();
    assert_eq!(asked, 1, "asked twice");
    assert!(story::data(&customer.get("/v1/subscriptions").await?).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_cancellation_that_comes_too_late_changes_nothing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    // The provider completes, but nobody hears of it for a while.
    let lost = json!({ "match": { "path": "order." }, "fault": "webhook_lost", "times": 9 });
    let deaf = json!({ "match": { "method": "GET", "path": "/v1/orders/" }, "fault": "503", "times": 2 });
    for fault in [lost, deaf] {
        story::troubles(&world, &fault).await?;
    }
    let order = story::orders(customer, &world.sample.account_id, &[(world.service("office-business")?, 2)]).await?;
    let path = format!("/v1/orders/{}", order.id()?);
    customer.wait_until(&path, |body| body["status"] == "submitted").await?;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    provider.wait_until("/sim/health", |body| body["unfinished"] == 0).await?;
    story::expect(cancels(customer, &order.id()?).await?, 202)?;
    let ended = story::sees_order_end(customer, &order.id()?, "fulfilled").await?;
    let subscription = ended.body["lines"][0]["subscription_id"].as_str().unwrap();
    let position = story::read_position(&ended)?;
    let kept = customer.get_at(&format!("/v1/subscriptions/{subscription}"), position).await?;
    assert_eq!(kept.body["status"], "active");
    Ok(())
}

#[tokio::test]
async fn what_was_provisioned_after_all_is_shown_and_ended() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    // The provider takes the order, but we do not hear that it did.
    let lost = json!({ "match": { "method": "POST", "path": "/v1/orders" }, "fault": "500_after", "times": 1 });
    let deaf = json!({ "match": { "method": "GET", "path": "/v1/orders" }, "fault": "503", "times": 100, "ms": 200 });
    for fault in [lost, deaf] {
        story::troubles(&world, &fault).await?;
    }
    let lines = [(world.service("office-business")?, 2), (world.service("compute-reserved")?, 1)];
    let order = story::orders(customer, &world.sample.account_id, &lines).await?.id()?;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let is_there = |body: &serde_json::Value| {
        body["effects"].as_array().is_some_and(|all| all.iter().any(|effect| effect["operation"] == "place_order"))
    };
    provider.wait_until("/sim/ledger", is_there).await?;
    provider.wait_until("/sim/health", |body| body["unfinished"] == 0).await?;
    let cancelled = story::expect(cancels(customer, &order).await?, 200)?;
    assert_eq!(cancelled.body["status"], "cancelled");
    story::calms(&world).await?;

    let path = format!("/v1/orders/{order}");
    let recorded = |body: &serde_json::Value| {
        body["lines"].as_array().is_some_and(|lines| lines.iter().all(|line| line["subscription_id"].is_string()))
    };
    let seen = customer.wait_until(&path, recorded).await?.body;
    assert_eq!(seen["status"], "cancelled", "the order stays what its customer made of it: {seen}");
    let subscription =
        |line: usize| format!("/v1/subscriptions/{}", seen["lines"][line]["subscription_id"].as_str().unwrap());
    customer.wait_until(&subscription(0), |body| body["status"] == "cancelled").await?;
    // Where the window is closed it ends with its term.
    let expiring = |body: &serde_json::Value| {
        body["renewal"] == json!({ "action": "expire", "quantity": null, "confirmed": true })
    };
    let kept = customer.wait_until(&subscription(1), expiring).await?.body;
    assert_eq!(kept["status"], "active");
    assert_eq!(story::texts(&world, "select kind from effects where state = 'dead'").await?, Vec::<String>::new());
    Ok(())
}

/// What the provider's console does before we first look at a subscription is there when it starts here.
#[tokio::test]
async fn what_was_ended_before_we_looked_starts_here_and_ends() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    for status in ["cancelled", "suspended"] {
        let lost = json!({ "fault": "webhook_lost", "times": 1_000 });
        let deaf = json!({ "match": { "method": "GET", "path": "/v1/orders" }, "fault": "503", "times": 1_000 });
        for fault in [lost, deaf] {
            story::troubles(&world, &fault).await?;
        }
        let line = (world.service("office-business")?, 2);
        let order = story::orders(customer, &world.sample.account_id, &[line]).await?.id()?;
        let provider = Client::new(&world.settings.provider.url(), "")?;
        let shown = provider.wait_until("/sim/subscriptions", |body| active_at_provider(body).is_some()).await?.body;
        let path = format!("/sim/subscriptions/{}", active_at_provider(&shown).context("no subscription")?);
        let edited = story::ask(&provider, Method::PATCH, &path, None, Some(&json!({ "status": status }))).await?;
        story::expect(edited, 200)?;
        story::calms(&world).await?;

        let ended = story::sees_order_end(customer, &order, "fulfilled").await?;
        let subscription = ended.body["lines"][0]["subscription_id"].as_str().context("no subscription")?;
        let path = format!("/v1/subscriptions/{subscription}");
        customer.wait_until(&path, |body| body["status"] == status).await?;
    }
    Ok(())
}

/// An order of so many seats is one of so many: what they are at our first sight was made of them since.
#[tokio::test]
async fn seats_that_came_or_went_before_we_looked_are_changes_of_the_providers() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    for quantity in [4, 9] {
        let lost = json!({ "fault": "webhook_lost", "times": 1_000 });
        let deaf = json!({ "match": { "method": "GET", "path": "/v1/orders" }, "fault": "503", "times": 1_000 });
        for fault in [lost, deaf] {
            story::troubles(&world, &fault).await?;
        }
        let line = (world.service("office-business")?, 7);
        let order = story::orders(customer, &world.sample.account_id, &[line]).await?.id()?;
        let of_seven = |body: &serde_json::Value| {
            let all = body["subscriptions"].as_array()?;
            Some(all.iter().find(|one| one["quantity"] == 7)?["subscription_id"].as_str()?.to_owned())
        };
        let shown = provider.wait_until("/sim/subscriptions", |body| of_seven(body).is_some()).await?.body;
        let path = format!("/sim/subscriptions/{}", of_seven(&shown).context("no subscription")?);
        let edited = story::ask(&provider, Method::PATCH, &path, None, Some(&json!({ "quantity": quantity }))).await?;
        story::expect(edited, 200)?;
        story::calms(&world).await?;

        let ended = story::sees_order_end(customer, &order, "fulfilled").await?;
        assert_eq!(ended.body["lines"][0]["quantity"], 7);
        let subscription = ended.body["lines"][0]["subscription_id"].as_str().context("no subscription")?;
        let path = format!("/v1/subscriptions/{subscription}");
        let agrees = |body: &serde_json::Value| body["quantity"] == quantity && body["licence_count"] == quantity;
        customer.wait_until(&path, agrees).await?;
        let changes = story::all_pages(customer, &format!("{path}/changes"), 100).await?;
        let change = changes.first().context("no change")?;
        let told = ["kind", "from", "to", "state"].map(|member| change[member].clone());
        assert_eq!(told, [json!("quantity"), json!(7), json!(quantity), json!("confirmed")]);
    }
    Ok(())
}

fn active_at_provider(listed: &serde_json::Value) -> Option<&str> {
    let active = listed["subscriptions"].as_array()?.iter().find(|subscription| subscription["status"] == "active");
    active?["subscription_id"].as_str()
}
