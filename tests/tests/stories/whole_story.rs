//! From a reseller's new customer to an active subscription, and what an auditor sees of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::{Context, ensure};
use chrono::{DateTime, Duration, Months, NaiveDate, Utc};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, all_pages, cast, data, each};
use tests::world::{World, nats};

const SEATS: u32 = 25;
const CORRELATION: &str = "story-of-25-seats";
const PERSONAL: [&str; 5] =
    ["Zephyrine Quill", "zephyrine@quill.example", "+49301234567", "Quillgasse 7", "Quillstadt"];

struct Told {
    customer: Answer,
    account: String,
    order: Answer,
    subscription: Value,
    keys: Vec<String>,
}

async fn tell(world: &World, reseller: &Client) -> anyhow::Result<Told> {
    let customer = json!({
        "name": "Quill", "kind": "direct", "country": "DE", "currency": "EUR",
        "contact": { "name": PERSONAL[0], "email": PERSONAL[1], "phone": PERSONAL[2] },
        "address": { "street": PERSONAL[3], "city": PERSONAL[4], "postal_code": "12345", "country": "DE" },
    });
    let customer = reseller.post("/v1/customers", "whole/customer", &customer, 201).await?;
    ensure!(customer.body["reseller_id"] == json!(world.sample.reseller_id), "{}", customer.text);
    let wish = json!({ "customer_id": customer.id()?, "name": "Main", "contact": customer.body["contact"] });
    let account = reseller.post("/v1/accounts", "whole/account", &wish, 201).await?.id()?;
    let wish = story::order_of(&account, &[(world.service("office-business")?, SEATS)]);
    let request = reseller.request(Method::POST, "/v1/orders").header("Idempotency-Key", "whole/order");
    let order = reseller.send(request.header("X-Request-Id", CORRELATION).json(&wish)).await?;
    let order = story::expect(order, 201)?;
    ensure!(story::header(&order, "x-request-id") == Some(CORRELATION), "the request's id does not come back");
    let ended = story::sees_order_end(reseller, &order.id()?, "fulfilled").await?;
    let id = ended.body["lines"][0]["subscription_id"].as_str().context("no subscription")?.to_owned();
    let path = format!("/v1/subscriptions/{id}");
    let subscription = reseller.get_at(&path, story::read_position(&ended)?).await?.body;
    let licences = all_pages(reseller, &format!("{path}/licences"), 100).await?;
    Ok(Told { customer, account, order, subscription, keys: each(&licences, "key") })
}

#[tokio::test]
async fn a_reseller_sells_25_seats_and_an_auditor_sees_how() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let told = tell(&world, &cast.reseller).await?;
    the_order_adds_up(&told.order.body);
    the_subscription_follows_from_it(&told);
    assert_eq!(told.keys.len(), SEATS as usize);
    let different: std::collections::BTreeSet<&String> = told.keys.iter().collect();
    assert!(different.len() == SEATS as usize && told.keys.iter().all(|key| key.len() > 5), "{:?}", told.keys);
    the_auditor_sees_each_event(&world, &cast, &told).await?;
    nothing_personal_is_told(&world, &cast, &told).await
}

fn the_order_adds_up(order: &Value) {
    let money = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let line = &order["lines"][0];
    assert_eq!((&line["line"], &line["quantity"], &line["status"]), (&json!(1), &json!(SEATS), &json!("open")));
    assert_eq!((&line["unit_price"], &line["amount"]), (&money("20.00"), &money("500.00")));
    assert_eq!((&order["net"], &order["total"]), (&money("500.00"), &money("595.00")));
    assert_eq!(order["taxes"].as_array().unwrap().len(), 1);
    let tax = &order["taxes"][0];
    assert_eq!((&tax["category"], &tax["rate"]), (&json!("S"), &json!("19")), "{tax}");
    assert_eq!((&tax["base"], &tax["amount"]), (&money("500.00"), &money("95.00")));
    assert_eq!((&order["status"], &order["payment"]), (&json!("placed"), &json!("invoice")));
}

