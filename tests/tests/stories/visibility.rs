//! Who sees what: every GET there is, by every role.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use commands::authorise::{self, Cell};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, each, new_key};
use tests::world::World;

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const RULE: &str = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

/// The ids that stand for `{…}` in paths.
pub struct Ids {
    pub customer: String,
    pub account: String,
    pub order: String,
    pub subscription: String,
    pub service: String,
    pub price_rule: String,
    /// By the first part of their paths, once a month has been billed: invoices, credit notes and the like.
    pub billed: BTreeMap<&'static str, String>,
}

/// One GET of the document.
pub struct Read {
    /// With ids in it.
    pub path: String,
    pub operation: String,
    /// What whoever may read it is answered: 404 where this world has no such thing.
    pub status: u16,
    /// Whether it can be asked for one customer.
    pub by_customer: bool,
}

impl Ids {
    /// The path with the ids of this world, and what it answers to those who may.
    fn concrete(&self, template: &str) -> anyhow::Result<(String, u16)> {
        let (id, status) = match template.split('/').nth(2).unwrap_or_default() {
            "customers" => (self.customer.as_str(), 200),
            "accounts" => (self.account.as_str(), 200),
            "orders" | "audit" => (self.order.as_str(), 200),
            "subscriptions" => (self.subscription.as_str(), 200),
            "services" => (self.service.as_str(), 200),
            "price-rules" => (self.price_rule.as_str(), 200),
            "admin" if template.contains("{id}") => (NOBODY, 404),
            noun if template.contains("{id}") => match self.billed.get(noun) {
                Some(id) => (id.as_str(), 200),
                None => (NOBODY, 404),
            },
            _ => ("{id}", 200),
        };
        let path = template.replace("{id}", id).replace("{sid}", &self.subscription).replace("{aggregate}", "order");
        let path = path + &self.query(template);
        ensure!(!path.contains('{'), "say which ids {template} is to be asked with");
        Ok((path, status))
    }

    /// What a path cannot be asked without, and documents as text.
    fn query(&self, template: &str) -> String {
        match template.rsplit('/').next() {
            Some("document") => "?format=json".to_owned(),
            Some("charges") => format!("?period={PERIOD}"),
            Some("preview") => format!("?period={PERIOD}&customer_id={}", self.customer),
            Some("notification-preferences") => format!("?customer_id={}", self.customer),
            Some(_) | None => String::new(),
        }
    }
}

/// The month in which everything is bought.
const PERIOD: &str = "2026-10";
/// When these worlds begin.
pub const BEGINS: &str = "2026-10-05T09:00:00Z";

/// The month is billed, and one of its invoices corrected: the customer's documents, and those of its reseller.
pub async fn is_billed(world: &World, cast: &Cast, ids: Ids) -> anyhow::Result<Ids> {
    DevClock::new(&world.settings.api_url())?.advance("P1M").await?;
    let first = async |noun: &'static str| {
        let found = story::look(&cast.operator, &format!("/v1/{noun}")).await?;
        let id = found.body["data"][0]["id"].as_str().map(str::to_owned);
        id.map(|id| (noun, id)).with_context(|| format!("no {noun}: {}", found.text))
    };
    let invoice = first("invoices").await?;
    let credit = json!({ "amount": { "amount": "0.12", "currency": "EUR" }, "reason": "Kept short" });
    let note =
        cast.operator.post(&format!("/v1/invoices/{}/credit-notes", invoice.1), &new_key(), &credit, 201).await?;
    cast.operator.get_at(&format!("/v1/credit-notes/{}", note.id()?), note.position()?).await?;
    let mut billed = BTreeMap::from([invoice]);
    for noun in ["credit-notes", "commission-statements", "billing-runs"] {
        billed.extend([first(noun).await?]);
    }
    Ok(Ids { billed, ..ids })
}

