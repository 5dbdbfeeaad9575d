//! Who is in the story of collection: a seller that is owed money, and customers whose invoices come to amounts that the
//! simulated gateway takes or does not.

use anyhow::{Context, ensure};
use chrono::{Datelike, Months, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};

use crate::business_time::DevClock;
use crate::client::{Answer, Client};
use crate::story;
use crate::world::description::Site;
use crate::world::{random_bytes, random_hex};

/// A service whose whole term is invoiced at once.
const SKU: &str = "archive-storage";
/// Days from issue to due.
const PAYMENT_DAYS: u32 = 14;

/// The seller's side.
#[derive(Debug, Clone)]
pub struct Till {
    pub clock: DevClock,
    pub operator: Client,
    provider: Client,
    site: Site,
    service: String,
}

/// Somebody who has bought one seat.
#[derive(Debug, Clone)]
pub struct Buyer {
    pub id: String,
    pub name: String,
    pub client: Client,
    pub account_id: String,
    /// Path of the subscription.
    pub subscription: String,
    /// The provider's id of it.
    pub at_provider: String,
}

impl Till {
    /// In a running world, on the first day of a month.
    ///
    /// # Errors
    /// With the step that failed.
    pub async fn open(site: &Site) -> anyhow::Result<Self> {
        let clock = DevClock::new(&site.api)?;
        let today = clock.today().await?;
        if today.day() != 1 {
            clock.advance_to(today.with_day(1).context("no first day")? + Months::new(1)).await?;
        }
        let operator = Client::new(&site.api, &site.token("operator", None).await?)?;
        let provider = Client::new(&site.ccp_sim, "")?;
        let services = story::data(&operator.get("/v1/services?limit=100").await?);
        let service = services.iter().find(|service| service["sku"] == SKU).with_context(|| format!("no {SKU}"))?;
        let service = text(service, "id")?.to_owned();
        Ok(Self { clock, operator, provider, site: site.clone(), service })
    }

    /// A direct customer that buys one seat for `net` euro, tax of nineteen percent to be added.
    ///
    /// # Errors
    /// With the step that failed.
    pub async fn sells(&self, name: &str, net: &str, terms: Value) -> anyhow::Result<Buyer> {
        let wish = story::new_customer(&format!("{name} {}", random_hex(3)));
        let customer = self.registers(&wish).await?;
        self.agrees(&customer.id()?, terms).await?;
        self.asks_for(&customer.id()?, net).await?;
        self.buys(customer).await
    }

    /// The same of a reseller's end customer, for whom the reseller is invoiced. Both, the reseller first.
    ///
    /// # Errors
    /// With the step that failed.
    pub async fn sells_through(&self, name: &str, net: &str) -> anyhow::Result<(Answer, Buyer)> {
        let mut wish = story::new_customer(&format!("{name} {}", random_hex(3)));
        wish["kind"] = json!("reseller");
        let reseller = self.registers(&wish).await?;
        self.agrees(&reseller.id()?, json!({})).await?;
        self.asks_for(&reseller.id()?, net).await?;
        let mut wish = story::new_customer(&format!("Customer of {}", reseller.text_of("name")?));
        wish["reseller_id"] = json!(reseller.id()?);
        let customer = self.registers(&wish).await?;
        self.agrees(&customer.id()?, json!({ "bill_to": "reseller" })).await?;
        Ok((reseller, self.buys(customer).await?))
    }

    async fn registers(&self, wish: &Value) -> anyhow::Result<Answer> {
        self.operator.post("/v1/customers", &story::new_key(), wish, 201).await
    }

    /// Terms of fourteen days, and what differs from the usual ones.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn agrees(&self, customer_id: &str, mut terms: Value) -> anyhow::Result<()> {
        terms["payment_days"] = json!(PAYMENT_DAYS);
        let path = format!("/v1/customers/{customer_id}/terms");
        story::expect(story::ask(&self.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
        Ok(())
    }

    async fn asks_for(&self, customer_id: &str, net: &str) -> anyhow::Result<()> {
        let bytes: [u8; 16] = random_bytes(16).try_into().ok().context("not sixteen bytes")?;
        let path = format!("/v1/price-rules/{}", uuid::Builder::from_random_bytes(bytes).into_uuid());
        let rule = json!({ "kind": "fixed", "price": euro(net), "customer_id": customer_id });
        let answer = story::ask(&self.operator, Method::PUT, &path, None, Some(&rule)).await?;
        story::expect(answer, 201)?;
        Ok(())
    }

    async fn buys(&self, customer: Answer) -> anyhow::Result<Buyer> {
        let (id, name) = (customer.id()?, customer.text_of("name")?.to_owned());
        let client = self.client_of("customer", &id).await?;
        let account_id = story::opens_active_account(&self.operator, &id).await?;
        let bought = story::buys(&client, &account_id, &self.service, 1).await?;
        let at_provider = text(&bought["provider"], "subscription_id")?.to_owned();
        let subscription = format!("/v1/subscriptions/{}", text(&bought, "id")?);
        Ok(Buyer { id, name, client, account_id, subscription, at_provider })
    }

    /// A client with a token for that customer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn client_of(&self, role: &str, customer_id: &str) -> anyhow::Result<Client> {
        Client::new(&self.site.api, &self.site.token(role, Some(customer_id)).await?)
    }

