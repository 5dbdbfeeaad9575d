//! What the people of a story do and see, as verbs. Every step says what it expects and fails with what it got.

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Row};
use tokio::sync::OnceCell;

use crate::client::{Answer, Client};
use crate::world::{World, random_hex};

/// Everybody with a token in a world.
#[derive(Debug, Clone)]
pub struct Cast {
    pub operator: Client,
    pub auditor: Client,
    pub service: Client,
    pub reseller: Client,
    /// The reseller's end customer.
    pub customer: Client,
    /// Has nothing to do with the others.
    pub other: Client,
}

/// Who may talk to the product.
///
/// # Errors
/// When a token is missing.
pub fn cast(world: &World) -> anyhow::Result<Cast> {
    Ok(Cast {
        operator: world.operator()?,
        auditor: world.auditor()?,
        service: world.client(&world.tokens.service)?,
        reseller: world.reseller()?,
        customer: world.customer()?,
        other: world.other_customer()?,
    })
}

/// A key nobody used before.
pub fn new_key() -> String {
    format!("key-{}", random_hex(12))
}

/// Real time, which is business time in these worlds.
pub fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

pub fn today() -> NaiveDate {
    now().date_naive()
}

/// Any request with a body, under a key when one is given.
///
/// # Errors
/// When no answer comes.
pub async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> anyhow::Result<Answer> {
    let mut request = client.request(method, path);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    client.send(request).await
}

/// A GET, whatever it answers.
///
/// # Errors
/// When no answer comes.
pub async fn look(client: &Client, path: &str) -> anyhow::Result<Answer> {
    ask(client, Method::GET, path, None, None).await
}

/// The answer, if it has this status.
///
/// # Errors
/// With the whole answer.
pub fn expect(answer: Answer, status: u16) -> anyhow::Result<Answer> {
    ensure!(answer.status == status, "{} instead of {status}: {}", answer.status, answer.text);
    Ok(answer)
}

/// One header as text.
pub fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}

/// The position a read shows.
///
/// # Errors
/// When the header is missing.
pub fn read_position(answer: &Answer) -> anyhow::Result<i64> {
    Ok(header(answer, "read-position").context("no Read-Position")?.parse()?)
}

