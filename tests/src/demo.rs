//! The story, told step by step: from a reseller's new customer to an active subscription and the auditor's view of it.

pub mod collection;
pub mod month;
pub mod year;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::description::Description;
use crate::world::random_hex;

/// Seats ordered in the story.
const SEATS: u64 = 25;

/// Plays the story against a running world and prints it. Every run is a new customer.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn run(world: &Description) -> anyhow::Result<()> {
    let sample = world.sample.as_ref().context("the story needs the sample customers: this world is empty")?;
    let reseller_token = world.tokens.reseller.as_ref().context("no reseller's token")?;
    let mut story = Story {
        reseller: Client::new(&world.api, reseller_token)?,
        auditor: Client::new(&world.api, &world.tokens.auditor)?,
        run: random_hex(4),
        begun: Instant::now(),
    };
    let service = sample.services.get("office-business").or_else(|| sample.services.values().next());
    let subscription = story.buy(service.context("the catalogue is empty")?).await?;
    story.look(&subscription).await?;
    story.audit(&subscription).await
}

struct Story {
    reseller: Client,
    auditor: Client,
    run: String,
    begun: Instant,
}

impl Story {
    /// Register, open, order, wait.
    async fn buy(&mut self, service: &str) -> anyhow::Result<Value> {
        let customer = json!({
            "name": format!("Story {}", self.run), "kind": "direct", "country": "DE", "currency": "EUR",
            "contact": { "name": "Purchasing", "email": "purchasing@story.example" },
        });
        let customer = self.post("customer", "/v1/customers", &customer).await?;
        self.say(&format!("a reseller registers an end customer: {}", customer.text_of("name")?));

        let account = json!({ "customer_id": customer.id()?, "name": "Main" });
        let account = self.post("account", "/v1/accounts", &account).await?;
        self.say(&format!("it opens an account, {}", account.text_of("status")?));

        let lines = json!([{ "service_id": service, "quantity": SEATS }]);
        let wish = json!({ "account_id": account.id()?, "name": "Story", "lines": lines });
        let order = self.post("order", "/v1/orders", &wish).await?;
        let line = &order.body["lines"][0];
        self.say(&format!(
            "orders {SEATS} seats of {} at {} {}: {} net, {} with tax; {}",
            line["service_name"].as_str().unwrap_or_default(),
            line["unit_price"]["amount"].as_str().unwrap_or_default(),
            order.text_of("currency")?,
            order.body["net"]["amount"].as_str().unwrap_or_default(),
            order.body["total"]["amount"].as_str().unwrap_or_default(),
            order.text_of("status")?,
        ));

        let path = format!("/v1/orders/{}", order.id()?);
        let fulfilled = self.reseller.wait_until(&path, |body| body["status"] == "fulfilled").await?;
        self.say("the provider provisions it, its webhook comes back: the order is fulfilled");
        let subscription =
            fulfilled.body["lines"][0]["subscription_id"].as_str().context("no subscription")?.to_owned();
        let position = fulfilled.headers.get("read-position").context("no Read-Position")?.to_str()?.parse()?;
        let path = format!("/v1/subscriptions/{subscription}");
        Ok(self.reseller.get_at(&path, position).await?.body)
    }

    async fn look(&mut self, subscription: &Value) -> anyhow::Result<()> {
        ensure!(subscription["status"] == "active", "the subscription is not active: {subscription}");
        ensure!(subscription["licence_count"] == SEATS, "not one licence per seat: {subscription}");
        let id = subscription["id"].as_str().context("no id")?;
        let licences = self.reseller.get(&format!("/v1/subscriptions/{id}/licences?limit=100")).await?;
        let count = licences.body["data"].as_array().map_or(0, Vec::len);
        ensure!(count as u64 == SEATS, "{count} licences are listed");
        self.say(&format!(
            "the subscription is active until {}, with {count} licences, the first {}",
            subscription["ends_on"].as_str().unwrap_or_default(),
            licences.body["data"][0]["key"].as_str().unwrap_or_default(),
        ));
        Ok(())
    }

    async fn audit(&mut self, subscription: &Value) -> anyhow::Result<()> {
        self.say("an auditor sees how it came to be:");
        for (aggregate, id) in [("order", &subscription["order_id"]), ("subscription", &subscription["id"])] {
            let id = id.as_str().context("no id")?;
            let stream = self.auditor.get(&format!("/v1/audit/streams/{aggregate}/{id}")).await?;
            for event in stream.body["data"].as_array().context("no events")? {
                println!(
                    "          {:>6}  {}  {:<24} by {}",
                    event["position"],
                    event["recorded_at"].as_str().unwrap_or_default(),
                    event["type"].as_str().unwrap_or_default(),
                    event["metadata"]["actor"].as_str().unwrap_or_default(),
                );
            }
        }
        Ok(())
    }

    async fn post(&self, step: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.reseller.post(path, &format!("story/{}/{step}", self.run), body, 201).await
    }

    fn say(&self, what: &str) {
        let elapsed: Duration = self.begun.elapsed();
        println!("  {:>5} ms  {what}", elapsed.as_millis());
    }
}
