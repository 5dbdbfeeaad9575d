//! Figure 6: how long after its commit a command is visible in a read model, at a fixed rate, through the mirror.
//!
//! One process, wired like the served product: relay, tail, every read model, indexes and processes. Nothing asks the
//! database whether a command is visible yet: the read model says after each commit how far it is, and both moments
//! are compared afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use ccp_adapter::{Adapter, CcpClient, CcpConfig};
use commands::effects::{Wake, Worker};
use commands::index::Indexes;
use commands::reactor::Reactor;
use commands::relay::Relay;
use domain::process::Lane;
use event_log::lease::Owner;
use event_log::mirror::MirrorConfig;
use event_log::reader::Runner;
use event_log::source::Source;
use event_log::{Freshness, Reader, Tail};
use projections::model::DIRECTORY;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bus::Writer;
use super::cpu::Usage;
use super::fleet::{self, Fleet};
use super::ground::{Ground, head};
use super::http;
use super::load::{median, percentile_ms};
use super::plan::Plan;
use super::random::{Random, new_id};
use super::report::{Limit, Report, Row};
use crate::world::product::{Service, Settings};

/// Commands per second, then the limits of the 99th percentile in milliseconds.
const RATES: [(u32, f64, f64); 2] = [(500, 10.0, 5.0), (2_000, 20.0, 10.0)];
const STREAM_BYTES: i64 = 512 * 1024 * 1024;
const CATCH_UP: Duration = Duration::from_secs(60);
/// More than this under way means that the rate is more than the machine can do.
const IN_FLIGHT: usize = 2_000;

/// With the adapter at work: accounts that it has opened at the provider before the clock runs.
const BUSY_ACCOUNTS: usize = 1_000;

/// When the read model had committed up to which position.
type Shown = Arc<Mutex<Vec<(i64, Instant)>>>;

struct Running {
    writer: Writer,
    fleet: Arc<Fleet>,
    tail: Tail,
    shown: Shown,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    /// The provider's simulator, where the adapter is at work.
    provider: Option<Service>,
}

/// What one run came to.
struct Lag {
    p50_ms: f64,
    p99_ms: f64,
    usage: Usage,
}

/// # Errors
/// When the rate is not held, or a command never becomes visible.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let running = Running::start(ground, "bench_lag", plan.accounts).await?;
    let mut lags: [Vec<Lag>; 2] = [Vec::new(), Vec::new()];
    for number in 1..=plan.repetitions {
        println!("lag, repetition {number} of {}", plan.repetitions);
        for ((rate, ..), lags) in RATES.iter().zip(&mut lags) {
            ground.checkpoint().await?;
            let lag = running.run(plan, ground, *rate).await.with_context(|| format!("lag at {rate}/s"))?;
            println!("  {rate}/s: p50 {:.2} ms, p99 {:.2} ms", lag.p50_ms, lag.p99_ms);
            lags.push(lag);
        }
    }
    for (number, (rate, lags)) in ["6a", "6b"].iter().zip(RATES.iter().zip(&lags)) {
        report.add(row((number, ""), *rate, lags));
    }
    running.stop().await?;
    measure_busy(plan, ground, report).await
}

/// The lower rate once more, while the adapter opens at the provider what the commands open here.
async fn measure_busy(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let settings = http::settings(ground, "bench_lag_busy").await?;
    let provider = settings.simulate_provider(&ground.folder.join("bench_lag_busy").join("ccp-sim")).await?;
    let running = Running::start_busy(ground, &settings, provider).await?;
    let (mut lags, rate) = (Vec::new(), RATES[0]);
    for number in 1..=plan.repetitions {
        println!("lag with the adapter at work, repetition {number} of {}", plan.repetitions);
        ground.checkpoint().await?;
        let lag = running.run(plan, ground, rate.0).await.context("lag with the adapter at work")?;
        println!("  {}/s: p50 {:.2} ms, p99 {:.2} ms", rate.0, lag.p50_ms, lag.p99_ms);
        lags.push(lag);
    }
    report.add(row((&"6c", ", the adapter opening one account in five commands at the provider"), rate, &lags));
    running.stop().await
}

