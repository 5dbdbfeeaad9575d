//! Commands through the bus of this process, wired as the product wires it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use commands::seller::{Seller, SellerEntity};
use commands::{Bus, Clock};
use event_log::Batcher;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cpu::Meter;
use super::fleet::{self, Fleet};
use super::ground::{Ground, head};
use super::load::{self, Run, Worker};
use super::plan::Plan;
use super::random::Random;
use crate::world::database::DatabaseUrls;

/// Connections for loading states; appending has one of its own.
const POOL: u32 = 10;

/// The write side of one process.
pub struct Writer {
    pub bus: Bus,
    pub batcher: Batcher,
    pub pool: PgPool,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

struct RealTime;

impl Clock for RealTime {
    fn now(&self) -> DateTime<Utc> {
        fleet::now()
    }
}

impl Writer {
    /// Connects as the product does.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn start(url: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(POOL)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
            .await?;
        let shutdown = CancellationToken::new();
        let (batcher, task) = Batcher::start(options, shutdown.clone());
        let seller = Arc::new(Seller::new(vec![entity()]).context("no seller")?);
        let bus = Bus::new(pool.clone(), batcher.clone(), Arc::new(RealTime), seller);
        Ok(Self { bus, batcher, pool, shutdown, task })
    }

    /// Ends when the queue is empty.
    ///
    /// # Errors
    /// When the batcher panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.task.await?;
        self.pool.close().await;
        Ok(())
    }
}

fn entity() -> SellerEntity {
    SellerEntity {
        id: "seller".to_owned(),
        legal_name: "Seller GmbH".to_owned(),
        country: "DE".to_owned(),
        vat_id: "DE123456789".to_owned(),
        address: Vec::new(),
        number_prefix: String::new(),
        time_zone: commands::seller::Tz::UTC,
        customer_countries: Vec::new(),
    }
}

/// A log with its fleet, ready to be measured.
pub struct Prepared {
    writer: Writer,
    fleet: Arc<Fleet>,
}

struct Caller {
    bus: Bus,
    fleet: Arc<Fleet>,
    random: Random,
}

impl Worker for Caller {
    async fn step(&mut self) -> anyhow::Result<()> {
        fleet::command(&self.bus, &self.fleet, &mut self.random).await.map(|_| ())
    }
}

impl Prepared {
    /// # Errors
    /// Any database error.
    pub async fn new(plan: &Plan, ground: &Ground) -> anyhow::Result<Self> {
        Self::on(plan, &ground.migrated("bench_commands").await?).await
    }

    /// The same on a log that is there.
    ///
    /// # Errors
    /// Any database error.
    pub async fn on(plan: &Plan, urls: &DatabaseUrls) -> anyhow::Result<Self> {
        let writer = Writer::start(&urls.app).await?;
        let fleet = Fleet::register(&writer.bus, plan.accounts).await?;
        Ok(Self { writer, fleet })
    }

    /// One run with so many commands in flight.
    ///
    /// # Errors
    /// When a command is rejected, or the log has not grown by exactly what was done.
    pub async fn run(&self, plan: &Plan, meter: &Meter, in_flight: usize) -> anyhow::Result<Run> {
        let before = head(&self.writer.pool).await?;
        let caller = || Caller { bus: self.writer.bus.clone(), fleet: self.fleet.clone(), random: Random::default() };
        let workers = std::iter::repeat_with(caller).take(in_flight).collect();
        let run = load::closed_loop(plan, meter, workers).await?;
        let written = head(&self.writer.pool).await? - before;
        ensure!(u64::try_from(written) == Ok(run.done), "{} commands, {written} events in the log", run.done);
        Ok(run)
    }

    /// Bytes of payload and of metadata of an event of the run, on average.
    ///
    /// # Errors
    /// Any database error.
    pub async fn sizes(&self) -> anyhow::Result<(i64, i64)> {
        let sql = "select avg(octet_length(payload::text))::bigint, avg(octet_length(metadata::text))::bigint \
                   from (select payload, metadata from events order by position desc limit 10000) e";
        Ok(sqlx::query_as(sql).fetch_one(&self.writer.pool).await?)
    }

    /// # Errors
    /// When the batcher panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.writer.stop().await
    }
}
