//! The worked month: two customers buy, change their minds and are invoiced, to the cent; told while business time
//! passes.

mod cast;
mod prepaid;
mod shown;

pub use cast::{Customer, Rules, Seller, Variant};

use anyhow::{Context, ensure};
use chrono::{Datelike, Days, Months, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};

use crate::business_time::DevClock;
use crate::client::{Answer, Client};
use crate::story;
use crate::world::description::{Description, Site};

/// Somebody who sells to an end customer, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Pair {
    pub variant: Variant,
    pub reseller: Customer,
    pub customer: Customer,
    /// Path of the end customer's subscription, once it has one.
    pub subscription: String,
}

/// Everybody in the month, and the month.
#[derive(Debug)]
pub struct Month {
    pub site: Site,
    pub seller: Seller,
    pub clock: DevClock,
    /// The first day.
    pub first: NaiveDate,
    pub monat: Customer,
    pub pairs: Vec<Pair>,
}

/// Plays the month in a running world and prints it. Every run has new customers, and a month of its own.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn run(world: &Description) -> anyhow::Result<()> {
    let mut month = Month::begin(&world.site(), Rules::OfCustomers, &[Variant::Difference]).await?;
    let prepaid = month.lives_and_pays_in_advance().await?;
    month.is_billed().await?;
    month.credits_a_line().await?;
    month.is_over().await?;
    let end = month.first + Months::new(1);
    shown::paid_in_advance(&month, &prepaid).await?;
    shown::invoice(&month, &month.monat, end).await?;
    shown::invoice(&month, &month.monat, end + Months::new(1)).await?;
    shown::invoice(&month, &month.pairs[0].customer, end).await?;
    shown::statement(&month.pairs[0].reseller).await
}

impl Month {
    /// Moves to the first day of a month, and registers everybody with terms, prices and accounts.
    ///
    /// # Errors
    /// With the step that did not come out as told.
    pub async fn begin(site: &Site, rules: Rules, variants: &[Variant]) -> anyhow::Result<Self> {
        let clock = DevClock::new(&site.api)?;
        let today = clock.today().await?;
        if today.day() != 1 {
            let next = today.with_day(1).context("no first day")? + Months::new(1);
            clock.advance_to(next).await?;
        }
        let seller = Seller::of(site, &clock).await?;
        let monat = seller.registers_direct(rules).await?;
        let mut pairs = Vec::new();
        for variant in variants {
            pairs.push(seller.registers_pair(*variant).await?);
        }
        let first = clock.today().await?;
        Ok(Self { site: site.clone(), seller, clock, first, monat, pairs })
    }

    /// The month itself: orders, changes, a cancellation, and a provider that gets dearer.
    ///
    /// # Errors
    /// With the step that did not come out as told.
    pub async fn lives(&mut self) -> anyhow::Result<()> {
        let office = self.begins().await?;
        self.goes_on(&office).await
    }

    /// Answers the path of Monat's first subscription.
    async fn begins(&self) -> anyhow::Result<String> {
        self.on(3).await?;
        let office = self.buys(&self.monat, &self.seller.office, 25).await?;
        self.say("Monat orders 25 Office Business").await?;
        Ok(office)
    }

    async fn goes_on(&mut self, office: &str) -> anyhow::Result<()> {
        let seller = self.seller.clone();
        let monat = self.monat.clone();
        self.on(12).await?;
        for index in 0..self.pairs.len() {
            let customer = self.pairs[index].customer.clone();
            self.pairs[index].subscription = self.buys(&customer, &seller.office, 8).await?;
        }
        self.say("Acker orders 8 of it from its reseller").await?;
        self.on(15).await?;
        seller.office_costs("15.00", &self.clock).await?;
        self.say("Office Business gets dearer at the provider: 15.00 instead of 14.00; terms that run keep theirs")
            .await?;
        let archive = self.buys(&monat, &seller.archive, 10).await?;
        self.say("Monat orders 10 Archive Storage for a year").await?;
        self.on(18).await?;
        self.changes(&monat, &archive, "cancel", &json!({ "effective": "now" })).await?;
        self.say("and cancels them again, within the window").await?;
        self.on(19).await?;
        self.changes(&monat, office, "quantity", &json!({ "quantity": 40 })).await?;
        self.say("Monat grows to 40 seats").await?;
        self.on(20).await?;
        self.buys(&monat, &seller.guard, 7).await?;
        self.say("Monat orders 7 Mail Guard").await?;
        self.on(22).await?;
        self.changes(&monat, office, "quantity", &json!({ "quantity": 37 })).await?;
        self.say("and gives 3 seats back").await?;
        self.on(28).await?;
        for pair in &self.pairs {
            self.changes(&pair.customer, &pair.subscription, "quantity", &json!({ "quantity": 10 })).await?;
        }
        self.say("Acker adds 2 seats").await
    }

    /// The first of the next month: the run, and everything that follows from it.
    ///
    /// # Errors
    /// When the run does not come to its end.
    pub async fn is_billed(&self) -> anyhow::Result<()> {
        self.moves_to(self.first + Months::new(1)).await?;
        let run = self.run_of(self.first).await?;
        ensure!(run["status"] == "completed", "the run did not end: {run}");
        self.say(&format!("the month is billed: {} invoices issued", run["counts"]["issued"])).await
    }

