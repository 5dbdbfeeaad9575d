//! Billing a month on demand: who may, for whom, when, and what it would come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::ensure;
use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::story::{self, Cast, ask, cast, data, expect, header, look, mentions, new_key, refused};
use tests::world::World;

const BEGINS: &str = "2026-10-05T09:30:00Z";
const ABSENT: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b";

/// A month in which the reseller's end customer has bought something, not over yet.
pub struct Month {
    pub world: World,
    pub cast: Cast,
    pub clock: DevClock,
    pub bought: Vec<Value>,
}

impl Month {
    /// Services with their seats, bought on the 5th of October.
    pub async fn with(services: &[(&str, u32)]) -> anyhow::Result<Self> {
        let world = World::start_at(BEGINS).await?;
        let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
        let mut bought = Vec::new();
        for (sku, seats) in services {
            let service = world.service(sku)?;
            bought.push(story::buys(&cast.customer, &world.sample.account_id, service, *seats).await?);
        }
        Ok(Self { world, cast, clock, bought })
    }

    /// It is the first of November, and October was billed as far as it can be.
    pub async fn ends(&self) -> anyhow::Result<Value> {
        let moved = self.clock.advance_to(NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()).await?;
        let runs = self.cast.operator.get_at("/v1/billing-runs?period=2026-10", moved.position).await?;
        let [run] = <[Value; 1]>::try_from(data(&runs)).expect("one run of the month");
        Ok(run)
    }

    pub async fn generates(&self, body: &Value) -> anyhow::Result<Answer> {
        expect(generate(&self.cast.operator, body).await?, 202)
    }

    /// The run as it is when it has ended, after everything that has happened by now.
    pub async fn sees_it_end(&self, run: &Value) -> anyhow::Result<Value> {
        let head = story::head(&self.world).await?;
        let path = format!("/v1/billing-runs/{}?min_position={head}", run["id"].as_str().unwrap());
        Ok(self.cast.operator.wait_until(&path, |run| run["status"] == "completed").await?.body)
    }

    /// The one invoice the customer has.
    pub async fn invoice(&self) -> anyhow::Result<Value> {
        let list = format!("/v1/invoices?customer_id={}", self.world.sample.customer_id);
        let seen = self.cast.operator.get_at(&list, story::head(&self.world).await?).await?;
        let [invoice] = <[Value; 1]>::try_from(data(&seen)).expect("one invoice");
        Ok(invoice)
    }
}

pub async fn generate(client: &Client, body: &Value) -> anyhow::Result<Answer> {
    ask(client, Method::POST, "/v1/invoices/generate", Some(&new_key()), Some(body)).await
}

