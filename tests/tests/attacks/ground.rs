//! A world under attack, and the list of everything that went wrong in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::client::{Answer, Client};
use tests::world::{World, random_hex};

use crate::described::Description;

/// A request, as hostile as it needs to be.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub token: Option<String>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

impl Ask {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Self { method, path: path.into(), token: None, headers: Vec::new(), body: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// With a key of its own.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path).header("Idempotency-Key", random_hex(8))
    }

    pub fn by(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string())
    }

    /// Any bytes, announced as JSON.
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").untyped(body)
    }

    /// Any bytes, announced as nothing.
    pub fn untyped(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// The world, a way to look into its log, and what was found.
pub struct Ground {
    pub world: World,
    pub pool: PgPool,
    http: reqwest::Client,
    sender: Client,
    description: Description,
    findings: Mutex<Vec<String>>,
}

impl Ground {
    /// A world in which nothing is going on any more.
    pub async fn new() -> Self {
        let mut world = World::start().await.unwrap();
        world.sample.services = services(&world.operator().unwrap()).await;
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(2).connect(&world.admin_url).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let sender = world.operator().unwrap();
        let description = Description::of_the_code();
        let ground = Self { world, pool, http, sender, description, findings: Mutex::default() };
        ground.quiet().await;
        ground
    }

    /// The position of the log's last event.
    pub async fn head(&self) -> i64 {
        sqlx::query_scalar("select position from log_head").fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until everything that follows from earlier requests has happened.
    pub async fn quiet(&self) {
        let operator = &self.sender;
        let read = |body: &Value| body["data"].as_array().unwrap().iter().all(|reader| reader["lag_events"] == 0);
        let none = |body: &Value| body["data"].as_array().unwrap().is_empty();
        loop {
            let before = self.head().await;
            operator.wait_until("/v1/admin/projections?limit=100", read).await.unwrap();
            operator.wait_until("/v1/admin/effects?state=due", none).await.unwrap();
            operator.wait_until("/v1/admin/projections?limit=100", read).await.unwrap();
            if self.head().await == before {
                return;
            }
        }
    }

    pub fn note(&self, case: &str, what: impl AsRef<str>) {
        self.findings.lock().unwrap().push(format!("{case}: {}", what.as_ref()));
    }

    pub fn check(&self, case: &str, holds: bool, what: impl AsRef<str>) {
        if !holds {
            self.note(case, what);
        }
    }

    /// Whatever comes of it, its headers are those that are described.
    pub async fn send(&self, ask: &Ask) -> Answer {
        let mut request =
            self.http.request(ask.method.clone(), format!("{}{}", self.world.settings.api_url(), ask.path));
        if let Some(token) = &ask.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &ask.headers {
            request = request.header(name, value.as_slice());
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let answer = self.sender.send(request).await.unwrap();
        for fault in self.description.faults(ask.method.as_str(), &ask.path, &answer) {
            self.note(&shown(&format!("{} {}", ask.method, ask.path)), fault);
        }
        answer
    }

    /// Sends it and expects this problem, and no event.
    pub async fn refused(&self, case: &str, ask: Ask, status: u16, slug: &str) -> Answer {
        let before = self.head().await;
        let answer = self.send(&ask).await;
        self.is_problem(case, &answer, status, slug);
        let after = self.head().await;
        self.check(case, after == before, format!("{} events were written", after - before));
        answer
    }

    pub fn is_problem(&self, case: &str, answer: &Answer, status: u16, slug: &str) {
        let kind = answer.body["type"].as_str().unwrap_or_default();
        let fits = answer.status == status && kind == format!("/problems/{slug}");
        self.check(case, fits, format!("{} {} instead of {status} {slug}", answer.status, shown(&answer.text)));
        let typed = answer.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
        self.check(case, typed, "the answer is no application/problem+json");
    }

    /// Sends it and expects it to be done.
    pub async fn accepted(&self, case: &str, ask: Ask, status: u16) -> Answer {
        let answer = self.send(&ask).await;
        self.check(case, answer.status == status, format!("{} {}", answer.status, shown(&answer.text)));
        answer
    }

    /// The end: the process lives and serves, and nothing was found.
    pub async fn finish(mut self) {
        let running = self.world.product.is_running();
        self.check("afterwards", running, "the process is gone");
        let name = "Afterwards";
        let ask = Ask::post("/v1/accounts").by(&self.world.tokens.operator).json(&self.account(name));
        let opened = self.accepted("afterwards", ask, 201).await;
        self.check("afterwards", opened.body["name"] == name, "an account cannot be opened any more");
        let findings = self.findings.into_inner().unwrap();
        assert!(findings.is_empty(), "\n{} findings\n{}\n", findings.len(), findings.join("\n"));
    }

    /// A good body for an account of the end customer.
    pub fn account(&self, name: &str) -> Value {
        json!({ "customer_id": self.world.sample.customer_id, "name": name })
    }

    /// A good body for an order of the end customer.
    pub fn order(&self, quantity: u32) -> Value {
        self.order_for(&self.world.sample.account_id, quantity)
    }

    pub fn order_for(&self, account: &str, quantity: u32) -> Value {
        let service = self.world.service("office-business").unwrap();
        json!({ "account_id": account, "lines": [{ "service_id": service, "quantity": quantity }] })
    }

    /// The end customer's token.
    pub fn customer(&self) -> &str {
        self.world.tokens.customer.as_deref().unwrap()
    }

    pub fn other(&self) -> &str {
        self.world.tokens.other_customer.as_deref().unwrap()
    }

    pub fn reseller(&self) -> &str {
        self.world.tokens.reseller.as_deref().unwrap()
    }
}

/// The whole catalogue by SKU, once it is synced.
async fn services(operator: &Client) -> BTreeMap<String, String> {
    let none = |body: &Value| body["data"].as_array().unwrap().is_empty();
    operator.wait_until("/v1/admin/effects?state=due", none).await.unwrap();
    let head = operator.get("/v1/audit/events").await.unwrap().headers["read-position"].to_str().unwrap().to_owned();
    let listed = operator.get_at("/v1/services?limit=100", head.parse().unwrap()).await.unwrap();
    let text = |service: &Value, name: &str| service[name].as_str().unwrap().to_owned();
    listed.body["data"].as_array().unwrap().iter().map(|service| (text(service, "sku"), text(service, "id"))).collect()
}

/// The beginning of a text.
pub fn shown(text: &str) -> String {
    text.chars().take(300).collect()
}

/// What two answers must have in common to tell nobody anything: all but ids of this one request.
pub fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
        members.remove("trace_id");
    }
    (answer.status, lasting_headers(&answer.headers), body)
}

fn lasting_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let of_one_request = ["date", "x-request-id", "traceparent", "ratelimit"];
    let kept = headers.iter().filter(|(name, _)| !of_one_request.contains(&name.as_str()));
    let mut kept: Vec<_> =
        kept.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    kept.sort();
    kept
}
