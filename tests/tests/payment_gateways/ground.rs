//! Simulated gateways of its own for every test, our clients of them, and what is asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use api::payments::{Patience, Token, Wallet, WalletConfig};
use commands::payment::gateway::{Charge, Charged, Found, PaymentGateway, RequestId};
use domain::Money;
use domain::money::Currency;
use domain::payment::PaymentOutcome;
use reqwest::Client;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::payment_sim::{self, PaymentSim, Settings};
use tests::world::unique_name;
use uuid::Uuid;

use crate::patience::wait_until;

/// What clients wait for in these tests: long enough for this machine, short enough for a test.
pub const PATIENCE: Patience = Patience { connect: Duration::from_secs(1), total: Duration::from_millis(1_500) };
pub const KEY: &str = "hush-wallet";
pub const TOKEN: &str = "hush-token";

pub struct Ground {
    pub wallet: Wallet,
    pub token: Token,
    sim: PaymentSim,
    http: Client,
    folder: PathBuf,
}

impl Ground {
    pub async fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique_name("payment-gateways"));
        std::fs::create_dir_all(&folder).unwrap();
        let secret = "whsec_c2VjcmV0LW9mLXR3ZW50eS1mb3VyLWJ5dGVzLWFuZC1tb3Jl";
        let settings = Settings { delay_ms: 20..=20, ..Settings::new(&folder, KEY, TOKEN, secret) };
        let sim = payment_sim::start(settings).await.unwrap();
        let (wallet, token) = (wallet_at(&sim.url(), KEY), token_at(&format!("{}/token/", sim.url()), TOKEN));
        let http = Client::builder().no_proxy().build().unwrap();
        Self { wallet, token, sim, http, folder }
    }

    /// Every implementation of the port.
    pub fn gateways(&self) -> [(&'static str, &dyn PaymentGateway); 2] {
        [("wallet", &self.wallet), ("token", &self.token)]
    }

    pub fn url(&self) -> String {
        self.sim.url()
    }

    pub async fn fault(&self, path: &str, fault: &str) {
        self.script(&json!({ "match": { "path": path }, "fault": fault, "ms": 60_000 })).await;
    }

    pub async fn script(&self, script: &Value) {
        let answer = self.http.post(format!("{}/sim/faults", self.sim.url())).json(script).send().await.unwrap();
        assert!(answer.status().is_success(), "{script} {}", answer.status());
    }

    /// Forgets every fault.
    pub async fn mend(&self) {
        let answer = self.http.delete(format!("{}/sim/faults", self.sim.url())).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Sums the gateway has really moved.
    pub async fn moved(&self, operation: &str) -> Vec<Decimal> {
        let answer = self.http.get(format!("{}/sim/ledger", self.sim.url())).send().await.unwrap();
        let ledger: Value = answer.json().await.unwrap();
        let effects = ledger["effects"].as_array().unwrap().iter().filter(|effect| effect["operation"] == operation);
        effects.map(|effect| effect["amount"].as_str().unwrap().parse().unwrap()).collect()
    }

    /// Has it charged, and waits for its end. A wallet's name for it comes with it.
    pub async fn end_of(&self, gateway: &dyn PaymentGateway, charge: &Charge) -> (PaymentOutcome, Option<RequestId>) {
        let request = match gateway.charge(charge).await {
            Charged::Ended(outcome) => return (outcome, None),
            Charged::Accepted(request) => request,
        };
        let outcome = wait_until("the charge ends", || async {
            match gateway.ask(charge, Some(&request)).await {
                Found::Open(_) => None,
                Found::Ended(found, outcome) if found == request => Some(outcome),
                other => panic!("{other:?}"),
            }
        });
        (outcome.await, Some(request))
    }

    pub async fn end(self) {
        self.sim.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

pub fn wallet_at(url: &str, key: &str) -> Wallet {
    let notification_url = Some("http://127.0.0.1:9/v1/webhooks/payments".to_owned());
    Wallet::new(WalletConfig { url: url.to_owned(), key: key.into(), notification_url, patience: PATIENCE }).unwrap()
}

pub fn token_at(url: &str, token: &str) -> Token {
    Token::new(url, &token.into(), PATIENCE).unwrap()
}

/// A charge nobody made before.
pub fn charge(amount: &str) -> Charge {
    Charge { payment_id: new_id(), reference: new_id(), payer: Some(7), amount: euros(amount) }
}

pub fn euros(amount: &str) -> Money {
    Money::rounded(amount.parse().unwrap(), Currency::EUR)
}

pub fn new_id() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, unique_name("id").as_bytes())
}
