//! The headers of answers are the ones that the description of the API names, and the contract's are all among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use api::http::openapi;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, header, new_key};

use crate::accounted::{Books, money};
use crate::described::Description;
use crate::description::operations;

const ABSENT: &str = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

#[test]
fn no_operation_is_described_without_the_headers_of_the_contract() {
    let document: Value = serde_json::from_str(&openapi::document().to_json().unwrap()).unwrap();
    for (method, path, operation) in operations(&document) {
        let bearer = operation.get("security").is_some();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let keyed = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(keyed, bearer && method != "get" && path != "/v1/orders/quote", "the key of {method} {path}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let what = format!("{status} of {method} {path}");
            let names = answer["headers"].as_object().unwrap_or_else(|| panic!("{what} has no headers"));
            for header in names.values() {
                let place = header["$ref"].as_str().unwrap().trim_start_matches('#');
                let told = document.pointer(place).unwrap_or_else(|| panic!("{what} leads to {place}"));
                assert!(told["description"].as_str().is_some_and(|text| !text.is_empty()), "{place}");
            }
            let done = status.starts_with(['2', '3']);
            let body = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
            let started = status == "202" && ["/Payment", "/BillingRun"].iter().any(|end| body.ends_with(end));
            for (name, needed) in [
                ("X-Request-Id", true),
                ("traceparent", true),
                ("RateLimit", bearer),
                ("RateLimit-Policy", bearer),
                ("Read-Position", done && bearer && method == "get"),
                ("Event-Position", done && keyed),
                ("Idempotency-Replayed", done && keyed),
                ("Location", status == "201" || started),
                ("Retry-After", status == "5XX" || (status == "4XX" && bearer)),
                ("WWW-Authenticate", status == "4XX" && bearer),
            ] {
                assert_eq!(names.contains_key(name), needed, "{name} with {what}");
            }
        }
    }
}

/// Asks, and holds every answer against its description.
struct Visitor(Description);

impl Visitor {
    async fn sends(&self, client: &Client, request: RequestBuilder, status: u16) -> anyhow::Result<Answer> {
        let sent = request.try_clone().context("a body that is sent once only")?.build()?;
        let (method, path) = (sent.method(), sent.url().path());
        let answer = client.send(request).await?;
        anyhow::ensure!(answer.status == status, "{method} {path}: {} {}", answer.status, answer.text);
        let faults = self.0.faults(method.as_str(), path, &answer);
        assert!(faults.is_empty(), "{method} {path}: {faults:?}");
        Ok(answer)
    }

    async fn gets(&self, client: &Client, path: &str) -> anyhow::Result<Answer> {
        self.sends(client, client.request(Method::GET, path), 200).await
    }
}

/// A write under a key of its own.
fn write(client: &Client, method: Method, path: &str, body: &Value) -> RequestBuilder {
    client.request(method, path).header("Idempotency-Key", new_key()).json(body)
}

#[tokio::test]
async fn answers_carry_what_their_description_names_and_nothing_else() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let visitor = Visitor(Description::of_the_code());
    customers(&visitor, &books).await?;
    prices(&visitor, &books).await?;
    licences(&visitor, &books).await?;
    invoices(&visitor, &books).await?;
    refusals(&visitor, &books).await?;
    without_token(&visitor, &books).await
}

async fn customers(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let operator = &books.cast.operator;
    let registering = write(operator, Method::POST, "/v1/customers", &story::new_customer("Described"));
    let again = registering.try_clone().context("a body")?;
    let made = visitor.sends(operator, registering, 201).await?;
    assert_eq!(header(&made, "idempotency-replayed"), None);
    let replayed = visitor.sends(operator, again, 201).await?;
    assert_eq!(header(&replayed, "idempotency-replayed"), Some("true"));
    let (id, position) = (made.id()?, made.position()?);
    let path = format!("/v1/customers/{id}");
    for what in ["", "/balance", "/statement"] {
        visitor.gets(operator, &format!("{path}{what}?min_position={position}")).await?;
    }
    visitor.gets(operator, "/v1/customers?limit=1").await?;
    let change = json!({ "buyer_reference": "04011000-35" });
    visitor.sends(operator, write(operator, Method::PATCH, &path, &change), 200).await?;
    let preferences = format!("/v1/notification-preferences?customer_id={id}");
    visitor.sends(operator, write(operator, Method::PUT, &preferences, &json!({ "locale": "de" })), 200).await?;
    visitor.gets(operator, &preferences).await?;
    let state = format!("/v1/audit/streams/customer/{id}/state");
    for path in ["/v1/audit/events?limit=1", state.as_str(), "/v1/admin/projections"] {
        visitor.gets(operator, path).await?;
    }
    let erasing = write(operator, Method::POST, &format!("{path}/erase-personal-data"), &json!({}));
    visitor.sends(operator, erasing, 200).await?;
    Ok(())
}

