//! A year in the life of a subscription, told while business time passes: order, grow, shrink at the renewal, suspend,
//! resume, extend, renew, cancel.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{Months, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};

use crate::business_time::{DevClock, Moved};
use crate::client::{Answer, Client};
use crate::story::{self, all_pages, each};
use crate::world::description::Description;
use crate::world::random_hex;

/// Seats at the beginning, in the middle, and from the renewal on.
const BEGIN_WITH: u32 = 25;
const GROW_TO: u32 = 40;
const SHRINK_TO: u32 = 30;

/// What the history shows of it, in this order, perhaps with more in between.
pub const HISTORY: [&str; 15] = [
    "started",
    "licences_granted",
    "quantity_change_requested",
    "quantity_changed",
    "suspension_requested",
    "suspended",
    "resumption_requested",
    "resumed",
    "extension_requested",
    "extended",
    "renewal_set",
    "renewal_confirmed",
    "renewed",
    "cancellation_requested",
    "cancelled",
];

/// What the provider's ledger has of the subscription once the year is over.
pub const LEDGER: [(&str, usize); 6] = [
    ("change_quantity", 1),
    ("suspend", 1),
    ("resume", 1),
    ("extend", 1),
    ("set_renewal", 1),
    ("cancel_subscription", 1),
];

/// Who plays, and what is sold: a service with a term of a year.
#[derive(Debug, Clone)]
pub struct Stage {
    pub api: String,
    pub reseller: Client,
    pub auditor: Client,
    pub service: String,
}

/// What is left of it.
#[derive(Debug, Clone)]
pub struct Lived {
    /// Where the subscription is found.
    pub path: String,
    /// Real time.
    pub took: Duration,
}

/// Plays the year in a running world and prints it.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn run(world: &Description) -> anyhow::Result<()> {
    let sample = world.sample.as_ref().context("the year needs the sample customers: this world is empty")?;
    let reseller = world.tokens.reseller.as_ref().context("no reseller's token")?;
    let stage = Stage {
        api: world.api.clone(),
        reseller: Client::new(&world.api, reseller)?,
        auditor: Client::new(&world.api, &world.tokens.auditor)?,
        service: sample.services.get("office-enterprise").context("no office-enterprise in the catalogue")?.clone(),
    };
    let lived = live(&stage).await?;
    println!("  a year in {:.1} s: {}{}", lived.took.as_secs_f64(), world.api, lived.path);
    Ok(())
}

/// Plays the year.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn live(stage: &Stage) -> anyhow::Result<Lived> {
    let began = Instant::now();
    let clock = DevClock::new(&stage.api)?;
    let mut year = Year { stage: stage.clone(), clock, path: String::new() };
    year.buys().await?;
    year.grows().await?;
    year.pauses().await?;
    year.is_prolonged().await?;
    year.shrinks_at_the_renewal().await?;
    year.ends().await?;
    year.is_told().await?;
    Ok(Lived { path: year.path, took: began.elapsed() })
}

struct Year {
    stage: Stage,
    clock: DevClock,
    /// Of the subscription.
    path: String,
}

impl Year {
    async fn buys(&mut self) -> anyhow::Result<()> {
        let reseller = &self.stage.reseller;
        let customer = story::registers(reseller, &format!("Year {}", random_hex(4))).await?;
        let account = story::opens_active_account(reseller, &customer.id()?).await?;
        let bought = story::buys(reseller, &account, &self.stage.service, BEGIN_WITH).await?;
        self.path = format!("/v1/subscriptions/{}", text(&bought, "id")?);
        let what = format!(
            "{} orders {BEGIN_WITH} seats of {}, until {}",
            customer.text_of("name")?,
            text(&bought, "service_name")?,
            text(&bought, "ends_on")?
        );
        self.say(&what).await
    }

    async fn grows(&self) -> anyhow::Result<()> {
        self.passes("P2M").await?;
        let grown = self.does("quantity", json!({ "quantity": GROW_TO }), 202).await?;
        ensure!(grown["quantity"] == GROW_TO && grown["licence_count"] == GROW_TO, "it did not grow: {grown}");
        self.say(&format!("it grows to {GROW_TO} seats, each with its licence")).await
    }

    async fn pauses(&self) -> anyhow::Result<()> {
        self.passes("P1M").await?;
        let suspended = self.does("suspend", json!({}), 202).await?;
        ensure!(suspended["status"] == "suspended", "it is not suspended: {suspended}");
        self.say("it is suspended").await?;
        self.passes("P10D").await?;
        let resumed = self.does("resume", json!({}), 202).await?;
        ensure!(resumed["status"] == "active", "it is not resumed: {resumed}");
        self.say("ten days later it is resumed").await
    }