    /// One more seat, whoever may.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn orders(&self, client: &Client, buyer: &Buyer) -> anyhow::Result<Answer> {
        let wish = story::order_of(&buyer.account_id, &[(&self.service, 1)]);
        story::ask(client, Method::POST, "/v1/orders", Some(&story::new_key()), Some(&wish)).await
    }

    /// Business time moves on, and whatever follows is done.
    ///
    /// # Errors
    /// When the clock stopped on the way.
    pub async fn passes(&self, span: &str) -> anyhow::Result<()> {
        self.clock.advance(span).await.map(drop)
    }

    /// The first moment of a day to come.
    ///
    /// # Errors
    /// When it has begun, or the clock stopped on the way.
    pub async fn begins(&self, day: NaiveDate) -> anyhow::Result<()> {
        self.clock.advance_to(day).await.map(drop)
    }

    /// The only invoice of a customer, as the operator sees it now.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn invoice_of(&self, customer_id: &str) -> anyhow::Result<Value> {
        let found = story::data(&self.operator.get(&format!("/v1/invoices?customer_id={customer_id}")).await?);
        ensure!(found.len() == 1, "{} invoices of {customer_id}", found.len());
        let path = format!("/v1/invoices/{}", text(&found[0], "id")?);
        Ok(self.operator.get(&path).await?.body)
    }

    /// What was done to collect an invoice, in words, each with its day.
    ///
    /// # Errors
    /// When the audit of it cannot be read.
    pub async fn efforts(&self, customer_id: &str) -> anyhow::Result<Vec<String>> {
        let invoice = self.invoice_of(customer_id).await?;
        let path = format!("/v1/audit/streams/invoice/{}", text(&invoice, "id")?);
        let events = story::all_pages(&self.operator, &path, 100).await?;
        Ok(events.iter().filter_map(effort).collect())
    }

    /// What is owed comes in outside; from then on the invoice shows it.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn receives(&self, customer_id: &str) -> anyhow::Result<Answer> {
        let invoice = self.invoice_of(customer_id).await?;
        let today = self.clock.today().await?;
        let body = json!({ "amount": invoice["balance"], "received_on": today, "reference": "By bank transfer" });
        let path = format!("/v1/invoices/{}", text(&invoice, "id")?);
        let received = self.operator.post(&format!("{path}/payments"), &story::new_key(), &body, 201).await?;
        self.operator.get_at(&path, received.position()?).await?;
        Ok(received)
    }

    /// How the provider has a buyer's subscription.
    ///
    /// # Errors
    /// When its simulator does not answer.
    pub async fn provider_shows(&self, buyer: &Buyer) -> anyhow::Result<String> {
        let path = format!("/sim/subscriptions/{}", buyer.at_provider);
        let answer = story::ask(&self.provider, Method::PATCH, &path, None, Some(&json!({}))).await?;
        Ok(text(&story::expect(answer, 200)?.body, "status")?.to_owned())
    }

    /// How often the provider was asked to do that to a buyer's subscription, and did it.
    ///
    /// # Errors
    /// When its simulator does not answer.
    pub async fn provider_did(&self, operation: &str, buyer: &Buyer) -> anyhow::Result<usize> {
        let ledger = self.provider.get("/sim/ledger").await?.body;
        let effects = ledger["effects"].as_array().context("no effects")?;
        let is_it = |effect: &&Value| effect["operation"] == operation && effect["resource_id"] == *buyer.at_provider;
        Ok(effects.iter().filter(is_it).count())
    }
}

/// One event of an invoice's stream, if it is about collecting it.
fn effort(event: &Value) -> Option<String> {
    let (day, payload) = (event["metadata"]["at"].as_str()?.get(..10)?, &event["payload"]);
    let what = match event["type"].as_str()? {
        "PaymentAttemptEnded" => attempt(payload)?,
        "PaymentAttemptUnclear" => "nobody knows".to_owned(),
        "InvoiceOverdue" => "overdue".to_owned(),
        "DunningStepTaken" => payload["step"].as_str()?.replace('_', " "),
        "CollectionPlanned" => match payload["at"].as_str() {
            Some(at) => format!("planned for {}", at.get(..10)?),
            None => "planned no more".to_owned(),
        },
        "InvoicePaid" => "paid".to_owned(),
        _ => return None,
    };
    Some(format!("{day} {what}"))
}

fn attempt(payload: &Value) -> Option<String> {
    let outcome = payload["outcome"]["reason"].as_str().or_else(|| payload["outcome"]["outcome"].as_str())?;
    let next = payload["next_attempt_at"].as_str().and_then(|at| at.get(..10));
    Some(match next {
        Some(next) => format!("{}, again on {next}", outcome.replace('_', " ")),
        None => outcome.replace('_', " "),
    })
}

/// A sum as the API has it.
pub fn euro(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A member that is text.
///
/// # Errors
/// When it is none.
pub fn text<'a>(body: &'a Value, member: &str) -> anyhow::Result<&'a str> {
    body[member].as_str().with_context(|| format!("no {member} in {body}"))
}
