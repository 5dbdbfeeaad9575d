//! Who is billed: direct customers, and resellers whose end customers are billed themselves or through them.

use futures::{StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story;
use tests::world::World;

/// A run asks for about fifty accounts at a time: these are more.
const DIRECT: usize = 54;
const PAIRS: usize = 3;
/// Of those who are registered at the same time.
const AT_ONCE: usize = 8;

/// Everybody, and how many of them get an invoice each month.
pub struct People {
    operator: Client,
    services: [String; 2],
    subscriptions: Vec<String>,
    pub billed: usize,
}

impl People {
    /// Registers everybody, each with subscriptions that are renewed month by month.
    pub async fn settle(world: &World) -> anyhow::Result<Self> {
        let services = [world.service("office-business")?.to_owned(), world.service("mail-guard")?.to_owned()];
        let operator = world.operator()?;
        let mut people = Self { operator, services, subscriptions: Vec::new(), billed: DIRECT + 2 * PAIRS };
        let direct = futures::stream::iter(0..DIRECT).map(|number| people.direct(number)).buffer_unordered(AT_ONCE);
        let direct: Vec<Vec<String>> = direct.try_collect().await?;
        let pairs = futures::stream::iter(0..PAIRS).map(|number| people.pair(number)).buffer_unordered(AT_ONCE);
        let pairs: Vec<Vec<String>> = pairs.try_collect().await?;
        people.subscriptions = direct.into_iter().chain(pairs).flatten().collect();
        people.subscriptions.sort();
        Ok(people)
    }

    async fn direct(&self, number: usize) -> anyhow::Result<Vec<String>> {
        let customer = self.registers(&json!({ "name": format!("Direct {number}"), "kind": "direct" })).await?;
        self.buys(&customer, 1).await
    }

    /// A reseller with two end customers: one is billed itself, for the other the reseller is.
    async fn pair(&self, number: usize) -> anyhow::Result<Vec<String>> {
        let reseller = self.registers(&json!({ "name": format!("Reseller {number}"), "kind": "reseller" })).await?;
        let mut bought = Vec::new();
        for bill_to in ["customer", "reseller"] {
            let name = format!("End customer {number}, {bill_to} billed");
            let body = json!({ "name": name, "kind": "direct", "reseller_id": reseller });
            let customer = self.registers(&body).await?;
            self.agrees(&customer, &json!({ "currency": "EUR", "bill_to": bill_to })).await?;
            bought.extend(self.buys(&customer, 2).await?);
        }
        Ok(bought)
    }

    /// One in three gets a seat more.
    pub async fn grow(&self, month: usize) -> anyhow::Result<()> {
        for path in self.subscriptions.iter().skip(month % 3).step_by(3) {
            let seats = self.operator.get(path).await?.body["quantity"].as_u64().unwrap();
            let body = json!({ "quantity": seats + 1 });
            let path = format!("{path}/quantity");
            let asked = story::ask(&self.operator, Method::PUT, &path, Some(&story::new_key()), Some(&body)).await?;
            story::expect(asked, 202)?;
        }
        Ok(())
    }

    async fn registers(&self, body: &Value) -> anyhow::Result<String> {
        let mut body = body.clone();
        body["country"] = "DE".into();
        body["currency"] = "EUR".into();
        body["vat_id"] = "DE123456789".into();
        body["contact"] = json!({ "name": "Buyer", "email": "buyer@customer.example" });
        self.operator.post("/v1/customers", &story::new_key(), &body, 201).await?.id()
    }

    async fn agrees(&self, customer: &str, terms: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/customers/{customer}/terms");
        story::expect(story::ask(&self.operator, Method::PUT, &path, None, Some(terms)).await?, 200)?;
        Ok(())
    }

    /// So many lines of one order.
    async fn buys(&self, customer: &str, lines: usize) -> anyhow::Result<Vec<String>> {
        let account = story::opens_active_account(&self.operator, customer).await?;
        let lines: Vec<(&str, u32)> = self.services.iter().take(lines).map(|service| (service.as_str(), 5)).collect();
        let order = story::orders(&self.operator, &account, &lines).await?;
        let ended = story::sees_order_end(&self.operator, &order.id()?, "fulfilled").await?;
        let ids = ended.body["lines"].as_array().unwrap().iter().map(|line| line["subscription_id"].as_str().unwrap());
        Ok(ids.map(|id| format!("/v1/subscriptions/{id}")).collect())
    }
}
