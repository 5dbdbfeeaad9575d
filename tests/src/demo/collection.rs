//! Collection told while business time passes: one customer pays by itself on the due day; the other has nothing in its
//! wallet, is reminded, suspended at the provider, pays, and goes on.

mod till;

pub use till::{Buyer, Till, euro, text};

use anyhow::ensure;
use chrono::{Days, Months, NaiveDate};
use serde_json::json;

use crate::world::description::{Description, Site};

/// With tax 119.00, which the gateway's simulator takes.
pub const IN_FUNDS: &str = "100.00";
/// With tax 120.11, for which nobody ever has enough in the wallet.
pub const SHORT_OF_MONEY: &str = "100.93";
/// Days after the due day.
const SUSPENDED_AFTER: u64 = 30;

/// What is left of it.
#[derive(Debug, Clone)]
pub struct Collected {
    pub till: Till,
    pub payer: Buyer,
    pub debtor: Buyer,
    pub due_on: NaiveDate,
}

/// Plays the story in a running world and prints it. Every run has new customers and a month of its own.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn run(world: &Description) -> anyhow::Result<()> {
    let collected = live(&world.site()).await?;
    println!("              what was done about {}'s invoice:", collected.debtor.name);
    for effort in collected.till.efforts(&collected.debtor.id).await? {
        println!("                {effort}");
    }
    Ok(())
}

/// Plays the story.
///
/// # Errors
/// With the step that did not come out as told.
pub async fn live(site: &Site) -> anyhow::Result<Collected> {
    let till = Till::open(site).await?;
    let payer = till.sells("Prompt", IN_FUNDS, json!({})).await?;
    let debtor = till.sells("Tardy", SHORT_OF_MONEY, json!({})).await?;
    let story = Story { till, payer, debtor };
    let due_on = story.is_billed().await?;
    story.is_due(due_on).await?;
    story.is_dunned(due_on).await?;
    story.pays().await?;
    Ok(Collected { till: story.till, payer: story.payer, debtor: story.debtor, due_on })
}

struct Story {
    till: Till,
    payer: Buyer,
    debtor: Buyer,
}

impl Story {
    async fn is_billed(&self) -> anyhow::Result<NaiveDate> {
        self.say("Prompt and Tardy buy a seat of Archive Storage each, for a year").await?;
        let first = self.till.clock.today().await?;
        self.till.begins(first + Months::new(1)).await?;
        let mut due_on = first;
        for buyer in [&self.payer, &self.debtor] {
            let invoice = self.till.invoice_of(&buyer.id).await?;
            due_on = text(&invoice, "due_on")?.parse()?;
            let (number, total) = (text(&invoice, "number")?, text(&invoice["total"], "amount")?);
            self.say(&format!("{}: {number} over {total}, due on {due_on}", buyer.name)).await?;
        }
        Ok(due_on)
    }

    /// The day both are collected by themselves.
    async fn is_due(&self, due_on: NaiveDate) -> anyhow::Result<()> {
        self.till.begins(due_on).await?;
        let paid = self.till.invoice_of(&self.payer.id).await?;
        ensure!(paid["status"] == "paid", "it was not collected: {paid}");
        self.say(&format!("{} is collected by itself: paid", self.payer.name)).await?;
        let declined = self.till.invoice_of(&self.debtor.id).await?;
        ensure!(declined["payment_status"] == "failed", "it was not tried: {declined}");
        let (reason, next) = (text(&declined, "payment_reason")?, text(&declined, "next_attempt_on")?);
        let next = next.get(..10).unwrap_or(next);
        self.say(&format!("{} is declined: {reason}; tried again on {next}", self.debtor.name)).await
    }

    /// Reminders after one, seven and fourteen days, the suspension after thirty.
    async fn is_dunned(&self, due_on: NaiveDate) -> anyhow::Result<()> {
        self.till.begins(due_on + Days::new(SUSPENDED_AFTER - 1)).await?;
        for effort in self.till.efforts(&self.debtor.id).await?.iter().skip(1) {
            println!("  {}", effort.replacen(' ', "  ", 1));
        }
        let before = self.till.provider_shows(&self.debtor).await?;
        ensure!(before == "active", "it was suspended too early: {before}");
        self.till.begins(due_on + Days::new(SUSPENDED_AFTER)).await?;
        let ours = self.till.operator.get(&self.debtor.subscription).await?.body;
        ensure!(ours["status"] == "suspended" && ours["suspended_by"] == "dunning", "it is not suspended: {ours}");
        let theirs = self.till.provider_shows(&self.debtor).await?;
        ensure!(theirs == "suspended", "it is {theirs} at the provider");
        self.say(&format!("{}'s subscription is suspended; the provider shows it {theirs}", self.debtor.name)).await
    }

    async fn pays(&self) -> anyhow::Result<()> {
        self.till.passes("P1D").await?;
        self.till.receives(&self.debtor.id).await?;
        self.say(&format!("{} pays by bank transfer", self.debtor.name)).await?;
        self.till.passes("P0D").await?;
        let ours = self.till.operator.get(&self.debtor.subscription).await?.body;
        ensure!(ours["status"] == "active", "it is not resumed: {ours}");
        let theirs = self.till.provider_shows(&self.debtor).await?;
        ensure!(theirs == "active", "it is {theirs} at the provider");
        self.say(&format!("its subscription is resumed; the provider shows it {theirs}")).await
    }

    async fn say(&self, what: &str) -> anyhow::Result<()> {
        println!("  {}  {what}", self.till.clock.today().await?);
        Ok(())
    }
}
