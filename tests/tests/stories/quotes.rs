//! What an order would cost, everything that speaks against it, and orders that are refused for the same reasons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, Months};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, new_key};
use tests::world::World;

const NOBODY: &str = "00000000-0000-5000-8000-000000000000";

async fn quote(client: &Client, body: &Value) -> anyhow::Result<Answer> {
    story::ask(client, Method::POST, "/v1/orders/quote", None, Some(body)).await
}

fn problems(quote: &Answer) -> Vec<(String, String)> {
    let text = |problem: &Value, name: &str| problem[name].as_str().unwrap().to_owned();
    let problems = quote.body["problems"].as_array().unwrap();
    problems.iter().map(|problem| (text(problem, "pointer"), text(problem, "slug"))).collect()
}

/// The line, the problem and where it points.
fn wrong_lines(world: &World) -> anyhow::Result<Vec<(Value, &'static str, &'static str)>> {
    let line = |service: &str, quantity: u32| json!({ "service_id": service, "quantity": quantity });
    Ok(vec![
        (line(NOBODY, 5), "service_id", "unknown-service"),
        (line(world.service("identity-team")?, 4), "quantity", "quantity-limit"),
        (line(world.service("network-firewall")?, 6), "quantity", "quantity-limit"),
        (line(world.service("virtual-desktop")?, 1), "service_id", "no-price"),
        (line(world.service("office-japan")?, 1), "service_id", "no-price"),
    ])
}

#[tokio::test]
async fn a_quote_names_everything_and_writes_nothing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let account = &world.sample.account_id;
    let head = story::head(&world).await?;
    let wrong = wrong_lines(&world)?;
    let good = json!({ "service_id": world.service("office-business")?, "quantity": 5 });
    let lines: Vec<Value> = wrong.iter().map(|(line, ..)| line.clone()).chain([good.clone()]).collect();
    let everything = json!({
        "account_id": account, "start_on": story::today() - Days::new(1), "lines": lines,
    });
    let expected: Vec<(String, String)> = std::iter::once(("/start_on".to_owned(), "invalid-date".to_owned()))
        .chain((0..).zip(&wrong).map(|(n, (_, field, slug))| (format!("/lines/{n}/{field}"), (*slug).to_owned())))
        .collect();
    for client in [&cast.customer, &cast.reseller, &cast.operator] {
        let quoted = story::expect(quote(client, &everything).await?, 200)?;
        assert_eq!(problems(&quoted), expected);
        assert!(quoted.body["problems"].as_array().unwrap().iter().all(|problem| problem["detail"].is_string()));
    }
    let answer = story::ask(&cast.customer, Method::POST, "/v1/orders", Some(&new_key()), Some(&everything)).await?;
    story::refused(&cast.customer, &answer, 422, "invalid-date").await?;
    for (client, status, slug) in
        [(&cast.auditor, 403, "forbidden"), (&cast.service, 403, "forbidden"), (&cast.other, 404, "not-found")]
    {
        story::refused(client, &quote(client, &everything).await?, status, slug).await?;
    }
    a_quote_is_the_order(&world, &cast.customer, &json!({ "account_id": account, "lines": [good] }), head).await
}

async fn a_quote_is_the_order(world: &World, customer: &Client, body: &Value, head: i64) -> anyhow::Result<()> {
    let quoted = story::expect(quote(customer, body).await?, 200)?;
    assert_eq!(problems(&quoted), []);
    assert_eq!(story::head(world).await?, head, "a quote wrote something");
    let placed = customer.post("/v1/orders", &new_key(), body, 201).await?;
    for member in ["currency", "net", "taxes", "total"] {
        assert_eq!(quoted.body[member], placed.body[member], "{member}");
    }
    for member in ["line", "service_id", "service_name", "quantity", "unit_price", "amount"] {
        assert_eq!(quoted.body["lines"][0][member], placed.body["lines"][0][member], "{member}");
    }
    Ok(())
}

