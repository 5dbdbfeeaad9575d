//! Scheduled orders on their day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::story::{self, Cast, all_pages, cast, each, new_key};
use tests::world::World;

const BEGINS: &str = "2026-10-15T09:30:00Z";

async fn schedules(client: &Client, account: &str, lines: &[(&str, u32)], day: NaiveDate) -> anyhow::Result<Answer> {
    let mut wish = story::order_of(account, lines);
    wish["start_on"] = json!(day);
    let order = client.post("/v1/orders", &new_key(), &wish, 201).await?;
    assert_eq!(
        (&order.body["status"], &order.body["placed_at"]),
        (&json!("scheduled"), &json!(null)),
        "{}",
        order.text
    );
    Ok(order)
}

async fn sees(client: &Client, order: &Answer, position: i64) -> anyhow::Result<Value> {
    Ok(client.get_at(&format!("/v1/orders/{}", order.id()?), position).await?.body)
}

async fn history(cast: &Cast, order: &Answer) -> anyhow::Result<Vec<Value>> {
    all_pages(&cast.auditor, &format!("/v1/audit/streams/order/{}", order.id()?), 100).await
}

/// Status and reason of each line.
type Lines = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn on_its_day_an_order_is_placed_and_provisioned() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
    let (customer, account) = (&cast.customer, &world.sample.account_id);
    let lines = [(world.service("office-business")?, 5), (world.service("mail-guard")?, 2)];
    let day = clock.today().await? + Days::new(3);
    let order = schedules(customer, account, &lines, day).await?;
    let called_off = schedules(customer, account, &lines[..1], day).await?;
    let later = schedules(customer, account, &lines[..1], day + Days::new(1)).await?;
    let cancel = format!("/v1/orders/{}/cancel", called_off.id()?);
    story::expect(story::ask(customer, Method::PUT, &cancel, None, None).await?, 200)?;

    let eve = clock.advance("P2D").await?;
    assert_eq!(sees(customer, &order, eve.position).await?["status"], "scheduled");
    let moved = clock.advance("P1D").await?;
    let seen = sees(customer, &order, moved.position).await?;
    assert_eq!((&seen["status"], &seen["scheduled_for"]), (&json!("fulfilled"), &json!(day)), "{seen}");
    assert!(seen["placed_at"].as_str().unwrap().starts_with(&day.to_string()), "{seen}");
    assert_eq!((&seen["total"], &seen["created_at"]), (&order.body["total"], &order.body["created_at"]));
    for line in seen["lines"].as_array().unwrap() {
        let path = format!("/v1/subscriptions/{}", line["subscription_id"].as_str().unwrap());
        let subscription = customer.get_at(&path, moved.position).await?.body;
        assert_eq!((&subscription["status"], &subscription["starts_on"]), (&json!("active"), &json!(day)));
    }
    let events = history(&cast, &order).await?;
    let expected = [
        "OrderScheduled",
        "OrderPlaced",
        "OrderSubmitted",
        "OrderLineProvisioned",
        "OrderLineProvisioned",
        "OrderFulfilled",
        "OrderCustomerNotified",
    ];
    assert_eq!(each(&events, "type"), expected);
    // What follows from the request belongs to it, however much later.
    let correlations =
        each(&events.iter().map(|event| event["metadata"].clone()).collect::<Vec<_>>(), "correlation_id");
    assert!(correlations.iter().all(|id| *id == correlations[0]), "{correlations:?}");

    assert_eq!(sees(customer, &called_off, moved.position).await?["status"], "cancelled");
    assert_eq!(sees(customer, &later, moved.position).await?["status"], "scheduled");
    let next = clock.advance("P1D").await?;
    assert_eq!(sees(customer, &later, next.position).await?["status"], "fulfilled");
    let listed = customer.get_at(&format!("/v1/orders?from={BEGINS}&to=2026-10-16T00:00:00Z"), next.position).await?;
    assert_eq!(story::data(&listed).len(), 3, "they were ordered on the first day");
    assert_eq!(story::texts(&world, "select order_id::text from index_scheduled_orders").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_order_fails_on_its_day_when_it_may_not_start() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
    let (office, guard) = (world.service("office-business")?, world.service("mail-guard")?);
    let day = clock.today().await? + Days::new(1);
    let (ours, theirs) = (&world.sample.account_id, &world.sample.other_account_id);
    let of_suspended = schedules(&cast.other, theirs, &[(office, 1), (guard, 1)], day).await?;
    let withdrawn = schedules(&cast.customer, ours, &[(office, 1), (guard, 2)], day).await?;
    let closing = story::opens_active_account(&cast.customer, &world.sample.customer_id).await?;
    let of_closed = schedules(&cast.customer, &closing, &[(office, 1)], day).await?;
    let unaffected = schedules(&cast.customer, ours, &[(office, 3)], day).await?;

    let suspend = format!("/v1/customers/{}/suspend", world.sample.other_customer_id);
    cast.operator.post(&suspend, &new_key(), &json!({}), 200).await?;
    let close = story::ask(&cast.customer, Method::DELETE, &format!("/v1/accounts/{closing}"), None, None).await?;
    story::expect(close, 200)?;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let edit = json!({ "sku": "mail-guard", "withdrawn": true });
    story::expect(story::ask(&provider, Method::POST, "/sim/catalogue", None, Some(&edit)).await?, 200)?;

    let moved = clock.advance("P1D").await?;
    let failed: [(&Client, &Answer, Lines); 3] = [
        (&cast.other, &of_suspended, &[("rejected", "customer-suspended"), ("rejected", "customer-suspended")]),
        (&cast.customer, &withdrawn, &[("cancelled", "order-refused"), ("rejected", "service-withdrawn")]),
        (&cast.customer, &of_closed, &[("rejected", "account-not-usable")]),
    ];
    for (client, order, expected) in failed {
        let seen = sees(client, order, moved.position).await?;
        assert_eq!((&seen["status"], &seen["placed_at"]), (&json!("failed"), &json!(null)), "{seen}");
        let lines = seen["lines"].as_array().unwrap();
        let told: Vec<_> =
            lines.iter().map(|line| (line["status"].as_str().unwrap(), line["reason"].as_str().unwrap())).collect();
        assert_eq!(told, expected);
        let types = each(&history(&cast, order).await?, "type");
        assert!(types.ends_with(&["OrderFailed", "OrderCustomerNotified"].map(str::to_owned)), "{types:?}");
    }
    assert_eq!(sees(&cast.customer, &unaffected, moved.position).await?["status"], "fulfilled");
    let ledger = provider.get("/sim/ledger").await?.body;
    let placed = ledger["effects"].as_array().unwrap().iter().filter(|effect| effect["operation"] == "place_order");
    assert_eq!(placed.count(), 1, "only the one that could start reached the provider");
    Ok(())
}