fn the_subscription_follows_from_it(told: &Told) {
    let seen = &told.subscription;
    let expected = [
        ("customer_id", json!(told.customer.id().unwrap())),
        ("account_id", json!(told.account)),
        ("order_id", json!(told.order.id().unwrap())),
        ("service_id", told.order.body["lines"][0]["service_id"].clone()),
        ("service_name", json!("Office Business")),
        ("status", json!("active")),
        ("suspended_by", Value::Null),
        ("quantity", json!(SEATS)),
        ("licence_count", json!(SEATS)),
        ("unit_price", json!({ "amount": "20.00", "currency": "EUR" })),
        ("reseller_unit_price", json!({ "amount": "20.00", "currency": "EUR" })),
        ("currency", json!("EUR")),
        ("term", json!("P1M")),
        ("billing_cycle", json!("P1M")),
        ("renewal", json!({ "action": "renew", "quantity": null, "confirmed": true })),
        ("change", Value::Null),
    ];
    for (member, value) in expected {
        assert_eq!(seen[member], value, "{member} in {seen}");
    }
    let starts_on: NaiveDate = seen["starts_on"].as_str().unwrap().parse().unwrap();
    assert_eq!(seen["ends_on"], json!(starts_on + Months::new(1)));
    let created: DateTime<Utc> = seen["created_at"].as_str().unwrap().parse().unwrap();
    assert!((created.date_naive() - starts_on).num_days().abs() <= 1);
    let until: DateTime<Utc> = seen["cancellable_until"].as_str().unwrap().parse().unwrap();
    assert!((until - created - Duration::hours(168)).abs() < Duration::minutes(1), "{until} {created}");
    assert_eq!(seen["reducible"], json!({ "to": 1, "until": seen["cancellable_until"] }));
    assert!(seen["provider"]["subscription_id"].as_str().is_some_and(|id| !id.is_empty()));
}

