//! Four hundred invoices fall due while sixty of a hundred calls to the gateway go wrong, products die and customers pay.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tests::business_time::DevClock;
use tests::gateways::{payments_heal, wallet_ends};
use tests::story::all_pages;
use tests::trial::Dice;
use tests::world::World;
use tests::world::product::{Service, Settings};
use tokio_util::sync::CancellationToken;

use crate::debtors::{self, Answers, Debtor};
use crate::{faults, judged};

/// The evening before everything falls due.
const BEGINS: &str = "2026-03-02T20:00:00Z";
/// Of the sellers who sent them.
const MIDNIGHT: &str = "2026-03-02T23:00:00Z";
const INVOICES: usize = 400;
/// Where products die, and at which passage at the latest.
const POINTS: [&str; 3] = ["payment.intent_committed", "payment.charged_not_recorded", "webhook.after_insert"];
const PASSAGES: u64 = 8;
/// How long a doomed process may live on when it never comes to its crash point.
const DOOMED: Duration = Duration::from_secs(20);
/// How long it may take until everybody has tried.
const PATIENCE: Duration = Duration::from_secs(120);
/// Invoices that are paid late.
const SECOND_THOUGHTS: usize = 10;
const LOOK: Duration = Duration::from_millis(500);

/// Two products, and everything they know about their gateway.
struct Chaos {
    world: World,
    twin_settings: Settings,
    twin: Service,
    debtors: Vec<Debtor>,
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_everything_while_money_is_collected() -> anyhow::Result<()> {
    let mut dice = Dice::thrown();
    let mut chaos = Chaos::found(&mut dice).await?;
    let began = Instant::now();
    faults::begin(&chaos.world, &mut dice).await?;
    chaos.falls_due().await?;
    let stop = CancellationToken::new();
    let sites = [chaos.world.settings.api_url(), chaos.twin_settings.api_url()];
    let paying = debtors::pay(&chaos.debtors, &sites, &mut dice, &stop);
    for point in POINTS {
        chaos.twin_dies_at(point, &mut dice).await?;
    }
    chaos.world.product.kill9().await?;
    chaos.world.product.start_again().await?;
    chaos.everybody_has_tried().await?;
    stop.cancel();
    println!("everybody has tried after {:?}", began.elapsed());
    let answers = paying.join_all().await.iter().fold(Answers::default(), Answers::and);
    told(&chaos.world, &answers).await?;
    chaos.heals().await?;
    println!("it is over after {:?}", began.elapsed());
    judged::judge(&chaos.world, &chaos.debtors).await
}

impl Chaos {
    async fn found(dice: &mut Dice) -> anyhow::Result<Self> {
        let world = World::start_at(BEGINS).await?;
        let (twin_settings, twin) = world.twin().await?;
        let debtors = debtors::owe(&world, INVOICES, dice).await?;
        Ok(Self { world, twin_settings, twin, debtors })
    }

    fn clock(&self) -> anyhow::Result<DevClock> {
        DevClock::new(&self.world.settings.api_url())
    }

    /// Midnight passes before anybody pays: the clock waits for what is under way. Whoever was asked for it may die over
    /// what follows, which it waits for too.
    async fn falls_due(&self) -> anyhow::Result<()> {
        let (clock, midnight) = (self.clock()?, MIDNIGHT.parse::<DateTime<Utc>>()?);
        let moved = clock.clone();
        tokio::spawn(async move { drop(moved.advance("PT6H").await) });
        let (deadline, mut look) = (Instant::now() + PATIENCE, tokio::time::interval(LOOK));
        while clock.now().await? < midnight {
            ensure!(Instant::now() < deadline, "it does not become midnight");
            look.tick().await;
        }
        Ok(())
    }

    /// The twin ends in order, and dies at that point when it comes there.
    async fn twin_dies_at(&mut self, point: &str, dice: &mut Dice) -> anyhow::Result<()> {
        self.twin.stop().await?;
        let plan = format!("{point}:{}", 1 + dice.below(PASSAGES));
        let mut settings = self.twin_settings.clone();
        settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), plan.clone()));
        let mut doomed = settings.cloudsales("doomed.log")?.argument("serve").spawn()?;
        let died = doomed.wait(DOOMED).await.is_ok();
        println!("{} at {plan}", if died { "death" } else { "nobody dies" });
        doomed.kill9().await?;
        self.twin.start_again().await
    }

    /// Every invoice has had a try that came to its end, or is unknown.
    async fn everybody_has_tried(&self) -> anyhow::Result<()> {
        let (operator, deadline) = (self.world.operator()?, Instant::now() + PATIENCE);
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            let invoices = all_pages(&operator, "/v1/invoices", 100).await?;
            let untried: Vec<&Value> =
                invoices.iter().filter(|invoice| invoice["payment_status"] == "unpaid").collect();
            if untried.is_empty() && invoices.len() >= INVOICES {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{} invoices were never tried: {:?}", untried.len(), untried.first());
        }
    }

    /// The gateway is well again, and time goes on for three daily questions.
    async fn heals(&self) -> anyhow::Result<()> {
        payments_heal(&self.world).await?;
        faults::falls_silent(&self.world).await?;
        for _ in 0..3 {
            self.clock()?.advance("P1D").await?;
        }
        self.wallet_thinks_again().await
    }

    /// Of a few charges that were over the wallet says that it has made them after all.
    async fn wallet_thinks_again(&self) -> anyhow::Result<()> {
        let payments = all_pages(&self.world.operator()?, "/v1/payments", 100).await?;
        let expired = payments.iter().filter(|payment| payment["status"] == "expired");
        let invoices: BTreeSet<&str> = expired.filter_map(|payment| payment["invoice_id"].as_str()).collect();
        for invoice in invoices.into_iter().take(SECOND_THOUGHTS) {
            wallet_ends(&self.world, invoice, "succeeded").await?;
        }
        faults::falls_silent(&self.world).await?;
        self.clock()?.advance("P0D").await?;
        Ok(())
    }
}

/// Chaos that never came would prove nothing.
async fn told(world: &World, answers: &Answers) -> anyhow::Result<()> {
    let struck = faults::struck(world).await?;
    println!("struck: {struck:?}");
    println!("answers: {answers:?}");
    let all: u64 = struck.iter().map(|(_, hits)| hits).sum();
    ensure!(all >= INVOICES as u64, "only {all} calls went wrong");
    ensure!(struck.iter().all(|(_, hits)| *hits > 0), "some faults never struck: {struck:?}");
    ensure!(answers.in_progress > 0, "nobody tried while a payment was under way: {answers:?}");
    Ok(())
}