/// Number and what else is going on.
fn row((number, besides): (&&str, &str), (rate, reach, goal): (u32, f64, f64), lags: &[Lag]) -> Row {
    let p99_ms = median(lags.iter().map(|lag| lag.p99_ms));
    let p50_ms = median(lags.iter().map(|lag| lag.p50_ms));
    let usual = lags.iter().min_by(|a, b| (a.p99_ms - p99_ms).abs().total_cmp(&(b.p99_ms - p99_ms).abs()));
    Row {
        number: (*number).to_owned(),
        what: format!("commit → visible in a read model through NATS, p99, {rate} commands/s{besides}"),
        ours: format!("p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms"),
        beside: "–".to_owned(),
        value: p99_ms,
        limit: Limit::AtMostMs { reach, goal },
        bound: usual.map(|lag| lag.usage.bound()).unwrap_or_default(),
    }
}

impl Running {
    async fn start(ground: &Ground, name: &str, accounts: usize) -> anyhow::Result<Self> {
        let urls = ground.migrated(name).await?;
        let running = Self::new(&urls.app, accounts).await?;
        running.start_roles(ground, name, Wake::default()).await?;
        running.wait_until_live().await?;
        Ok(running)
    }

    async fn start_busy(ground: &Ground, settings: &Settings, provider: Service) -> anyhow::Result<Self> {
        let mut running = Self::new(&settings.databases.app, BUSY_ACCOUNTS).await?;
        running.provider = Some(provider);
        let wake = Wake::default();
        running.start_roles(ground, "bench_lag_busy", wake.clone()).await?;
        let secret = settings.provider.client_secret.clone().into();
        let config = CcpConfig::new(settings.provider.url(), settings.provider.client_id.clone(), secret);
        let performer = Arc::new(Adapter { bus: running.writer.bus.clone(), client: CcpClient::new(config)? });
        let owner = Owner::this_process("bench");
        let worker = Worker { lane: Lane::Provider, pool: running.writer.pool.clone(), performer, wake, new_id, owner };
        running.tasks.spawn(worker.run(running.shutdown.clone()));
        running.wait_until_live().await?;
        Ok(running)
    }