    async fn is_prolonged(&self) -> anyhow::Result<()> {
        self.passes("P3M").await?;
        let end = day(&self.stage.reseller.get(&self.path).await?.body, "ends_on")?;
        let later = end + Months::new(1);
        let extended = self.does("extend", json!({ "ends_on": later }), 202).await?;
        ensure!(extended["ends_on"] == json!(later), "it is not extended: {extended}");
        self.say(&format!("its term is extended by a month, to {later}")).await
    }

    async fn shrinks_at_the_renewal(&self) -> anyhow::Result<()> {
        let fewer = json!({ "quantity": SHRINK_TO, "effective": "renewal" });
        let instructed = self.does("quantity", fewer, 200).await?;
        ensure!(instructed["quantity"] == GROW_TO, "it shrank at once: {instructed}");
        self.say(&format!("from the renewal on it is to have {SHRINK_TO} seats")).await?;
        let end = day(&instructed, "ends_on")?;
        let moved = self.clock.advance_to(end).await?;
        let renewed = self.stage.reseller.get_at(&self.path, moved.position).await?.body;
        ensure!(renewed["starts_on"] == json!(end), "it was not renewed: {renewed}");
        ensure!(renewed["ends_on"] == json!(end + Months::new(12)), "its new term is no year: {renewed}");
        ensure!(renewed["quantity"] == SHRINK_TO && renewed["licence_count"] == SHRINK_TO, "seats: {renewed}");
        self.tell_time(moved);
        self.say(&format!("it is renewed with {SHRINK_TO} seats, until {}", text(&renewed, "ends_on")?)).await
    }

    async fn ends(&self) -> anyhow::Result<()> {
        self.passes("P2D").await?;
        let cancelled = self.does("cancel", json!({ "effective": "now" }), 202).await?;
        ensure!(cancelled["status"] == "cancelled", "it is not cancelled: {cancelled}");
        self.say("two days into the new term it is cancelled, within its window").await
    }

    /// An auditor reads the stream.
    async fn is_told(&self) -> anyhow::Result<()> {
        let id = self.path.rsplit('/').next().unwrap_or_default();
        let path = format!("/v1/audit/streams/subscription/{id}");
        let events = all_pages(&self.stage.auditor, &path, 100).await?;
        println!("              an auditor reads {} events:", events.len());
        for event in &events {
            let at = event["metadata"]["at"].as_str().unwrap_or_default();
            println!("{:>22}  {}", at.get(..10).unwrap_or_default(), event["type"].as_str().unwrap_or_default());
        }
        let names = each(&events, "type");
        ensure!(names.last().is_some_and(|last| last == "CancellationConfirmed"), "how did it end? {names:?}");
        Ok(())
    }

    async fn passes(&self, span: &str) -> anyhow::Result<()> {
        let moved = self.clock.advance(span).await?;
        self.tell_time(moved);
        Ok(())
    }

    fn tell_time(&self, moved: Moved) {
        println!("  {}  ({} ms)", moved.now.date_naive(), moved.took.as_millis());
    }

    /// Asks for a change, and waits until the provider has done it.
    async fn does(&self, what: &str, body: Value, status: u16) -> anyhow::Result<Value> {
        let (reseller, path) = (&self.stage.reseller, format!("{}/{what}", self.path));
        let asked: Answer = story::ask(reseller, Method::PUT, &path, Some(&story::new_key()), Some(&body)).await?;
        story::expect(asked, status)?;
        // Time stands still until everything that follows is done.
        let settled = self.clock.advance("P0D").await?;
        let seen = reseller.get_at(&self.path, settled.position).await?.body;
        ensure!(seen["change"].is_null() && seen["renewal"]["confirmed"] == true, "{what} is not settled: {seen}");
        Ok(seen)
    }

    async fn say(&self, what: &str) -> anyhow::Result<()> {
        println!("  {}  {what}", self.clock.today().await?);
        Ok(())
    }
}

fn text<'a>(body: &'a Value, member: &str) -> anyhow::Result<&'a str> {
    body[member].as_str().with_context(|| format!("no {member} in {body}"))
}

fn day(body: &Value, member: &str) -> anyhow::Result<NaiveDate> {
    Ok(text(body, member)?.parse()?)
}