/// A change to a good order, the refusal's name, and where it points.
fn refusals(world: &World) -> anyhow::Result<Vec<(Value, &'static str, String)>> {
    let good = json!({ "service_id": world.service("office-business")?, "quantity": 1 });
    let today = story::today();
    let at = |pointer: &str| pointer.to_owned();
    let mut cases = vec![
        (json!({ "payment": "cash" }), "invalid-value", at("/payment")),
        (json!({ "start_on": today - Days::new(2) }), "invalid-date", at("/start_on")),
        (json!({ "start_on": today + Months::new(12) + Days::new(2) }), "invalid-date", at("/start_on")),
        (json!({ "start_on": "2027-02-30" }), "invalid-date", at("/start_on")),
        (json!({ "start_on": 20270101 }), "invalid-type", at("/start_on")),
        (json!({ "lines": [] }), "missing-field", at("/lines")),
        (json!({ "lines": null }), "missing-field", at("/lines")),
        (json!({ "lines": vec![good.clone(); 101] }), "too-many-items", at("/lines")),
        (json!({ "name": "a\u{202e}b" }), "invalid-text", at("/name")),
        (json!({ "name": "x".repeat(201) }), "invalid-text", at("/name")),
        (json!({ "surprise": 1 }), "unknown-field", at("/surprise")),
        (json!({ "account_id": "4711" }), "invalid-value", at("/account_id")),
    ];
    for (line, field, slug) in wrong_lines(world)? {
        cases.push((json!({ "lines": [good, line] }), slug, format!("/lines/1/{field}")));
    }
    for quantity in [json!(0), json!(-1), json!(1.5), json!("5"), json!(100_001), json!(null)] {
        let line = json!({ "service_id": world.service("office-business")?, "quantity": quantity });
        cases.push((json!({ "lines": [good, line] }), "invalid-quantity", at("/lines/1/quantity")));
    }
    Ok(cases)
}

#[tokio::test]
async fn an_order_is_refused_for_what_a_quote_tells() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let head = story::head(&world).await?;
    let good = story::order_of(&world.sample.account_id, &[(world.service("office-business")?, 1)]);
    for (change, slug, pointer) in refusals(&world)? {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let key = new_key();
        let answer = story::ask(&cast.customer, Method::POST, "/v1/orders", Some(&key), Some(&body)).await?;
        let told = story::refused(&cast.customer, &answer, 422, slug).await;
        told.map_err(|error| error.context(change.to_string()))?;
        let errors = &answer.body["errors"];
        assert_eq!((&errors[0]["pointer"], &errors[0]["slug"]), (&json!(pointer), &json!(slug)), "{}", answer.text);
    }
    for malformed in ["", "{", "[]", "{\"a\":1,\"a\":2}", "nonsense"] {
        let request = cast.customer.request(Method::POST, "/v1/orders").header("Idempotency-Key", new_key());
        let answer = cast.customer.send(request.header("Content-Type", "application/json").body(malformed)).await?;
        assert!([400, 422].contains(&answer.status), "{malformed}: {}", answer.text);
    }
    let request = cast.customer.request(Method::POST, "/v1/orders").header("Idempotency-Key", new_key());
    let answer = cast.customer.send(request.header("Content-Type", "text/plain").body(good.to_string())).await?;
    story::refused(&cast.customer, &answer, 415, "unsupported-media-type").await?;
    let mut huge = good.clone();
    huge["name"] = "x".repeat(70_000).into();
    let answer = story::ask(&cast.customer, Method::POST, "/v1/orders", Some(&new_key()), Some(&huge)).await?;
    story::refused(&cast.customer, &answer, 413, "too-large").await?;
    assert_eq!(story::head(&world).await?, head, "a refusal wrote something");
    dollars(&world, &cast.operator).await
}

/// What is sold in dollars only is for customers who pay in dollars.
async fn dollars(world: &World, operator: &Client) -> anyhow::Result<()> {
    let mut american = story::new_customer("Dollar");
    (american["country"], american["currency"]) = (json!("US"), json!("USD"));
    let american = operator.post("/v1/customers", &new_key(), &american, 201).await?.id()?;
    let account = story::opens_active_account(operator, &american).await?;
    let placed = story::orders(operator, &account, &[(world.service("virtual-desktop")?, 3)]).await?;
    let money = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    assert_eq!((&placed.body["net"], &placed.body["total"]), (&money("93.00"), &money("93.00")));
    assert_eq!(placed.body["taxes"][0]["category"], "G");
    let wish = story::order_of(&account, &[(world.service("office-business")?, 1)]);
    let answer = story::ask(operator, Method::POST, "/v1/orders", Some(&new_key()), Some(&wish)).await?;
    story::refused(operator, &answer, 422, "no-price").await
}
