//! Figures 1 to 5 and 14: commands per second, and the memory of the process that takes them; all kinds of runs
//! alternate within each repetition.

use std::collections::BTreeMap;

use anyhow::Context;
use tokio::runtime::Handle;

use super::bus::Prepared;
use super::cpu::Meter;
use super::ground::Ground;
use super::http::{Roles, Served};
use super::load::{Run, median};
use super::peer::Peer;
use super::pgbench::Pgbench;
use super::plan::Plan;
use super::report::{Limit, Report, Row};

/// Clients of pgbench, commands in flight of the peer: the better of the two is what we are compared with.
const BEST_OF: [usize; 2] = [16, 64];

/// Who is measured, and with how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Pgbench(usize),
    Bus(usize),
    Peer(usize),
    HttpAll,
    HttpOnly,
}

impl Kind {
    fn name(self) -> String {
        match self {
            Self::Pgbench(clients) => format!("pgbench, {clients} clients"),
            Self::Bus(in_flight) => format!("bus, {in_flight} in flight"),
            Self::Peer(in_flight) => format!("cqrs-es, {in_flight} in flight"),
            Self::HttpAll => "HTTP, all roles".to_owned(),
            Self::HttpOnly => "HTTP, role http".to_owned(),
        }
    }
}

type Repetition = BTreeMap<Kind, Run>;

/// What takes part, made once.
struct Contestants {
    /// Threads like those of a served product: of the bus, and of the peer it is compared with.
    pinned: Handle,
    pgbench: Pgbench,
    bus: Option<Prepared>,
    peer: Option<Peer>,
    http_all: Option<Served>,
    http_only: Option<Served>,
}

/// Measures those of the figures the plan names.
///
/// # Errors
/// When a run fails or did not do what it counted.
pub async fn measure(plan: &Plan, ground: &Ground, pinned: &Handle, report: &mut Report) -> anyhow::Result<()> {
    let kinds = kinds(plan);
    let meter = ground.meter()?;
    let mut contestants = Contestants::prepare(plan, ground, pinned).await?;
    let mut repetitions = Vec::new();
    for number in 1..=plan.repetitions {
        println!("commands, repetition {number} of {}", plan.repetitions);
        let mut repetition = Repetition::new();
        for kind in &kinds {
            ground.make_ready().await?;
            let run = contestants.run(plan, &meter, *kind).await.with_context(|| kind.name())?;
            println!("  {:<26}{}", kind.name(), shown(&run));
            repetition.insert(*kind, run);
        }
        repetitions.push(repetition);
    }
    rows(plan, &repetitions, report);
    contestants.finish(plan, report, &repetitions).await
}

fn kinds(plan: &Plan) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut add = |wanted: bool, more: &[Kind]| kinds.extend(more.iter().filter(|_| wanted));
    add(plan.wants(4), &[Kind::Pgbench(1), Kind::Bus(1)]);
    add(plan.wants_any(&[1, 2, 5]), &BEST_OF.map(Kind::Pgbench));
    // What is compared stands close together: the host has better and worse minutes.
    add(plan.wants(5), &[Kind::HttpOnly]);
    add(plan.wants_any(&[1, 3]), &[Kind::Bus(64)]);
    add(plan.wants(2), &[Kind::Bus(256)]);
    add(plan.wants_any(&[5, 14]), &[Kind::HttpAll]);
    add(plan.wants(3), &BEST_OF.map(Kind::Peer));
    kinds
}

impl Contestants {
    async fn prepare(plan: &Plan, ground: &Ground, pinned: &Handle) -> anyhow::Result<Self> {
        let http_all = served(plan.wants_any(&[5, 14]), plan, ground, Roles::All).await?;
        let http_only = served(plan.wants(5), plan, ground, Roles::Http).await?;
        let bus = if plan.wants_any(&[1, 2, 3, 4]) { Some(on(pinned, Prepared::new(plan, ground))?) } else { None };
        let peer = if plan.wants(3) { Some(on(pinned, Peer::new(plan, ground))?) } else { None };
        let pgbench = Pgbench::new(plan, ground).await?;
        Ok(Self { pinned: pinned.clone(), pgbench, bus, peer, http_all, http_only })
    }

    async fn run(&mut self, plan: &Plan, meter: &Meter, kind: Kind) -> anyhow::Result<Run> {
        match kind {
            Kind::Pgbench(clients) => self.pgbench.run(plan, meter, clients).await,
            Kind::Bus(in_flight) => on(&self.pinned, self.bus.as_ref().context("no bus")?.run(plan, meter, in_flight)),
            Kind::Peer(in_flight) => {
                on(&self.pinned, self.peer.as_ref().context("no peer")?.run(plan, meter, in_flight))
            }
            Kind::HttpAll => run_served(self.http_all.as_mut().context("no product")?, plan, meter).await,
            Kind::HttpOnly => run_served(self.http_only.as_mut().context("no product")?, plan, meter).await,
        }
    }

    /// Notes what else was learned, and ends everything.
    async fn finish(self, plan: &Plan, report: &mut Report, repetitions: &[Repetition]) -> anyhow::Result<()> {
        if let Some(bus) = self.bus {
            let (payload, metadata) = bus.sizes().await?;
            report.note(format!("An event through the bus: {payload} bytes of payload, {metadata} of metadata."));
            bus.stop().await?;
        }
        if let Some(peer) = self.peer {
            peer.stop().await;
        }
        if let Some(only) = self.http_only {
            report.note(all_roles(repetitions));
            only.stop().await?;
        }
        let Some(all) = self.http_all else { return Ok(()) };
        if plan.wants(14) {
            let (idle, highest) = (all.idle_mb, all.highest_mb()?);
            report.add(memory("14a", "idle", idle, Limit::AtMostMb { reach: 80.0, goal: 40.0 }));
            let under_load = Limit::AtMostMb { reach: 300.0, goal: 150.0 };
            report.add(memory("14b", "at its highest under load", highest, under_load));
        }
        all.stop().await
    }
}