    async fn new(url: &str, accounts: usize) -> anyhow::Result<Self> {
        let writer = Writer::start(url).await?;
        let fleet = Fleet::register(&writer.bus, accounts).await?;
        Ok(Self {
            writer,
            fleet,
            tail: Tail::new(),
            shown: Shown::default(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            provider: None,
        })
    }

    async fn start_roles(&self, ground: &Ground, name: &str, wake: Wake) -> anyhow::Result<()> {
        let (pool, nats) = (&self.writer.pool, ground.nats_client().await?);
        let mirror =
            MirrorConfig { stream: name.to_uppercase(), subject_prefix: name.to_owned(), max_bytes: STREAM_BYTES };
        let follow = self.tail.run(nats.clone(), mirror.clone(), pool.clone(), self.shutdown.clone());
        self.tasks.spawn(follow);
        let relay = Relay::new(pool.clone(), nats, mirror, self.writer.batcher.committed());
        self.tasks.spawn(relay.run(self.shutdown.clone()));
        self.read(Arc::new(Reactor { wake }));
        self.read(Arc::new(Indexes));
        for model in projections::all() {
            projections::rebuild::bring_up_to_date(pool, &model).await?;
            let shown = Arc::clone(&self.shown);
            let watched = model.name() == DIRECTORY;
            self.read(Arc::new(model.after_commit(move |events| {
                if let Some(last) = events.last().filter(|_| watched) {
                    lock(&shown).push((last.position, Instant::now()));
                }
            })));
        }
        Ok(())
    }

    fn read(&self, reader: Arc<dyn Reader>) {
        let runner = Runner {
            reader,
            pool: self.writer.pool.clone(),
            source: Source::new(self.writer.pool.clone(), self.tail.clone(), self.writer.batcher.committed()),
            freshness: Freshness::default(),
            owner: Owner::this_process("bench"),
        };
        self.tasks.spawn(runner.run(self.shutdown.clone()));
    }

    /// Until every reader is at the head, events come through the mirror and the adapter, if there is one, has nothing
    /// to do.
    async fn wait_until_live(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + CATCH_UP;
        let sql = "select min(position) from readers having count(*) >= 5";
        let open = "select exists (select from effects where state = 'due')";
        loop {
            let busy: bool = sqlx::query_scalar(open).fetch_one(&self.writer.pool).await?;
            let slowest: Option<i64> = sqlx::query_scalar(sql).fetch_optional(&self.writer.pool).await?;
            let at_head = slowest == Some(head(&self.writer.pool).await?);
            if at_head && self.tail.is_live() && !(busy && self.provider.is_some()) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the readers do not catch up: they are at {slowest:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One run at that rate, after as much warm-up as any run has.
    async fn run(&self, plan: &Plan, ground: &Ground, rate: u32) -> anyhow::Result<Lag> {
        self.offer(plan.warm_up, rate).await?;
        self.wait_until_live().await?;
        lock(&self.shown).clear();
        let (meter, before) = (ground.meter()?, head(&self.writer.pool).await?);
        let sample = meter.sample();
        let receipts = self.offer(plan.lag, rate).await?;
        let usage = meter.since(&sample);
        let written = head(&self.writer.pool).await? - before;
        // The adapter answers by command, too.
        let (written, alone) = (usize::try_from(written)?, self.provider.is_none());
        ensure!(
            written == receipts.len() || (written > receipts.len() && !alone),
            "{} commands, {written} events",
            receipts.len()
        );
        self.wait_until_live().await?;
        let mut lags = lags(receipts, &lock(&self.shown))?;
        let p50_ms = percentile_ms(&mut lags, 50);
        Ok(Lag { p50_ms, p99_ms: percentile_ms(&mut lags, 99), usage })
    }

    /// Begins commands at their appointed times, however the ones before are doing. Positions and moments of receipt.
    async fn offer(&self, length: Duration, rate: u32) -> anyhow::Result<Vec<(i64, Instant)>> {
        let begin = tokio::time::Instant::now();
        let count = (length.as_secs_f64() * f64::from(rate)) as u32;
        let (mut tasks, mut receipts) = (JoinSet::new(), Vec::new());
        for number in 0..count {
            tokio::time::sleep_until(begin + Duration::from_secs(1) * number / rate).await;
            let (bus, fleet) = (self.writer.bus.clone(), Arc::clone(&self.fleet));
            tasks.spawn(async move {
                let position = fleet::command(&bus, &fleet, &mut Random::default()).await?;
                anyhow::Ok((position, Instant::now()))
            });
            while let Some(done) = tasks.try_join_next() {
                receipts.push(done??);
            }
            ensure!(tasks.len() < IN_FLIGHT, "{} commands under way: the rate is not held", tasks.len());
        }
        while let Some(done) = tasks.join_next().await {
            receipts.push(done??);
        }
        let late = begin.elapsed().saturating_sub(length);
        ensure!(late < length / 20 + Duration::from_millis(100), "the rate was not held: {late:?} late");
        Ok(receipts)
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(mut provider) = self.provider {
            provider.kill9().await?;
        }
        self.writer.stop().await
    }
}

/// For each receipt the time until the read model had its position; nothing is negative.
fn lags(mut receipts: Vec<(i64, Instant)>, shown: &[(i64, Instant)]) -> anyhow::Result<Vec<Duration>> {
    receipts.sort_unstable_by_key(|(position, _)| *position);
    let mut shown = shown.iter().peekable();
    let mut lags = Vec::with_capacity(receipts.len());
    for (position, received) in receipts {
        while shown.next_if(|(reached, _)| *reached < position).is_some() {}
        let (_, visible) = shown.peek().with_context(|| format!("position {position} never became visible"))?;
        lags.push(visible.saturating_duration_since(received));
    }
    Ok(lags)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_receipt_waits_for_the_first_commit_that_covers_it() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let receipts = vec![(3, after(2)), (1, after(0)), (2, after(9))];
        let found = lags(receipts.clone(), &[(1, after(1)), (3, after(7))]).unwrap();
        assert_eq!(found, [1, 0, 5].map(Duration::from_millis));
        assert!(lags(receipts, &[(2, after(1))]).is_err());
    }
}
