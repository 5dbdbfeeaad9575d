//! Two products on one database, and the time that passes over them.

use std::time::{Duration, Instant};

use chrono::{Datelike, Months, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::Client;
use tests::invariants::{self, System};
use tests::story::{self, all_pages};
use tests::world::World;
use tests::world::process::Process;
use tests::world::product::{Service, Settings};

use crate::people::People;

const BEGINS: &str = "2026-10-29T09:00:00Z";
/// How long a month's end may take with everything that dies in it.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(2);
/// How long the last events may be waited for that never come.
const QUIET: Duration = Duration::from_secs(5);

pub struct Town {
    pub world: World,
    pub twin: Service,
    twin_settings: Settings,
    people: People,
    /// The first day of the month after the one that is to end.
    pub next: NaiveDate,
    ended: usize,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    First,
    Twin,
}

impl Town {
    pub async fn found() -> anyhow::Result<Self> {
        let world = World::start_at(BEGINS).await?;
        let (twin_settings, twin) = world.twin().await?;
        let people = People::settle(&world).await?;
        let next = "2026-11-01".parse()?;
        Ok(Self { world, twin, twin_settings, people, next, ended: 0 })
    }

    pub fn settings(&self, side: Side) -> &Settings {
        match side {
            Side::First => &self.world.settings,
            Side::Twin => &self.twin_settings,
        }
    }

    pub fn service(&mut self, side: Side) -> &mut Service {
        match side {
            Side::First => &mut self.world.product,
            Side::Twin => &mut self.twin,
        }
    }

    pub fn clock(&self, side: Side) -> anyhow::Result<DevClock> {
        DevClock::new(&self.settings(side).api_url())
    }

    /// Ends one side in order and starts it anew with a plan where to die.
    pub async fn doom(&mut self, side: Side, plan: &str) -> anyhow::Result<Process> {
        self.service(side).stop().await?;
        let mut settings = self.settings(side).clone();
        settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), plan.to_owned()));
        let mut doomed = settings.cloudsales("doomed.log")?.argument("serve").spawn()?;
        doomed.wait_until_healthy(&format!("{}/readyz", settings.internal_url()), PATIENCE).await?;
        Ok(doomed)
    }

    /// Waits until so many more events are written, or no more come.
    pub async fn grows_by(&self, events: u64) -> anyhow::Result<()> {
        let mut database = story::database(&self.world).await?;
        let mut head =
            async || sqlx::query_scalar::<_, i64>("select position from log_head").fetch_one(&mut database).await;
        let wanted = head().await? + i64::try_from(events)?;
        let mut look = tokio::time::interval(LOOK);
        let deadline = Instant::now() + QUIET;
        while head().await? < wanted && Instant::now() < deadline {
            look.tick().await;
        }
        Ok(())
    }

    fn client(&self, side: Side) -> anyhow::Result<Client> {
        Client::new(&self.settings(side).api_url(), &self.world.tokens.operator)
    }

    /// The month passes up to its last day, and something changes in it.
    pub async fn lives(&self) -> anyhow::Result<()> {
        let clock = self.clock(Side::First)?;
        let last = self.next.pred_opt().unwrap();
        let days = last.signed_duration_since(clock.today().await?).num_days();
        clock.advance(&format!("P{}D", days.max(0))).await?;
        self.people.grow(self.ended).await?;
        clock.advance("P0D").await?;
        Ok(())
    }

    /// Somebody asks for the month's invoices as well; whether that is taken depends on the moment.
    pub async fn asks_for_invoices(&self, side: Side) -> anyhow::Result<()> {
        let body = json!({ "period": self.period() });
        let key = story::new_key();
        // Whoever is asked may be dead, or may have to say that the month is not over.
        let client = self.client(side)?;
        let asked = story::ask(&client, Method::POST, "/v1/invoices/generate", Some(&key), Some(&body));
        drop(asked.await);
        Ok(())
    }

    fn period(&self) -> String {
        self.next.pred_opt().unwrap().format("%Y-%m").to_string()
    }

    /// Both run again, the month is over, and what follows from that is done.
    pub async fn recovers(&mut self) -> anyhow::Result<()> {
        for side in [Side::First, Side::Twin] {
            let service = self.service(side);
            if !service.is_running() {
                service.start_again().await?;
            }
        }
        let deadline = Instant::now() + PATIENCE;
        let clocks = [self.clock(Side::First)?, self.clock(Side::Twin)?];
        for clock in clocks.iter().cycle() {
            if clock.today().await? >= self.next && clock.advance("P0D").await.is_ok() && self.is_billed().await? {
                return Ok(());
            }
            if clock.today().await? < self.next {
                // Whoever moved it may have died.
                drop(clock.advance("P1D").await);
            }
            anyhow::ensure!(Instant::now() < deadline, "the month is not billed: {:?}", self.runs().await?);
        }
        Ok(())
    }

    async fn runs(&self) -> anyhow::Result<Vec<Value>> {
        let runs = all_pages(&self.client(Side::First)?, "/v1/billing-runs", 100).await?;
        Ok(runs.into_iter().filter(|run| run["period"] == self.period()).collect())
    }

    async fn is_billed(&self) -> anyhow::Result<bool> {
        let runs = self.runs().await?;
        let by_itself = runs.iter().any(|run| run["on_demand"] == false);
        Ok(by_itself && runs.iter().all(|run| run["status"] == "completed"))
    }

    /// Nothing may be wrong, and everybody has one invoice; then the next month begins.
    pub async fn is_judged(&mut self) -> anyhow::Result<()> {
        let path = format!("/v1/invoices?period={}", self.period());
        let invoices = all_pages(&self.client(Side::First)?, &path, 100).await?;
        assert_eq!(invoices.len(), self.people.billed, "{} has other invoices than parties", self.period());
        for run in self.runs().await? {
            assert_eq!((&run["parked_accounts"], &run["open_discrepancies"]), (&json!(0), &json!(0)), "{run}");
        }
        self.both_show_the_same(&invoices[self.ended % invoices.len()]).await?;
        let report = invariants::check(&System::of(&self.world, None)).await?;
        assert_eq!(report.violations(), 0, "{}:\n{}", self.period(), report.complaints());
        self.ended += 1;
        self.next = self.next.with_day(1).unwrap() + Months::new(1);
        assert_eq!(self.next.day(), 1);
        Ok(())
    }

    /// A document nobody has rendered yet, asked of both at once: the same bytes.
    async fn both_show_the_same(&self, invoice: &Value) -> anyhow::Result<()> {
        let id = invoice["id"].as_str().unwrap();
        for format in ["pdf", "ubl", "csv", "json"] {
            let path = format!("/v1/invoices/{id}/document?format={format}");
            let asked = async |side| anyhow::Ok(download(&self.client(side)?, &path).await?);
            let (one, other) = tokio::try_join!(asked(Side::First), asked(Side::Twin))?;
            assert_eq!(one, other, "{path}");
            assert_eq!(download(&self.client(Side::Twin)?, &path).await?, one, "{path}");
        }
        Ok(())
    }
}

async fn download(client: &Client, path: &str) -> anyhow::Result<Vec<u8>> {
    let answer = client.request(Method::GET, path).send().await?;
    let (status, bytes) = (answer.status().as_u16(), answer.bytes().await?.to_vec());
    anyhow::ensure!(status == 200, "{path}: {status} {}", String::from_utf8_lossy(&bytes));
    Ok(bytes)
}