/// Does the work with those threads: whatever it spawns, and its connections, are theirs.
fn on<T>(threads: &Handle, work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| threads.block_on(work))
}

fn all_roles(repetitions: &[Repetition]) -> String {
    let ratio = median(repetitions.iter().map(|r| rate(r, Kind::HttpAll) / best(r, Kind::Pgbench).rate));
    let rate = median(repetitions.iter().map(|r| rate(r, Kind::HttpAll)));
    format!(
        "Figure 5 is of a process with the role http, as pgbench's is of inserts alone. With all roles in one process \
         (relay, read models, processes, provider) and with the provider's simulator, on the same two cores: {rate:.0}/s, \
         {ratio:.2} × pgbench; each fifth command then opens an account at the provider, too."
    )
}

/// Of the process with all roles, and of the runs of commands over HTTP.
fn memory(number: &str, when: &str, value: f64, limit: Limit) -> Row {
    Row {
        number: number.to_owned(),
        what: format!("memory of the served process, all roles, {when}"),
        ours: format!("{value:.0} MB"),
        beside: "–".to_owned(),
        value,
        limit,
        bound: "Resident memory, as the system counts it; not divided further.".to_owned(),
    }
}

/// A product with its accounts, held still until its turn.
async fn served(wanted: bool, plan: &Plan, ground: &Ground, roles: Roles) -> anyhow::Result<Option<Served>> {
    if !wanted {
        return Ok(None);
    }
    let name = if roles == Roles::All { "bench_http_all" } else { "bench_http_only" };
    let mut served = Served::start(name, plan, ground, roles).await?;
    served.pause().await?;
    Ok(Some(served))
}

async fn run_served(served: &mut Served, plan: &Plan, meter: &Meter) -> anyhow::Result<Run> {
    served.resume()?;
    let run = served.run(plan, meter).await;
    served.pause().await?;
    run
}

fn rows(plan: &Plan, repetitions: &[Repetition], report: &mut Report) {
    let one = |repetition: &Repetition| repetition.get(&Kind::Pgbench(1)).cloned().unwrap_or_default();
    let plain = |repetition: &Repetition| best(repetition, Kind::Pgbench);
    let peer = |repetition: &Repetition| best(repetition, Kind::Peer);
    let comparisons: [Comparison<'_>; 5] = [
        (1, "commands/s through the bus, 64 in flight", Kind::Bus(64), &plain, (1.6, 3.0)),
        (2, "commands/s through the bus, 256 in flight", Kind::Bus(256), &plain, (2.0, 5.0)),
        (3, "commands/s through the bus, 64 in flight", Kind::Bus(64), &peer, (4.0, 10.0)),
        (4, "commands/s through the bus, 1 in flight", Kind::Bus(1), &one, (0.5, 0.8)),
        (5, "commands/s over HTTP, 64 connections", Kind::HttpOnly, &plain, (1.0, 2.0)),
    ];
    for comparison in comparisons {
        if plan.wants(comparison.0) {
            report.add(row(repetitions, &comparison));
        }
    }
}

/// Number, what, ours, the other side of a repetition, reach and goal.
type Comparison<'a> = (u8, &'a str, Kind, &'a dyn Fn(&Repetition) -> Run, (f64, f64));

fn row(repetitions: &[Repetition], comparison: &Comparison<'_>) -> Row {
    let (number, what, kind, other, (reach, goal)) = comparison;
    let mine: Vec<Run> = repetitions.iter().filter_map(|repetition| repetition.get(kind).cloned()).collect();
    let others: Vec<Run> = repetitions.iter().map(other).collect();
    let beside = match number {
        3 => "cqrs-es + postgres-es, better of 16 and 64 in flight: ",
        4 => "pgbench, 1 client: ",
        _ => "pgbench, one row per transaction, better of 16 and 64 clients: ",
    };
    Row {
        number: number.to_string(),
        what: (*what).to_owned(),
        ours: shown(&middle(&mine)),
        beside: format!("{beside}{}", shown(&middle(&others))),
        value: median(mine.iter().zip(&others).map(|(mine, other)| mine.rate / other.rate)),
        limit: Limit::AtLeast { reach: *reach, goal: *goal },
        bound: middle(&mine).usage.bound(),
    }
}

/// The better of the two.
fn best(repetition: &Repetition, kind: fn(usize) -> Kind) -> Run {
    let runs = BEST_OF.iter().filter_map(|n| repetition.get(&kind(*n)));
    runs.max_by(|a, b| a.rate.total_cmp(&b.rate)).cloned().unwrap_or_default()
}

fn rate(repetition: &Repetition, kind: Kind) -> f64 {
    repetition.get(&kind).map_or(0.0, |run| run.rate)
}

/// The run with the median rate.
pub fn middle(runs: &[Run]) -> Run {
    let mut runs = runs.to_vec();
    runs.sort_unstable_by(|a, b| a.rate.total_cmp(&b.rate));
    runs.get(runs.len() / 2).cloned().unwrap_or_default()
}

pub fn shown(run: &Run) -> String {
    match run.p99_ms {
        Some(p99) => format!("{:.0}/s, p50 {:.2} ms, p99 {p99:.2} ms", run.rate, run.p50_ms),
        None => format!("{:.0}/s, mean {:.2} ms", run.rate, run.p50_ms),
    }
}
