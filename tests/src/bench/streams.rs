//! Figure 9: whether a command takes longer because its stream is long.
//!
//! One in flight, in turns: changes of one account with ten thousand events, and of a thousand accounts with about ten.
//! Both are measured as a running process has them, and after a restart, when the first command has to read the stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};

use super::bus::Writer;
use super::cpu::{Meter, Usage};
use super::fleet::{self, Fleet, Owned};
use super::ground::Ground;
use super::load::{self, Run, Worker, median};
use super::plan::Plan;
use super::random::Random;
use super::report::{Limit, Report, Row};

const LONG: usize = 10_000;
const SHORT: usize = 10;
/// Short streams, so that none of them grows long while it is measured.
const SHORT_STREAMS: usize = 1_000;
const AT_ONCE: usize = 256;

struct Prepared {
    writer: Writer,
    long: Vec<Owned>,
    short: Vec<Owned>,
}

/// Changes accounts in turns.
struct Caller {
    bus: commands::Bus,
    accounts: Arc<Vec<Owned>>,
    next: usize,
    random: Random,
}

impl Worker for Caller {
    async fn step(&mut self) -> anyhow::Result<()> {
        self.next += 1;
        let account = self.accounts[self.next % self.accounts.len()];
        fleet::change(&self.bus, account, &mut self.random).await.map(|_| ())
    }
}

/// # Errors
/// When a command is rejected.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let urls = ground.migrated("bench_streams").await?;
    let prepared = Prepared::new(Writer::start(&urls.app).await?).await?;
    let meter = ground.meter()?;
    let (mut long, mut short) = (Vec::new(), Vec::new());
    for number in 1..=plan.repetitions {
        println!("streams, repetition {number} of {}", plan.repetitions);
        for (accounts, runs) in [(&prepared.short, &mut short), (&prepared.long, &mut long)] {
            ground.checkpoint().await?;
            let run = prepared.run(plan, &meter, accounts).await?;
            println!("  {} streams: p50 {:.3} ms", accounts.len(), run.p50_ms);
            runs.push(run);
        }
    }
    report.add(row(&long, &short));
    let (cold_long, cold_short) = prepared.restarted(&urls.app).await?;
    report.note(format!(
        "The first command after a restart, which reads its stream: {:.1} ms with {LONG} events, {:.1} ms with {SHORT}.",
        ms(cold_long),
        ms(cold_short)
    ));
    Ok(())
}

impl Prepared {
    async fn new(writer: Writer) -> anyhow::Result<Self> {
        let fleet = Fleet::register(&writer.bus, SHORT_STREAMS + 1).await?;
        let (long, short) = fleet.accounts.split_at(1);
        let (long, short) = (long.to_vec(), short.to_vec());
        let changes = short.iter().flat_map(|account| std::iter::repeat_n(*account, SHORT - 1));
        let all = changes.chain(std::iter::repeat_n(long[0], LONG - 1));
        futures::stream::iter(all)
            .map(|account| {
                let bus = writer.bus.clone();
                async move { fleet::change(&bus, account, &mut Random::default()).await }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(Self { writer, long, short })
    }

    async fn run(&self, plan: &Plan, meter: &Meter, accounts: &[Owned]) -> anyhow::Result<Run> {
        let accounts = Arc::new(accounts.to_vec());
        let caller = Caller { bus: self.writer.bus.clone(), accounts, next: 0, random: Random::default() };
        load::closed_loop(plan, meter, vec![caller]).await
    }

    /// The first command on the long stream and on a short one, in a process that knows neither.
    async fn restarted(self, url: &str) -> anyhow::Result<(Duration, Duration)> {
        self.writer.stop().await?;
        let writer = Writer::start(url).await?;
        // Connections and plans are made for neither.
        for account in &self.short[1..=20] {
            fleet::change(&writer.bus, *account, &mut Random::default()).await?;
        }
        let mut times = [Duration::ZERO; 2];
        for (account, time) in [self.long[0], self.short[0]].into_iter().zip(&mut times) {
            let started = Instant::now();
            fleet::change(&writer.bus, account, &mut Random::default()).await?;
            *time = started.elapsed();
        }
        writer.stop().await?;
        Ok((times[0], times[1]))
    }
}

fn row(long: &[Run], short: &[Run]) -> Row {
    let p50 = |runs: &[Run]| median(runs.iter().map(|run| run.p50_ms));
    Row {
        number: "9".to_owned(),
        what: format!("command on a stream of {LONG} events, 1 in flight"),
        ours: format!("p50 {:.3} ms", p50(long)),
        beside: format!("on streams of {SHORT} events: p50 {:.3} ms", p50(short)),
        value: median(long.iter().zip(short).map(|(long, short)| long.p50_ms / short.p50_ms)),
        limit: Limit::AtMostTimes { reach: 1.5, goal: 1.1 },
        bound: long.first().map_or(Usage::default(), |run| run.usage).bound(),
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
