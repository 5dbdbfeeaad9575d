//! Who owes, what they owe, and how they try to pay it: under a new key each time, without waiting for what became of
//! the last try.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::billing::Period;
use futures::{StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::json;
use tests::client::Client;
use tests::log_world::{Bill, LogProcess, WriteExempt, persist, system};
use tests::story::{self, new_key};
use tests::trial::Dice;
use tests::world::World;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Each owes one invoice a month.
const MONTHS: [&str; 10] =
    ["2025-04", "2025-05", "2025-06", "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01"];
/// The book date of all of them; they are due thirty days later.
const ISSUED_ON: &str = "2026-02-01";
/// Of customers, and of invoices, that are made at the same time.
const AT_ONCE: usize = 8;
/// Who try at the same time, and how long each waits at least between two tries.
const PAYERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// One amount in so many is one of those that come to nothing, or to silence.
const ODD: u64 = 12;
/// Declined, charged without an answer, expired.
const ODD_CENTS: [i64; 3] = [11, 15, 16];

/// Somebody who owes, and what.
#[derive(Clone)]
pub struct Debtor {
    id: Uuid,
    client: Client,
    pub invoices: Vec<String>,
}

/// What was answered to tries to pay.
#[derive(Debug, Default)]
pub struct Answers {
    pub started: u64,
    /// One try is under way, or nobody knows what became of it.
    pub in_progress: u64,
    pub others: u64,
}

/// Customers with so many invoices in all, ten each.
pub async fn owe(world: &World, invoices: usize, dice: &mut Dice) -> anyhow::Result<Vec<Debtor>> {
    let (operator, count) = (world.operator()?, invoices / MONTHS.len());
    let made = futures::stream::iter(0..count).map(|number| register(world, &operator, number)).buffered(AT_ONCE);
    let mut debtors: Vec<Debtor> = made.try_collect().await?;
    let app = &world.settings.databases.app;
    let log = LogProcess::start(app, app).await?;
    let mut bills = Vec::new();
    for debtor in &mut debtors {
        for month in MONTHS {
            let bill = Bill::own(debtor.id, Period::parse(month).unwrap(), 0);
            debtor.invoices.push(bill.invoice_id().to_string());
            bills.push(WriteExempt { bill, cents: cents(dice), issued_on: ISSUED_ON.parse()? });
        }
    }
    let written = futures::stream::iter(bills).map(|bill| write(&log, bill)).buffer_unordered(AT_ONCE);
    written.try_collect::<Vec<()>>().await?;
    Ok(debtors)
}

async fn register(world: &World, operator: &Client, number: usize) -> anyhow::Result<Debtor> {
    let body = json!({
        "name": format!("Debtor {number}"), "kind": "direct", "country": "DE", "currency": "EUR",
        "vat_id": "DE123456789", "contact": { "name": "Payables", "email": "payables@debtor.example" },
    });
    let id = operator.post("/v1/customers", &new_key(), &body, 201).await?.id()?;
    let client = world.client(&world.site().token("customer", Some(&id)).await?)?;
    Ok(Debtor { id: id.parse()?, client, invoices: Vec::new() })
}

async fn write(log: &LogProcess, bill: WriteExempt) -> anyhow::Result<()> {
    persist(&log.bus, &system(&new_key()), &bill).await?;
    Ok(())
}

/// From 10.00 to 999.99.
fn cents(dice: &mut Dice) -> i64 {
    let euros = 10 + i64::try_from(dice.below(990)).unwrap();
    let odd = dice.below(ODD) == 0;
    let cents =
        if odd { ODD_CENTS[usize::try_from(dice.below(3)).unwrap()] } else { i64::try_from(dice.below(11)).unwrap() };
    euros * 100 + cents
}

/// Everybody tries to pay anything of theirs, at any of these addresses, until `stop`: a few at a time, so that it is
/// the gateway that is slow and not the machine.
pub fn pay(debtors: &[Debtor], sites: &[String; 2], dice: &mut Dice, stop: &CancellationToken) -> JoinSet<Answers> {
    let mut payers = JoinSet::new();
    for _ in 0..PAYERS {
        let (debtors, sites, stop) = (debtors.to_vec(), sites.clone(), stop.clone());
        payers.spawn(pay_on(debtors, sites, dice.fork(), stop));
    }
    payers
}

async fn pay_on(debtors: Vec<Debtor>, sites: [String; 2], mut dice: Dice, stop: CancellationToken) -> Answers {
    let (mut answers, mut tick) = (Answers::default(), tokio::time::interval(PAUSE));
    while !stop.is_cancelled() {
        tick.tick().await;
        let debtor = &debtors[usize::try_from(dice.below(debtors.len() as u64)).unwrap()];
        let invoice = &debtor.invoices[usize::try_from(dice.below(MONTHS.len() as u64)).unwrap()];
        let client = debtor.client.at(&sites[usize::try_from(dice.below(2)).unwrap()]);
        tries(&client, &format!("/v1/invoices/{invoice}/pay"), &mut answers).await;
    }
    answers
}

/// Whoever is asked may be dead.
async fn tries(client: &Client, path: &str, answers: &mut Answers) {
    let answer = story::ask(client, Method::POST, path, Some(&new_key()), None).await;
    match &answer {
        Ok(answer) if answer.status == 202 => answers.started += 1,
        Ok(answer) if answer.body["type"] == "/problems/payment-in-progress" => answers.in_progress += 1,
        Ok(_) | Err(_) => answers.others += 1,
    }
}

impl Answers {
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            started: self.started + other.started,
            in_progress: self.in_progress + other.in_progress,
            others: self.others + other.others,
        }
    }
}

/// How many of what there are.
pub fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    names.fold(BTreeMap::new(), |mut counted, name| {
        *counted.entry(name).or_default() += 1;
        counted
    })
}
