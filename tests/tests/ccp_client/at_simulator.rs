//! The client against the simulated provider: a provider of its own for every test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ccp_adapter::client::{CcpClient, ChangeAtProvider, OrderAtProvider};
use ccp_adapter::outcome::Outcome;
use ccp_adapter::translate::{ProviderOperationStatus, ProviderSubscription};
use serde_json::{Value, json};
use tests::ccp_sim::{self, CcpSim, Settings};
use tests::world::unique_name;
use uuid::Uuid;

use crate::odd::client_of;
use crate::patience::wait_until;

/// The simulator answers at once, if this machine lets it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A provider, our client of it, and one subscription there.
pub struct Ground {
    pub client: CcpClient,
    pub id: String,
    pub account_id: String,
    sim: CcpSim,
    http: reqwest::Client,
    folder: PathBuf,
}

impl Ground {
    /// With a subscription of that many seats.
    pub async fn with(sku: &str, quantity: u32) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique_name("ccp-client"));
        std::fs::create_dir_all(&folder).unwrap();
        let sim = ccp_sim::start(Settings::new(&folder, "cloudsales", "hush-hush")).await.unwrap();
        let client = client_of(&sim.url(), PATIENCE);
        let account = done(client.create_account(new_op(), Uuid::from_u128(1), "Acme", "DE").await);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut ground = Self { client, id: String::new(), account_id: account.id, sim, http, folder };
        ground.id = ground.order(Uuid::from_u128(2), sku, quantity).await;
        ground
    }

    /// Orders one more, and waits for its subscription.
    pub async fn order(&self, order_id: Uuid, sku: &str, quantity: u32) -> String {
        let provider_account_id = self.account_id.clone();
        let lines = vec![(1, sku.to_owned(), quantity)];
        let order = OrderAtProvider { order_id, provider_account_id, lines };
        let placed = done(self.client.place_order(new_op(), &order).await);
        wait_until("the order is provisioned", || async {
            let order = self.client.order(&placed.id).await.unwrap().unwrap();
            match &order.lines[0].status {
                ccp_adapter::translate::ProviderLineStatus::Provisioned { subscription_id } => {
                    Some(subscription_id.clone())
                }
                _ => None,
            }
        })
        .await
    }

    pub async fn ask(&self, op: Uuid, change: &ChangeAtProvider) -> Outcome<String> {
        self.client.change_subscription(op, &self.id, change).await
    }

    /// Asks, and waits until the provider has done it.
    pub async fn change(&self, change: ChangeAtProvider) -> ProviderSubscription {
        let operation = done(self.ask(new_op(), &change).await);
        let status = self.settled(&operation).await;
        assert!(matches!(status, ProviderOperationStatus::Succeeded { .. }), "{status:?}");
        self.shown().await
    }

    pub async fn settled(&self, operation: &str) -> ProviderOperationStatus {
        wait_until("the operation is over", || async {
            let found = self.client.operation(operation).await.unwrap().unwrap();
            assert_eq!((found.id.as_str(), found.subscription_id.as_str()), (operation, self.id.as_str()));
            (found.status != ProviderOperationStatus::Running).then_some(found.status)
        })
        .await
    }

    pub async fn shown(&self) -> ProviderSubscription {
        self.client.subscription(&self.id).await.unwrap().unwrap()
    }

    pub fn url(&self) -> String {
        self.sim.url()
    }

    pub async fn fault(&self, script: Value) {
        let url = format!("{}/sim/faults", self.sim.url());
        let answer = self.http.post(url).json(&script).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// How many effects of that name the provider has really performed.
    pub async fn performed(&self, operation: &str) -> usize {
        let answer = self.http.get(format!("{}/sim/ledger", self.sim.url())).send().await.unwrap();
        let ledger: Value = answer.json().await.unwrap();
        ledger["effects"].as_array().unwrap().iter().filter(|effect| effect["operation"] == operation).count()
    }

    pub async fn end(self) {
        self.sim.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

pub fn new_op() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, unique_name("op").as_bytes())
}

pub fn done<T: std::fmt::Debug>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

/// Loses the answer of the next write to a subscription, after the provider has done it.
pub fn lost_answer(fault: &str) -> Value {
    json!({ "match": { "path": "/v1/subscriptions/" }, "fault": fault, "times": 1 })
}