    /// On the 10th of the next month the operator credits part of Acker's first line, for every pair that is invoiced
    /// so.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn credits_a_line(&self) -> anyhow::Result<()> {
        self.moves_to(self.first + Months::new(1) + Days::new(9)).await?;
        for pair in self.pairs.iter().filter(|pair| pair.variant == Variant::Difference) {
            let invoice = self.invoice_of(&pair.customer, self.first).await?;
            let body = json!({
                "lines": [{ "line": 1, "net": { "amount": "38.00", "currency": "EUR" } }], "reason": "Goodwill",
            });
            let path = format!("/v1/invoices/{}/credit-notes", text(&invoice, "id")?);
            let note = self.seller.operator.post(&path, &story::new_key(), &body, 201).await?;
            let (number, total) = (note.text_of("number")?, amount(&note.body["total"])?);
            self.say(&format!("the seller credits 38.00 of Acker's first line: {number}, {total} with tax")).await?;
        }
        self.settles().await
    }

    /// The month after it, billed.
    ///
    /// # Errors
    /// When its run does not come to its end.
    pub async fn is_over(&self) -> anyhow::Result<()> {
        self.moves_to(self.first + Months::new(2)).await?;
        let run = self.run_of(self.first + Months::new(1)).await?;
        ensure!(run["status"] == "completed", "the run did not end: {run}");
        self.say("the month after it is billed, too").await
    }

    /// The run that billed a month by itself.
    ///
    /// # Errors
    /// When there is none.
    pub async fn run_of(&self, first: NaiveDate) -> anyhow::Result<Value> {
        let runs = story::data(&self.seller.operator.get("/v1/billing-runs?limit=100").await?);
        let period = json!(period(first));
        let of_all = |run: &&Value| run["period"] == period && run["customer_id"].is_null();
        runs.iter().find(of_all).cloned().with_context(|| format!("no run of {period} in {runs:?}"))
    }

    /// A customer's only invoice for a month, as the operator sees it.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn invoice_of(&self, customer: &Customer, first: NaiveDate) -> anyhow::Result<Value> {
        let found = self.invoices_of(customer, first).await?;
        ensure!(found.len() == 1, "{} invoices of {} for {}", found.len(), customer.name, period(first));
        let path = format!("/v1/invoices/{}", text(&found[0], "id")?);
        Ok(self.seller.operator.get(&path).await?.body)
    }

    /// All of a customer's invoices for a month; those of prepaid orders are none.
    ///
    /// # Errors
    /// When the list is refused.
    pub async fn invoices_of(&self, customer: &Customer, first: NaiveDate) -> anyhow::Result<Vec<Value>> {
        let path = format!("/v1/invoices?customer_id={}&period={}", customer.id, period(first));
        let mut invoices = story::data(&self.seller.operator.get(&path).await?);
        invoices.retain(|invoice| invoice["kind"] == "period");
        Ok(invoices)
    }

    /// Waits until everything that follows is done.
    ///
    /// # Errors
    /// When it is not.
    pub async fn settles(&self) -> anyhow::Result<()> {
        self.clock.advance("P0D").await.map(drop)
    }

    async fn on(&self, day: u32) -> anyhow::Result<()> {
        self.moves_to(self.first.with_day(day).context("no such day")?).await
    }

    async fn moves_to(&self, day: NaiveDate) -> anyhow::Result<()> {
        let days = day.signed_duration_since(self.clock.today().await?).num_days();
        ensure!(days >= 0, "{day} is over");
        self.clock.advance(&format!("P{days}D")).await.map(drop)
    }

    /// Orders, and answers the subscription's path once it is there.
    async fn buys(&self, customer: &Customer, service: &str, seats: u32) -> anyhow::Result<String> {
        let order = story::orders(&customer.client, &customer.account_id, &[(service, seats)]).await?;
        self.settles().await?;
        let ended = story::sees_order_end(&customer.client, &order.id()?, "fulfilled").await?;
        let id = ended.body["lines"][0]["subscription_id"].as_str().context("no subscription")?;
        Ok(format!("/v1/subscriptions/{id}"))
    }

    /// Asks for a change, and waits until the provider has done it.
    async fn changes(&self, customer: &Customer, path: &str, what: &str, body: &Value) -> anyhow::Result<()> {
        let path_of_change = format!("{path}/{what}");
        let asked =
            story::ask(&customer.client, Method::PUT, &path_of_change, Some(&story::new_key()), Some(body)).await?;
        let asked: Answer = story::expect(asked, 202)?;
        self.settles().await?;
        let seen = customer.client.get_at(path, asked.position()?).await?;
        ensure!(seen.body["change"].is_null(), "{what} is not settled: {}", seen.text);
        Ok(())
    }

    async fn say(&self, what: &str) -> anyhow::Result<()> {
        println!("  {}  {what}", self.clock.today().await?);
        Ok(())
    }
}

/// The month a day lies in, like `2026-10`.
pub fn period(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// The amount of a sum of money.
///
/// # Errors
/// When it is none.
pub fn amount(money: &Value) -> anyhow::Result<&str> {
    money["amount"].as_str().with_context(|| format!("no amount in {money}"))
}

/// A member that is text.
///
/// # Errors
/// When it is none.
pub fn text<'a>(body: &'a Value, member: &str) -> anyhow::Result<&'a str> {
    body[member].as_str().with_context(|| format!("no {member} in {body}"))
}

/// A client with a token of that role, for that customer.
async fn client_of(site: &Site, role: &str, customer_id: Option<&str>) -> anyhow::Result<Client> {
    Client::new(&site.api, &site.token(role, customer_id).await?)
}
