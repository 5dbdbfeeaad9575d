//! A provider of its own for every test, and a client that speaks to it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::ccp_sim::{self, CcpSim, Settings};

use crate::simulator::read;
pub use crate::simulator::{Folder, LIMIT, number, text, wait_until};

pub const CLIENT_ID: &str = "cloudsales";
pub const CLIENT_SECRET: &str = "a secret for tests";

/// Somebody with credentials at a provider's address.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    http: reqwest::Client,
    token: String,
}

impl Client {
    pub async fn of(url: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        let mut client = Self { url, http, token: String::new() };
        client.token = client.new_token().await;
        client
    }

    pub async fn new_token(&self) -> String {
        let body = json!({
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        });
        let answer = self.http.post(format!("{}/oauth/token", self.url)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path)).await.unwrap()
    }

    /// What a GET that must work answers.
    pub async fn seen(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A write under this key; an error when no answer came.
    pub async fn write(&self, method: Method, path: &str, key: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        read(self.request(method, path).header("idempotency-key", key).json(&body)).await
    }

    /// A write under a new key.
    pub async fn put(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.write(method, path, &format!("key-{}", number()), body).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.put(Method::POST, path, body).await
    }

    /// A control call, which must work.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.http.request(method, format!("{}/sim/{path}", self.url)).json(&body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn fault(&self, script: Value) {
        self.control(Method::POST, "faults", script).await;
    }

    pub async fn clock(&self, to: &str) {
        self.control(Method::POST, "clock", json!({"to": to})).await;
    }

    pub async fn effects(&self) -> Vec<Value> {
        self.seen("/sim/ledger").await["effects"].as_array().unwrap().clone()
    }

    pub async fn effects_of(&self, operation: &str) -> Vec<Value> {
        self.effects().await.into_iter().filter(|effect| effect["operation"] == operation).collect()
    }

    /// Waits until all that was accepted is done.
    pub async fn settled(&self) {
        wait_until("everything accepted is finished", || async {
            (self.seen("/sim/health").await["unfinished"] == 0).then_some(())
        })
        .await;
    }

    pub async fn account(&self) -> String {
        let body = json!({"external_ref": format!("account-{}", number()), "name": "Acme", "country": "DE"});
        let (status, body) = self.post("/v1/accounts", body).await;
        assert_eq!(status, 201, "{body}");
        text(&body["account_id"])
    }

    /// Orders one line and waits for its subscription.
    pub async fn subscribe(&self, account: &str, sku: &str, quantity: u32) -> String {
        let body = order(account, &[(1, sku, i64::from(quantity))]);
        let (status, order) = self.post("/v1/orders", body).await;
        assert_eq!(status, 202, "{order}");
        self.settled().await;
        let order = self.seen(&format!("/v1/orders/{}", text(&order["order_id"]))).await;
        assert_eq!(order["status"], "completed", "{order}");
        text(&order["lines"][0]["subscription_id"])
    }

    pub async fn subscription(&self, id: &str) -> Value {
        self.seen(&format!("/v1/subscriptions/{id}")).await
    }

    /// A change of a subscription, done when this returns; answers the operation.
    pub async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, accepted) = self.put(method, &format!("/v1/subscriptions/{path}"), body).await;
        assert_eq!(status, 202, "{path}: {accepted}");
        self.settled().await;
        self.seen(&format!("/v1/operations/{}", text(&accepted["operation_id"]))).await
    }

    pub async fn quantity(&self, id: &str, quantity: u32) {
        let operation = self.change(Method::PATCH, id, json!({"quantity": quantity})).await;
        assert_eq!(operation["status"], "succeeded", "{operation}");
    }
}

/// A simulator within this process, with its client.
pub struct Provider {
    pub sim: CcpSim,
    pub client: Client,
    pub folder: Folder,
}

impl std::ops::Deref for Provider {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Provider {
    pub async fn new() -> Self {
        Self::in_folder(Folder::new(), |_| {}).await
    }

    pub async fn at(clock: &str) -> Self {
        Self::in_folder(Folder::new(), |settings| settings.place.clock = Some(clock.parse().unwrap())).await
    }

    pub async fn in_folder(folder: Folder, adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(folder.path(), CLIENT_ID, CLIENT_SECRET);
        settings.completion_ms = 20;
        adjust(&mut settings);
        let sim = ccp_sim::start(settings).await.unwrap();
        let client = Client::of(sim.url()).await;
        Self { sim, client, folder }
    }

    /// Stops it and starts it again on the same folder.
    pub async fn restart(self) -> Self {
        self.sim.stop().await;
        Self::in_folder(self.folder, |_| {}).await
    }
}

pub fn order(account: &str, lines: &[(u32, &str, i64)]) -> Value {
    let line =
        |(line_ref, sku, quantity): &(u32, &str, i64)| json!({"line_ref": line_ref, "sku": sku, "quantity": quantity});
    let lines: Vec<Value> = lines.iter().map(line).collect();
    json!({"external_ref": format!("order-{}", number()), "account_id": account, "lines": lines})
}

pub fn seat_ids(subscription: &Value) -> Vec<String> {
    subscription["licences"].as_array().unwrap().iter().map(|licence| text(&licence["seat_id"])).collect()
}