#[tokio::test]
async fn a_month_that_is_over_is_billed_once_whoever_asks_again() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let october = json!({ "period": "2026-10", "customer_id": sample.customer_id });
    for client in [&cast.operator, &cast.service] {
        refused(client, &generate(client, &october).await?, 409, "period-open").await?;
    }
    let answer = generate(&cast.operator, &json!({ "period": "2026-10" })).await?;
    refused(&cast.operator, &answer, 409, "period-open").await?;
    assert_eq!(answer.body["errors"][0]["pointer"], "/period", "{}", answer.text);

    let run = month.ends().await?;
    assert_eq!(
        (&run["status"], &run["on_demand"], &run["customer_id"]),
        (&json!("completed"), &json!(false), &Value::Null)
    );
    assert_eq!(
        (&run["counts"]["issued"], &run["counts"]["drafts"], &run["counts"]["imported"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(
        (&run["parked"], &run["discrepancies"], &run["open_discrepancies"]),
        (&json!([]), &json!(0), &json!(0)),
        "{run}"
    );
    assert_eq!(month.invoice().await?["status"], "issued");

    let (path, key) = ("/v1/invoices/generate", new_key());
    let started = cast.operator.post(path, &key, &october, 202).await?;
    let id = started.id()?;
    assert_eq!(header(&started, "location"), Some(format!("/v1/billing-runs/{id}").as_str()));
    let begun = ["status", "period", "customer_id", "on_demand"].map(|name| started.body[name].clone());
    assert_eq!(begun, [json!("waiting"), json!("2026-10"), json!(sample.customer_id), json!(true)]);
    let ended = month.sees_it_end(&started.body).await?;
    assert_eq!((&ended["counts"]["skipped"], &ended["counts"]["issued"]), (&json!(1), &json!(0)), "{ended}");
    assert_eq!(ended["parties"], 1);
    // Asked again under its key it is the same run, at the version it had.
    let again = cast.operator.post(path, &key, &october, 202).await?;
    assert_eq!((&again.text, header(&again, "idempotency-replayed")), (&started.text, Some("true")));
    month.invoice().await?;

    let listed =
        cast.operator.get(&format!("/v1/billing-runs?status=completed&customer_id={}", sample.customer_id)).await?;
    assert_eq!(story::each(&data(&listed), "id"), [id.as_str()]);
    let everybody = month.generates(&json!({ "period": "2026-10" })).await?;
    let everybody = month.sees_it_end(&everybody.body).await?;
    assert_eq!((&everybody["counts"]["skipped"], &everybody["customer_id"]), (&json!(1), &Value::Null), "{everybody}");
    Ok(())
}

#[tokio::test]
async fn an_account_stands_for_whoever_is_billed_for_it() -> anyhow::Result<()> {
    let month = Month::with(&[("mail-guard", 2)]).await?;
    let (operator, sample) = (&month.cast.operator, &month.world.sample);
    let of_account = json!({ "period": "2026-09", "account_id": sample.account_id });
    let run = month.generates(&of_account).await?;
    assert_eq!(run.body["customer_id"], sample.customer_id.as_str());
    month.sees_it_end(&run.body).await?;

    let terms = format!("/v1/customers/{}/terms", sample.customer_id);
    let resale = json!({ "bill_to": "reseller" });
    expect(ask(operator, Method::PUT, &terms, Some(&new_key()), Some(&resale)).await?, 200)?;
    let of_customer = json!({ "period": "2026-09", "customer_id": sample.customer_id });
    for body in [&of_account, &of_customer] {
        let run = month.generates(body).await?;
        assert_eq!(run.body["customer_id"], sample.reseller_id.as_str(), "{body}");
        month.sees_it_end(&run.body).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_billed_is_said_and_who_may_not_is_told_so() -> anyhow::Result<()> {
    let month = Month::with(&[]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let cases = [
        (json!({ "period": "2026-13" }), 422, "invalid-date"),
        (json!({ "period": "October" }), 422, "invalid-date"),
        (json!({ "period": 202_609 }), 422, "invalid-type"),
        (json!({}), 422, "missing-field"),
        (json!({ "period": "2026-09", "customer": ABSENT }), 422, "unknown-field"),
        (json!({ "period": "2026-09", "customer_id": ABSENT }), 404, "not-found"),
        (json!({ "period": "2026-09", "account_id": ABSENT }), 404, "not-found"),
        (
            json!({ "period": "2026-09", "account_id": sample.account_id, "customer_id": sample.other_customer_id }),
            404,
            "not-found",
        ),
    ];
    for (body, status, slug) in cases {
        refused(&cast.operator, &generate(&cast.operator, &body).await?, status, slug).await?;
    }
    let good = json!({ "period": "2026-09" });
    for client in [&cast.customer, &cast.reseller, &cast.auditor] {
        refused(client, &generate(client, &good).await?, 403, "forbidden").await?;
    }
    let started = expect(generate(&cast.service, &good).await?, 202)?;
    assert!(!mentions(&started.body, "discrepancies"), "{}", started.text);
    let run = format!("/v1/billing-runs/{}", started.id()?);
    for client in [&cast.customer, &cast.reseller, &cast.service] {
        for path in ["/v1/billing-runs", run.as_str(), "/v1/billing-discrepancies"] {
            refused(client, &look(client, path).await?, 403, "forbidden").await?;
        }
    }
    for client in [&cast.operator, &cast.auditor] {
        client.get_at(&run, started.position()?).await?;
        client.get("/v1/billing-runs?status=waiting,running,completed").await?;
    }
    for wrong in ["status=done", "period=2026-13", "customer_id=x", "run=1"] {
        refused(&cast.auditor, &look(&cast.auditor, &format!("/v1/billing-runs?{wrong}")).await?, 400, "invalid-query")
            .await?;
    }
    for path in ["/v1/billing-runs", "/v1/billing-discrepancies"] {
        refused(&cast.auditor, &look(&cast.auditor, &format!("{path}/{ABSENT}")).await?, 404, "not-found").await?;
    }
    let retry = format!("{run}/retry");
    month.sees_it_end(&started.body).await?;
    let retried = cast.operator.post(&retry, &new_key(), &json!({}), 202).await?;
    assert_eq!(retried.body["status"], "completed", "nothing was parked: {}", retried.text);
    let shown = cast.operator.get_at(&run, retried.position()?).await?;
    assert_eq!(retried.body, shown.body);
    let answer = ask(&cast.auditor, Method::POST, &retry, Some(&new_key()), None).await?;
    refused(&cast.auditor, &answer, 403, "forbidden").await
}

/// What an invoice and its preview have in common.
const SAME: [&str; 8] = ["customer_id", "period", "currency", "charges", "discounts", "net", "total", "lines"];

async fn preview(client: &Client, customer: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/v1/invoices/preview?customer_id={customer}&period=2026-10")).await?.body)
}

#[tokio::test]
async fn a_preview_is_what_the_invoice_will_be() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5), ("mail-guard", 7)]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let path = format!("/v1/subscriptions/{}/quantity", month.bought[0]["id"].as_str().unwrap());
    let more = json!({ "quantity": 9 });
    expect(ask(&cast.customer, Method::PUT, &path, Some(&new_key()), Some(&more)).await?, 202)?;
    let changed = |body: &Value| body["quantity"] == 9 && body["change"].is_null();
    cast.customer.wait_until(path.trim_end_matches("/quantity"), changed).await?;

    let seen = preview(&cast.operator, &sample.customer_id).await?;
    assert_eq!((&seen["status"], &seen["others"]), (&json!("preview"), &json!([])), "{seen}");
    assert_eq!(seen["lines"].as_array().unwrap().len(), 3, "{seen}");
    assert!(seen["lines"][0]["cost"].is_object() && seen["lines"][0]["commission"].is_object(), "{seen}");
    let own = preview(&cast.customer, &sample.customer_id).await?;
    let resellers = preview(&cast.reseller, &sample.customer_id).await?;
    for hidden in ["cost", "unit_cost", "commission", "reseller_amount"] {
        ensure!(!mentions(&own, hidden), "the customer sees {hidden}: {own}");
    }
    ensure!(mentions(&resellers, "commission") && mentions(&resellers, "reseller_amount"), "{resellers}");
    ensure!(!mentions(&resellers, "cost") && !mentions(&resellers, "unit_cost"), "{resellers}");
    // One's own is meant where nobody is named.
    let unnamed = cast.customer.get("/v1/invoices/preview?period=2026-10").await?.body;
    assert_eq!(unnamed, own);

    month.ends().await?;
    let invoice = month.invoice().await?;
    for name in SAME {
        assert_eq!(invoice[name], seen[name], "{name}");
    }
    assert_eq!(invoice["taxes"], seen["taxes"]);
    let after = preview(&cast.operator, &sample.customer_id).await?;
    assert_eq!((&after["lines"], &after["net"]["amount"]), (&json!([]), &json!("0.00")), "{after}");
    Ok(())
}

#[tokio::test]
async fn nobody_looks_into_a_strangers_preview() -> anyhow::Result<()> {
    let month = Month::with(&[]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let of = |customer: &str| format!("/v1/invoices/preview?customer_id={customer}&period=2026-10");
    for (client, stranger) in [
        (&cast.other, &sample.customer_id),
        (&cast.customer, &sample.reseller_id),
        (&cast.reseller, &sample.other_customer_id),
        (&cast.operator, &ABSENT.to_owned()),
    ] {
        refused(client, &look(client, &of(stranger)).await?, 404, "not-found").await?;
    }
    refused(&cast.service, &look(&cast.service, &of(&sample.customer_id)).await?, 403, "forbidden").await?;
    let nothing = cast.reseller.get("/v1/invoices/preview").await?.body;
    assert_eq!((&nothing["customer_id"], &nothing["period"]), (&json!(sample.reseller_id), &json!("2026-10")));
    for wrong in ["", "?customer_id=x", "?customer_id=&period=2026-10"] {
        let answer = look(&cast.operator, &format!("/v1/invoices/preview{wrong}")).await?;
        refused(&cast.operator, &answer, 400, "invalid-query").await?;
    }
    let answer = look(&cast.customer, "/v1/invoices/preview?period=2026-1").await?;
    refused(&cast.customer, &answer, 400, "invalid-query").await
}