#[tokio::test]
async fn a_day_that_passes_while_nobody_runs_is_made_up_for() -> anyhow::Result<()> {
    let mut world = World::start_at(BEGINS).await?;
    let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
    let service = world.service("office-business")?;
    let day = clock.today().await? + Days::new(2);
    let order = schedules(&cast.customer, &world.sample.account_id, &[(service, 4)], day).await?;
    world.product.stop().await?;
    sqlx::query("update business_clock set offset_micros = offset_micros + 5 * 86400000000")
        .execute(&mut story::database(&world).await?)
        .await?;
    world.product.start_again().await?;
    let ended = story::sees_order_end(&cast.customer, &order.id()?, "fulfilled").await?;
    let today = (day + Days::new(3)).to_string();
    assert!(ended.body["placed_at"].as_str().unwrap().starts_with(&today), "{}", ended.text);
    Ok(())
}

#[tokio::test]
async fn twins_start_an_order_once() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (_, _twin) = world.twin().await?;
    let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
    let service = world.service("office-business")?;
    let day = clock.today().await? + Days::new(1);
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(schedules(&cast.customer, &world.sample.account_id, &[(service, 1)], day).await?);
    }
    let moved = clock.advance("P1D").await?;
    for order in &orders {
        assert_eq!(sees(&cast.customer, order, moved.position).await?["status"], "fulfilled");
        let events = each(&history(&cast, order).await?, "type");
        assert_eq!(events.iter().filter(|name| *name == "OrderPlaced").count(), 1, "{events:?}");
    }
    Ok(())
}