async fn stream(auditor: &Client, aggregate: &str, id: &str) -> anyhow::Result<Vec<Value>> {
    let events = all_pages(auditor, &format!("/v1/audit/streams/{aggregate}/{id}"), 2).await?;
    for (version, event) in (1..).zip(&events) {
        ensure!(event["version"] == version && event["aggregate"] == aggregate, "{event}");
        ensure!(event["recorded_at"].as_str().is_some() && event["event_version"].as_str().is_some(), "{event}");
        for member in ["actor", "role", "at", "correlation_id", "causation_id"] {
            ensure!(event["metadata"][member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {event}");
        }
    }
    Ok(events)
}

async fn the_auditor_sees_each_event(world: &World, cast: &Cast, told: &Told) -> anyhow::Result<()> {
    let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // The last thing that follows from the order.
    let is_told = |body: &Value| body["processes"]["notification"]["state"] != "pending";
    cast.reseller.wait_until(&format!("/v1/orders/{}", told.order.id()?), is_told).await?;
    let expected = [
        ("customer", told.customer.id()?, vec!["CustomerRegistered"], vec!["reseller"]),
        ("account", told.account.clone(), vec!["AccountOpened", "AccountLinked"], vec!["reseller", "system"]),
        (
            "order",
            told.order.id()?,
            vec!["OrderPlaced", "OrderSubmitted", "OrderLineProvisioned", "OrderFulfilled", "OrderCustomerNotified"],
            vec!["reseller", "system", "system", "system", "system"],
        ),
        (
            "subscription",
            id(&told.subscription["id"]),
            vec!["SubscriptionStarted", "LicencesGranted"],
            vec!["system", "system"],
        ),
    ];
    for (aggregate, id, types, roles) in expected {
        let events = stream(&cast.auditor, aggregate, &id).await?;
        assert_eq!(each(&events, "type"), types);
        let seen: Vec<&str> = events.iter().map(|event| event["metadata"]["role"].as_str().unwrap()).collect();
        assert_eq!(seen, roles, "{aggregate}");
        let own = &events[0]["metadata"];
        assert_eq!(own["on_behalf_of"].is_string(), roles[0] == "reseller", "{aggregate}: {own}");
    }
    let correlated = format!("/v1/audit/events?correlation={CORRELATION}");
    let events = all_pages(&cast.auditor, &correlated, 100).await?;
    let order = stream(&cast.auditor, "order", &told.order.id()?).await?;
    let subscription = stream(&cast.auditor, "subscription", &id(&told.subscription["id"])).await?;
    for event in order.iter().chain(&subscription) {
        assert!(events.contains(event), "all that followed from the order is found by its correlation: {event}");
    }
    for path in ["/v1/audit/events", &correlated] {
        assert_eq!(story::look(&cast.reseller, path).await?.status, 403);
    }
    assert!(story::head(world).await? >= order[3]["position"].as_i64().unwrap());
    Ok(())
}

async fn nothing_personal_is_told(world: &World, cast: &Cast, told: &Told) -> anyhow::Result<()> {
    // It is shown to whom it belongs.
    let shown = cast.reseller.get(&format!("/v1/customers/{}", told.customer.id()?)).await?;
    assert!(PERSONAL.iter().all(|text| shown.text.contains(text)), "{}", shown.text);
    let mut told_texts = Vec::new();
    let subscription = told.subscription["id"].as_str().unwrap();
    let streams = [("customer", told.customer.id()?), ("account", told.account.clone())];
    for (aggregate, id) in streams.iter().map(|(a, i)| (*a, i.as_str())).chain([("subscription", subscription)]) {
        for path in ["", "/state"] {
            told_texts.push(cast.auditor.get(&format!("/v1/audit/streams/{aggregate}/{id}{path}")).await?.text);
        }
    }
    for event in all_pages(&cast.auditor, "/v1/audit/events", 100).await? {
        told_texts.push(event.to_string());
    }
    let tables = ["events", "command_results", "effects", "read_customers", "read_accounts", "read_orders"];
    for table in
        tables.iter().chain(&["read_subscriptions", "read_licences", "read_changes", "dead_letters", "process_states"])
    {
        told_texts.extend(story::texts(world, &format!("select to_json(t)::text from {table} t")).await?);
    }
    let messages = messages(world).await?;
    assert!(messages.len() as i64 >= story::head(world).await?.min(10));
    told_texts.extend(messages);
    let secrets: Vec<&str> = PERSONAL.into_iter().chain(told.keys.iter().map(String::as_str)).collect();
    for text in &told_texts {
        let found = secrets.iter().find(|secret| text.contains(**secret));
        assert_eq!(found, None, "in {text}");
    }
    Ok(())
}

/// Every message of the mirror with its headers, once it holds the last event.
async fn messages(world: &World) -> anyhow::Result<Vec<String>> {
    let head = u64::try_from(story::head(world).await?)?;
    let mirror = &world.settings.mirror;
    let context = async_nats::jetstream::new(nats::connect(&mirror.nats_url).await?);
    let stream = context.get_stream(&mirror.stream).await?;
    let consumer = stream.create_consumer(async_nats::jetstream::consumer::pull::OrderedConfig::default()).await?;
    let mut arriving = consumer.messages().await?;
    let mut messages = Vec::new();
    while let Some(message) = tokio::time::timeout(tests::client::PATIENCE, arriving.next()).await? {
        let message = message?;
        let sequence = message.info().map_err(|error| anyhow::anyhow!("{error}"))?.stream_sequence;
        messages.push(format!("{:?} {}", message.headers, String::from_utf8_lossy(&message.payload)));
        if sequence >= head {
            break;
        }
    }
    Ok(messages)
}

#[tokio::test]
async fn the_story_without_a_right_to_it_is_none() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let order = story::order_of(&world.sample.account_id, &[(world.service("office-business")?, 1)]);
    let before = story::head(&world).await?;
    for (client, status, slug) in [
        (&cast.auditor, 403, "forbidden"),
        (&cast.service, 403, "forbidden"),
        (&cast.other, 404, "not-found"),
        (&cast.reseller.with_token("nonsense"), 401, "token-invalid"),
    ] {
        let answer = story::ask(client, Method::POST, "/v1/orders", Some(&story::new_key()), Some(&order)).await?;
        story::refused(client, &answer, status, slug).await?;
    }
    let customer = story::new_customer("Nobody");
    for client in [&cast.customer, &cast.auditor, &cast.service] {
        let answer =
            story::ask(client, Method::POST, "/v1/customers", Some(&story::new_key()), Some(&customer)).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    let posing = world.site().token("reseller", Some(&world.sample.customer_id)).await?;
    let answer = story::look(&cast.reseller.with_token(&posing), "/v1/orders").await?;
    story::refused(&cast.reseller, &answer, 403, "forbidden").await?;
    assert_eq!(story::head(&world).await?, before, "a refusal wrote something");
    assert!(data(&cast.other.get("/v1/orders").await?).is_empty());
    Ok(())
}