async fn prices(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let (operator, customer) = (&books.cast.operator, &books.cast.customer);
    let (path, rule) = (format!("/v1/price-rules/{ABSENT}"), json!({ "kind": "markup_on_cost", "percent": "25" }));
    for status in [201, 200] {
        visitor.sends(operator, write(operator, Method::PUT, &path, &rule), status).await?;
    }
    visitor.sends(operator, write(operator, Method::DELETE, &path, &json!({})), 204).await?;
    let rate = json!({ "base": "EUR", "quote": "CHF", "rate": "0.9512" });
    visitor.sends(operator, write(operator, Method::PUT, "/v1/exchange-rates", &rate), 200).await?;
    visitor.sends(operator, write(operator, Method::POST, "/v1/catalogue/sync", &json!({})), 202).await?;
    let service = books.world.service("office-business")?;
    visitor.gets(customer, "/v1/services?limit=1").await?;
    visitor.gets(customer, &format!("/v1/services/{service}")).await?;
    let order = story::order_of(&books.world.sample.account_id, &[(service, 1)]);
    visitor.sends(customer, customer.request(Method::POST, "/v1/orders/quote").json(&order), 200).await?;
    Ok(())
}

async fn licences(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let customer = &books.cast.customer;
    let service = books.world.service("office-business")?;
    let bought = story::buys(customer, &books.world.sample.account_id, service, 2).await?;
    let path = format!("/v1/subscriptions/{}", bought["id"].as_str().context("no id")?);
    let listed = visitor.gets(customer, &format!("{path}/licences?limit=1")).await?;
    let licence = listed.body["data"][0]["id"].as_str().context("no licence")?.to_owned();
    let assignment = format!("{path}/licences/{licence}/assignment");
    visitor.sends(customer, write(customer, Method::PUT, &assignment, &json!({ "user": "Ada" })), 200).await?;
    visitor.sends(customer, write(customer, Method::DELETE, &assignment, &json!({})), 200).await?;
    Ok(())
}

async fn invoices(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let (operator, payer) = (&books.cast.operator, &books.cast.other);
    let customer = &books.world.sample.other_customer_id;
    story::pays_by_hand(operator, customer).await?;
    let first = books.issue(books.others(0), "2026-02-01").await?;
    let second = books.issue(books.others(1), "2026-02-01").await?;
    let position = story::head(&books.world).await?;
    visitor.gets(payer, &format!("{first}?min_position={position}")).await?;
    let document = format!("{first}/document?min_position={position}");
    let written = visitor.gets(payer, &document).await?;
    let tag = header(&written, "etag").context("no ETag")?;
    let known = payer.request(Method::GET, &document).header("If-None-Match", tag);
    visitor.sends(payer, known, 304).await?;

    visitor.sends(payer, write(payer, Method::POST, &format!("{first}/pay"), &json!({})), 202).await?;
    let received = json!({ "amount": money("10.00"), "received_on": "2026-02-10", "reference": "Transfer" });
    let receiving = write(operator, Method::POST, &format!("{second}/payments"), &received);
    visitor.sends(operator, receiving, 201).await?;
    let run = json!({ "period": "2026-01", "customer_id": customer });
    visitor.sends(operator, write(operator, Method::POST, "/v1/invoices/generate", &run), 202).await?;
    Ok(())
}

async fn refusals(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let customer = &books.cast.customer;
    let nobody = customer.with_token("");
    let order = format!("/v1/orders/{ABSENT}");
    for (client, path, status) in [
        (&nobody, order.as_str(), 401),
        (customer, "/v1/admin/effects", 403),
        (customer, "/v1/orders?nonsense=1", 400),
        (customer, order.as_str(), 404),
    ] {
        visitor.sends(client, client.request(Method::GET, path), status).await?;
    }
    let unknown = write(customer, Method::POST, "/v1/accounts", &json!({ "nonsense": 1 }));
    visitor.sends(customer, unknown, 422).await?;
    Ok(())
}

async fn without_token(visitor: &Visitor, books: &Books) -> anyhow::Result<()> {
    let anybody = books.cast.operator.with_token("");
    visitor.gets(&anybody, "/.well-known/jwks.json").await?;
    visitor.gets(&anybody, "/dev/clock").await?;
    let token = anybody.request(Method::POST, "/dev/token").json(&json!({ "role": "auditor" }));
    visitor.sends(&anybody, token, 200).await?;
    let unsigned = anybody.request(Method::POST, "/v1/webhooks/ccp").json(&json!({}));
    visitor.sends(&anybody, unsigned, 401).await?;
    Ok(())
}