/// Three seats of a service for the reseller's customer.
pub async fn bought(world: &World, cast: &Cast, service: &str) -> anyhow::Result<Ids> {
    let subscription = story::buys(&cast.customer, &world.sample.account_id, service, 3).await?;
    let id = |name: &str| subscription[name].as_str().map(str::to_owned).context("an id is missing");
    Ok(Ids {
        customer: id("customer_id")?,
        account: id("account_id")?,
        order: id("order_id")?,
        subscription: id("id")?,
        service: service.to_owned(),
        price_rule: RULE.to_owned(),
        billed: BTreeMap::new(),
    })
}

/// A rule of the reseller for its customer, under the id [`Ids`] names.
pub async fn has_a_rule(cast: &Cast, rule: &Value) -> anyhow::Result<Answer> {
    let set = story::ask(&cast.reseller, Method::PUT, &format!("/v1/price-rules/{RULE}"), None, Some(rule)).await?;
    story::expect(set, 201)
}

/// Every GET under `/v1`.
pub async fn reads(operator: &Client, ids: &Ids) -> anyhow::Result<Vec<Read>> {
    let document = operator.get("/openapi.json").await?.body;
    let paths = document["paths"].as_object().context("no paths")?;
    let gets = paths.iter().filter(|(path, item)| path.starts_with("/v1/") && item.get("get").is_some());
    gets.map(|(template, item)| {
        let operation = item["get"]["operationId"].as_str().context("no operationId")?.to_owned();
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let by_customer = parameters.iter().any(|parameter| parameter["name"] == "customer_id");
        let (path, status) = ids.concrete(template)?;
        Ok(Read { path, operation, status, by_customer })
    })
    .collect()
}

pub fn row(operation: &str) -> anyhow::Result<&'static authorise::Row> {
    let mut rows = authorise::TABLE.iter();
    rows.find(|row| row.operation.name() == operation).with_context(|| format!("no row for {operation}"))
}

struct Viewer<'a> {
    name: &'static str,
    client: &'a Client,
    may: fn(&authorise::Row) -> bool,
    never: &'static [&'static str],
}

