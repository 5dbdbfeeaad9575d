//! Figures 11 and 12: reading over HTTP, beside the least that a server could do for the same.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use serde_json::Value;
use sqlx::{Connection as _, FromRow, PgConnection};
use tokio::time::Instant;

use super::bare::{self, Bare};
use super::cpu::Meter;
use super::ground::Ground;
use super::http::{CONNECTIONS, Roles, Served};
use super::http_client::Connection;
use super::load::{self, Run, Worker, median};
use super::plan::Plan;
use super::random::Random;
use super::report::{Limit, Report, Row};
use super::throughput::{middle, shown};
use crate::client::Client;

/// The catalogue has at least this many services once it is synced.
const SERVICES: usize = 10;
/// A tenth is opened at the provider within reasonable time, before anything is read.
const SHARE: usize = 10;
/// Between two looks that must see the same for the product to be at rest.
const LOOK: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_secs(300);

/// Number, what, its path on both sides, the other side, reach and goal.
type Figure = (&'static str, &'static str, &'static str, (f64, f64));

const ONE: Figure =
    ("11", "GET one account over HTTP, 64 connections", "bare axum + sqlx, one row by primary key: ", (0.7, 0.9));
const CATALOGUE: Figure = (
    "12",
    "GET the catalogue with the caller's prices over HTTP, 64 connections",
    "axum answering as many constant bytes: ",
    (0.5, 0.8),
);

/// What is asked for: targets, each with its token.
type Targets = Arc<Vec<(String, String)>>;

/// # Errors
/// When a server does not start, or anything but 200 is answered.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let plan = &Plan { accounts: plan.accounts / SHARE, ..plan.clone() };
    let served = Served::start("bench_reads", plan, ground, Roles::All).await?;
    let site = served.site();
    let tokens = served.callers();
    let client = Client::new(&site.api, &tokens[0].1)?;
    let synced = |body: &Value| body["data"].as_array().is_some_and(|services| services.len() >= SERVICES);
    let catalogue = client.wait_until("/v1/services", synced).await?.text;
    let accounts: Targets = Arc::new(served.accounts().map(|(id, token)| (account(id), token.to_owned())).collect());
    let (last, token) = accounts.last().context("no account")?;
    client.with_token(token).wait_until(last.trim_start_matches("GET "), |_| true).await?;
    at_rest(&served).await?;
    let priced = Arc::new(tokens.iter().map(|(_, token)| ("GET /v1/services".to_owned(), token.clone())).collect());
    let bare = Bare::start(&served.settings().databases.app, &catalogue, &ground.folder).await?;
    let plain = |path: &str| Arc::new(vec![(format!("GET {path}"), String::new())]);
    let rows: Targets =
        Arc::new(served.accounts().map(|(id, _)| (format!("GET {}/{id}", bare::ONE), String::new())).collect());

    let meter = Meter { product: Some(served.pid()), ..ground.meter()? };
    let product = served.settings().api_port;
    let sides = [
        (product, accounts, meter),
        (bare.port, rows, ground.meter()?),
        (product, priced, meter),
        (bare.port, plain(bare::CONSTANT), ground.meter()?),
    ];
    let mut runs: [Vec<Run>; 4] = Default::default();
    for number in 1..=plan.repetitions {
        println!("reads, repetition {number} of {}", plan.repetitions);
        for ((port, targets, meter), runs) in sides.iter().zip(&mut runs) {
            let callers = try_join_all((0..CONNECTIONS).map(|_| Caller::connect(*port, targets))).await?;
            let run = load::closed_loop(plan, meter, callers).await?;
            println!("  {:<44}{}", targets[0].0, shown(&run));
            runs.push(run);
        }
    }
    let [one, row_by_key, catalogue, constant] = runs;
    report.add(row(ONE, &one, &row_by_key));
    report.add(row(CATALOGUE, &catalogue, &constant));
    bare.stop().await?;
    served.stop().await
}

/// How far the log is, and what is still to be done because of it.
#[derive(Debug, PartialEq, FromRow)]
struct Work {
    head: i64,
    /// Readers that are not at the head.
    readers: i64,
    /// Effects that are not settled.
    effects: i64,
}

/// Waits until every account is open at the provider, too, and everything has been applied: what runs beside the reads
/// would be measured with them.
async fn at_rest(served: &Served) -> anyhow::Result<()> {
    let sql = "select h.position as head, (select count(*) from readers r where r.position < h.position) as readers, \
               (select count(*) from effects where state = 'due') as effects from log_head h";
    let mut log = PgConnection::connect(&served.settings().databases.app).await?;
    let deadline = Instant::now() + REST;
    let mut before = None;
    loop {
        let work: Work = sqlx::query_as(sql).fetch_one(&mut log).await?;
        if work.readers + work.effects == 0 && before.as_ref() == Some(&work) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the product does not come to rest: {work:?}");
        before = Some(work);
        tokio::time::sleep(LOOK).await;
    }
}

fn account(id: &str) -> String {
    format!("GET /v1/accounts/{id}")
}

fn row((number, what, beside, (reach, goal)): Figure, ours: &[Run], others: &[Run]) -> Row {
    Row {
        number: number.to_owned(),
        what: what.to_owned(),
        ours: shown(&middle(ours)),
        beside: format!("{beside}{}", shown(&middle(others))),
        value: median(ours.iter().zip(others).map(|(ours, other)| ours.rate / other.rate)),
        limit: Limit::AtLeast { reach, goal },
        bound: middle(ours).usage.bound(),
    }
}

struct Caller {
    connection: Connection,
    targets: Targets,
    random: Random,
}

impl Caller {
    async fn connect(port: u16, targets: &Targets) -> anyhow::Result<Self> {
        let connection = Connection::open(port).await?;
        Ok(Self { connection, targets: Arc::clone(targets), random: Random::default() })
    }
}

impl Worker for Caller {
    async fn step(&mut self) -> anyhow::Result<()> {
        let (target, token) = &self.targets[self.random.below(self.targets.len())];
        let reply = self.connection.get(target, token).await?;
        ensure!(reply.status == 200, "{target} answered {}", reply.status);
        Ok(())
    }
}