/// Makes sure that an answer is this problem, in the form every problem has, and that the page explains it.
///
/// # Errors
/// With the whole answer.
pub async fn refused(client: &Client, answer: &Answer, status: u16, slug: &str) -> anyhow::Result<()> {
    let seen = (answer.status, answer.body["type"].as_str().unwrap_or_default());
    let wanted = format!("/problems/{slug}");
    ensure!(seen == (status, wanted.as_str()), "{seen:?} instead of {status} {wanted}: {}", answer.text);
    ensure!(answer.body["status"] == status, "the body names another status: {}", answer.text);
    for member in ["title", "instance", "trace_id"] {
        ensure!(answer.body[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {}", answer.text);
    }
    let kind = header(answer, "content-type").unwrap_or_default();
    ensure!(kind.starts_with("application/problem+json"), "content type {kind}");
    // The page is the same in every world of this build.
    static PAGE: OnceCell<String> = OnceCell::const_new();
    let page = PAGE.get_or_try_init(|| async { anyhow::Ok(client.get("/docs/problems").await?.text) }).await?;
    ensure!(page.contains(&format!("id=\"{slug}\"")), "{slug} is not on the page of problems");
    Ok(())
}

/// What a customer is registered with; the name and everything about the person can be told apart from others.
pub fn new_customer(name: &str) -> Value {
    json!({
        "name": name, "kind": "direct", "country": "DE", "currency": "EUR",
        "contact": { "name": format!("Buyer of {name}"), "email": "buyer@story.example", "phone": "+49305550123" },
    })
}

/// Registers a direct customer.
///
/// # Errors
/// When it is refused.
pub async fn registers(client: &Client, name: &str) -> anyhow::Result<Answer> {
    client.post("/v1/customers", &new_key(), &new_customer(name), 201).await
}

/// Opens an account; the provider has not answered yet.
///
/// # Errors
/// When it is refused.
pub async fn opens_account(client: &Client, customer_id: &str) -> anyhow::Result<Answer> {
    client.post("/v1/accounts", &new_key(), &json!({ "customer_id": customer_id, "name": "Main" }), 201).await
}

/// Opens an account and waits until the provider has it.
///
/// # Errors
/// When it never becomes active.
pub async fn opens_active_account(client: &Client, customer_id: &str) -> anyhow::Result<String> {
    let id = opens_account(client, customer_id).await?.id()?;
    client.wait_until(&format!("/v1/accounts/{id}"), |body| body["status"] == "active").await?;
    Ok(id)
}

/// An order's body: services with their seats.
pub fn order_of(account_id: &str, lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(service, quantity)| json!({ "service_id": service, "quantity": quantity })).collect();
    json!({ "account_id": account_id, "lines": lines })
}

/// Orders.
///
/// # Errors
/// When it is refused.
pub async fn orders(client: &Client, account_id: &str, lines: &[(&str, u32)]) -> anyhow::Result<Answer> {
    client.post("/v1/orders", &new_key(), &order_of(account_id, lines), 201).await
}

/// An order that waits for a day to come, and so stays as it is.
///
/// # Errors
/// When it is refused.
pub async fn schedules(client: &Client, account_id: &str, service: &str, name: &str) -> anyhow::Result<Answer> {
    let mut body = order_of(account_id, &[(service, 5)]);
    body["name"] = name.into();
    body["start_on"] = json!(today() + chrono::Days::new(20));
    client.post("/v1/orders", &new_key(), &body, 201).await
}

/// Waits for an order to end, whichever way.
///
/// # Errors
/// When it does not end, or otherwise than expected.
pub async fn sees_order_end(client: &Client, order_id: &str, status: &str) -> anyhow::Result<Answer> {
    let is_final = |body: &Value| {
        let status = body["status"].as_str().unwrap_or_default();
        ["fulfilled", "partially_fulfilled", "failed", "cancelled"].contains(&status)
    };
    let ended = client.wait_until(&format!("/v1/orders/{order_id}"), is_final).await?;
    ensure!(ended.body["status"] == status, "not {status}: {}", ended.text);
    Ok(ended)
}

/// Orders and waits for the first line's subscription; answers its body.
///
/// # Errors
/// When the order is not fulfilled.
pub async fn buys(client: &Client, account_id: &str, service: &str, seats: u32) -> anyhow::Result<Value> {
    let order = orders(client, account_id, &[(service, seats)]).await?;
    let ended = sees_order_end(client, &order.id()?, "fulfilled").await?;
    let id = ended.body["lines"][0]["subscription_id"].as_str().context("no subscription")?.to_owned();
    Ok(client.get_at(&format!("/v1/subscriptions/{id}"), read_position(&ended)?).await?.body)
}

/// The entries of one page.
pub fn data(answer: &Answer) -> Vec<Value> {
    answer.body["data"].as_array().cloned().unwrap_or_default()
}

/// A member of each entry, as text.
pub fn each(entries: &[Value], member: &str) -> Vec<String> {
    entries
        .iter()
        .map(|entry| entry[member].as_str().map_or_else(|| entry[member].to_string(), str::to_owned))
        .collect()
}

/// Every page of a list, one after the other.
///
/// # Errors
/// When a page is refused, is longer than asked for, or the list never ends.
pub async fn all_pages(client: &Client, path: &str, limit: usize) -> anyhow::Result<Vec<Value>> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let mut entries = Vec::new();
    let mut cursor = String::new();
    for _ in 0..10_000 {
        let page = client.get(&format!("{path}{joint}limit={limit}{cursor}")).await?;
        let found = data(&page);
        ensure!(found.len() <= limit, "{} entries on a page of {limit}", found.len());
        entries.extend(found);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(entries),
        }
    }
    anyhow::bail!("{path} never ends")
}

/// Whether a member of that name occurs anywhere.
pub fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, inner)| key == name || mentions(inner, name)),
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A problem without what differs from request to request.
pub fn without_ids(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
        members.remove("trace_id");
    }
    body
}

/// From now on a customer's invoices are neither collected by themselves nor dunned.
///
/// # Errors
/// When its terms are refused.
pub async fn pays_by_hand(operator: &Client, customer_id: &str) -> anyhow::Result<()> {
    let terms = json!({ "collection": "manual", "dunning": false });
    let path = format!("/v1/customers/{customer_id}/terms");
    expect(ask(operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    Ok(())
}

/// Has something go wrong at the provider.
///
/// # Errors
/// When the simulator does not take the script.
pub async fn troubles(world: &World, script: &Value) -> anyhow::Result<()> {
    let client = Client::new(&world.settings.provider.url(), "")?;
    expect(ask(&client, Method::POST, "/sim/faults", None, Some(script)).await?, 200)?;
    Ok(())
}

/// Ends everything that goes wrong at the provider.
///
/// # Errors
/// When the simulator does not answer.
pub async fn calms(world: &World) -> anyhow::Result<()> {
    let client = Client::new(&world.settings.provider.url(), "")?;
    expect(ask(&client, Method::DELETE, "/sim/faults", None, None).await?, 204)?;
    Ok(())
}

/// The database itself, as its administrator.
///
/// # Errors
/// When it cannot be reached.
pub async fn database(world: &World) -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect(&world.admin_url).await?)
}

/// The position of the last event.
///
/// # Errors
/// When the database does not answer.
pub async fn head(world: &World) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(&mut database(world).await?).await?)
}

/// The first column of what a query finds.
///
/// # Errors
/// When the database refuses.
pub async fn texts(world: &World, sql: &str) -> anyhow::Result<Vec<String>> {
    let rows = database(world).await?.fetch_all(sql).await?;
    rows.iter().map(|row| Ok(row.try_get::<Option<String>, _>(0)?.unwrap_or_default())).collect()
}