fn viewers(cast: &Cast) -> [Viewer<'_>; 5] {
    const STAFF_ONLY: &[&str] = &["unit_cost", "cost", "created_by", "updated_by"];
    const NOT_CUSTOMERS: &[&str] =
        &["unit_cost", "cost", "created_by", "updated_by", "reseller_unit_price", "reseller_amount", "commission"];
    [
        Viewer { name: "customer", client: &cast.customer, may: |row| row.customer == Cell::Yes, never: NOT_CUSTOMERS },
        Viewer {
            name: "reseller",
            client: &cast.reseller,
            may: |row| row.reseller_own == Cell::Yes || row.reseller_sub == Cell::Yes,
            never: STAFF_ONLY,
        },
        Viewer { name: "operator", client: &cast.operator, may: |row| row.operator == Cell::Yes, never: &[] },
        Viewer { name: "auditor", client: &cast.auditor, may: |row| row.auditor == Cell::Yes, never: &[] },
        Viewer { name: "service", client: &cast.service, may: |row| row.service == Cell::Yes, never: STAFF_ONLY },
    ]
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let cast = cast(&world)?;
    let ids = bought(&world, &cast, world.service("office-business")?).await?;
    let terms = json!({ "commission": { "scheme": "percent", "percent": "10" } });
    let path = format!("/v1/customers/{}/terms", world.sample.reseller_id);
    story::expect(story::ask(&cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    let ids = is_billed(&world, &cast, ids).await?;
    let rule = has_a_rule(&cast, &json!({ "customer_id": ids.customer, "kind": "list" })).await?;
    cast.operator.get_at(&format!("/v1/price-rules/{RULE}"), rule.position()?).await?;
    let reads = reads(&cast.operator, &ids).await?;
    for viewer in viewers(&cast) {
        for Read { path, operation, status, .. } in &reads {
            let answer = story::look(viewer.client, path).await?;
            let expected = if (viewer.may)(row(operation)?) { *status } else { 403 };
            assert_eq!(answer.status, expected, "{} {path}: {}", viewer.name, answer.text);
            let seen = viewer.never.iter().find(|name| story::mentions(&answer.body, name));
            assert_eq!(seen, None, "{} {path}: {}", viewer.name, answer.text);
        }
    }
    for Read { path, .. } in &reads {
        let anonymous = story::look(&cast.customer.with_token(""), path).await?;
        assert_eq!(anonymous.status, 401, "{path}");
    }
    what_each_is_there_to_see(&cast, &ids).await?;
    prices_in_writes(&world, &cast).await?;
    keys(&cast, &ids).await?;
    foreign_is_absent(&world, &cast, &ids).await
}

async fn what_each_is_there_to_see(cast: &Cast, ids: &Ids) -> anyhow::Result<()> {
    let paths = [
        format!("/v1/services/{}?customer_id={}", ids.service, ids.customer),
        format!("/v1/orders/{}", ids.order),
        format!("/v1/subscriptions/{}", ids.subscription),
        format!("/v1/services?customer_id={}", ids.customer),
        "/v1/orders".to_owned(),
        "/v1/subscriptions".to_owned(),
    ];
    for path in &paths {
        assert!(story::mentions(&cast.reseller.get(path).await?.body, "reseller_unit_price"), "{path}");
        for staff in [&cast.operator, &cast.auditor] {
            let seen = staff.get(path).await?;
            for name in ["unit_cost", "reseller_unit_price", "created_by", "updated_by"] {
                assert!(story::mentions(&seen.body, name), "{name} in {path}: {}", seen.text);
            }
        }
    }
    for client in [&cast.reseller, &cast.operator, &cast.auditor] {
        let seen = client.get(&format!("/v1/customers/{}", ids.customer)).await?;
        assert!(story::mentions(&seen.body, "commission"), "{}", seen.text);
    }
    let history = cast.customer.get(&format!("/v1/subscriptions/{}/history", ids.subscription)).await?;
    let nobody = |by: &String| by == "system" || by == "provider";
    assert!(each(&story::data(&history), "by").iter().all(nobody), "{}", history.text);
    Ok(())
}

/// Answers to writes and quotes keep the same secrets as reads.
async fn prices_in_writes(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let body = story::order_of(&world.sample.account_id, &[(world.service("mail-guard")?, 1)]);
    for (client, cost, reseller_price) in
        [(&cast.customer, false, false), (&cast.reseller, false, true), (&cast.operator, true, true)]
    {
        let quoted = story::ask(client, Method::POST, "/v1/orders/quote", None, Some(&body)).await?;
        let placed = client.post("/v1/orders", &new_key(), &body, 201).await?;
        for answer in [&quoted, &placed] {
            let seen =
                (story::mentions(&answer.body, "unit_cost"), story::mentions(&answer.body, "reseller_unit_price"));
            assert_eq!(seen, (cost, reseller_price), "{}", answer.text);
        }
        story::sees_order_end(client, &placed.id()?, "fulfilled").await?;
    }
    Ok(())
}

async fn keys(cast: &Cast, ids: &Ids) -> anyhow::Result<()> {
    let by_account = format!("/v1/accounts/{}/subscriptions/{}/licences", ids.account, ids.subscription);
    for path in [format!("/v1/subscriptions/{}/licences", ids.subscription), by_account] {
        let whole = each(&story::data(&cast.customer.get(&path).await?), "key");
        assert!(whole.len() == 3 && whole.iter().all(|key| key.len() > 5), "{whole:?}");
        assert_eq!(each(&story::data(&cast.reseller.get(&path).await?), "key"), whole);
        for staff in [&cast.operator, &cast.auditor] {
            let tails = each(&story::data(&staff.get(&path).await?), "key");
            let expected: Vec<&str> = whole.iter().map(|key| &key[key.len() - 5..]).collect();
            assert_eq!(tails, expected);
        }
    }
    Ok(())
}

/// Method, path, whose id goes into it, the body about somebody else's, and the one about nobody's.
type Asked<'a> = (Method, String, &'a str, Option<Value>, Option<Value>);

/// What is somebody else's answers exactly like what does not exist.
async fn foreign_is_absent(world: &World, cast: &Cast, ids: &Ids) -> anyhow::Result<()> {
    let mut stranger = story::new_customer("Stranger");
    stranger["kind"] = json!("reseller");
    let stranger = cast.operator.post("/v1/customers", &new_key(), &stranger, 201).await?.id()?;
    let stranger = world.site().token("reseller", Some(&stranger)).await?;
    let stranger = cast.reseller.with_token(&stranger);
    let service = world.service("office-business")?;
    let order = |account: &str| story::order_of(account, &[(service, 1)]);
    let account = |customer: &str| json!({ "customer_id": customer, "name": "Main" });
    let rename = json!({ "name": "Mine now" });
    let asked: Vec<Asked<'_>> = vec![
        (Method::GET, "/v1/customers/{}".to_owned(), &ids.customer, None, None),
        (Method::GET, "/v1/accounts/{}".to_owned(), &ids.account, None, None),
        (Method::GET, "/v1/accounts/{}/subscriptions".to_owned(), &ids.account, None, None),
        (
            Method::GET,
            format!("/v1/accounts/{{}}/subscriptions/{}/licences", ids.subscription),
            &ids.account,
            None,
            None,
        ),
        (Method::GET, "/v1/orders/{}".to_owned(), &ids.order, None, None),
        (Method::GET, "/v1/subscriptions/{}".to_owned(), &ids.subscription, None, None),
        (Method::GET, "/v1/subscriptions/{}/licences".to_owned(), &ids.subscription, None, None),
        (Method::GET, "/v1/subscriptions/{}/history".to_owned(), &ids.subscription, None, None),
        (Method::GET, "/v1/subscriptions/{}/changes".to_owned(), &ids.subscription, None, None),
        (Method::GET, format!("/v1/services/{service}?customer_id={{}}"), &ids.customer, None, None),
        (Method::GET, "/v1/services?customer_id={}".to_owned(), &ids.customer, None, None),
        (Method::PUT, "/v1/accounts/{}".to_owned(), &ids.account, Some(rename.clone()), Some(rename)),
        (Method::DELETE, "/v1/accounts/{}".to_owned(), &ids.account, None, None),
        (Method::PUT, "/v1/orders/{}/cancel".to_owned(), &ids.order, None, None),
        (Method::POST, "/v1/orders".to_owned(), "", Some(order(&ids.account)), Some(order(NOBODY))),
        (Method::POST, "/v1/orders/quote".to_owned(), "", Some(order(&ids.account)), Some(order(NOBODY))),
        (Method::POST, "/v1/accounts".to_owned(), "", Some(account(&ids.customer)), Some(account(NOBODY))),
    ];
    let head = story::head(world).await?;
    for client in [&cast.other, &stranger] {
        for (method, path, id, theirs, nobodys) in &asked {
            let ask = async |id: &str, body: &Option<Value>| {
                story::ask(client, method.clone(), &path.replace("{}", id), Some(&new_key()), body.as_ref()).await
            };
            let (foreign, absent) = (ask(id, theirs).await?, ask(NOBODY, nobodys).await?);
            assert_eq!(foreign.status, absent.status, "{method} {path}: {}", foreign.text);
            assert_eq!(story::without_ids(&foreign), story::without_ids(&absent), "{method} {path}");
            let empty_list = foreign.status == 200 && foreign.body["data"] == json!([]);
            assert!(foreign.status == 404 || empty_list, "{method} {path}: {}", foreign.text);
        }
    }
    assert_eq!(story::head(world).await?, head);
    Ok(())
}
