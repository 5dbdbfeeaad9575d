//! Gateways of its own for every test, and a client that speaks to them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::payment_sim::{self, PaymentSim, Settings};

use crate::simulator::read;
pub use crate::simulator::{Folder, LIMIT, number, text, wait_until};

pub const KEY: &str = "a key for tests";
pub const TOKEN: &str = "a token for tests";
pub const SECRET: &str = "whsec_dGhlIHdhbGxldCdzIHNlY3JldCBmb3IgdGVzdHM=";
const REQUESTS: &str = "/v1/payment-requests";

/// Somebody with the keys at the gateways' address.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    pub http: reqwest::Client,
}

impl Client {
    pub fn of(url: String) -> Self {
        Self { url, http: reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(KEY)
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
    pub async fn write(&self, path: &str, key: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        read(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// Asks the wallet for an amount in euros; an error when no answer came.
    pub async fn asks(&self, key: &str, reference: &str, amount: &str) -> reqwest::Result<(u16, Value)> {
        let body = json!({"amount": amount, "currency": "EUR", "reference": reference});
        self.write(REQUESTS, key, &body).await
    }

    /// Charges the wallet and waits until it has come to its end; answers the request.
    pub async fn charge(&self, key: &str, amount: &str) -> Value {
        let (status, accepted) = self.asks(key, &format!("ref-{key}"), amount).await.unwrap();
        assert_eq!((status, &accepted["status"]), (202, &json!("pending")), "{accepted}");
        self.settled().await;
        self.charge_by_id(&text(&accepted["payment_request_id"])).await
    }

    pub async fn charge_by_id(&self, id: &str) -> Value {
        self.seen(&format!("{REQUESTS}/{id}")).await
    }

    pub async fn by_ref(&self, reference: &str) -> (u16, Value) {
        self.get(&format!("{REQUESTS}?reference={reference}")).await
    }

    /// Asks for a part of a charge back.
    pub async fn refund(&self, charge: &Value, key: &str, amount: &str) -> (u16, Value) {
        let path = format!("{REQUESTS}/{}/refunds", text(&charge["payment_request_id"]));
        self.write(&path, key, &json!({"amount": amount, "currency": "EUR"})).await.unwrap()
    }

    /// Asks the token gateway; an error when no answer came.
    pub async fn token(&self, customer_id: u64, value: f64) -> reqwest::Result<(u16, Value)> {
        let body = json!({"customer_id": customer_id, "currency": "EUR", "value": value});
        let request = self.http.post(format!("{}/token/", self.url)).header("x-token", TOKEN);
        read(request.json(&body)).await
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

    pub async fn effects(&self) -> Vec<Value> {
        self.seen("/sim/ledger").await["effects"].as_array().unwrap().clone()
    }

    /// Waits until all that was accepted has come to its end.
    pub async fn settled(&self) {
        wait_until("everything accepted is finished", || async {
            (self.seen("/sim/health").await["unfinished"] == 0).then_some(())
        })
        .await;
    }
}

/// A simulator within this process, with its client.
pub struct Gateways {
    pub sim: PaymentSim,
    pub client: Client,
    pub folder: Folder,
}

impl std::ops::Deref for Gateways {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Gateways {
    pub async fn new() -> Self {
        Self::in_folder(Folder::new(), |_| {}).await
    }

    pub async fn in_folder(folder: Folder, adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { delay_ms: 20..=40, ..Settings::new(folder.path(), KEY, TOKEN, SECRET) };
        adjust(&mut settings);
        let sim = payment_sim::start(settings).await.unwrap();
        let client = Client::of(sim.url());
        Self { sim, client, folder }
    }

    /// Stops it and starts it again on the same folder.
    pub async fn restart(self) -> Self {
        self.sim.stop().await;
        Self::in_folder(self.folder, |_| {}).await
    }
}
