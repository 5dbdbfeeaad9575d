//! Following a run from outside: its stream says how far it is.

use std::time::Duration;

use commands::{Bus, billing};
use domain::billing_run::{BillingRun, BillingRunRules, BillingRunState, RunStatus};
use event_log::stream::{self, Versioned};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::presence;
use crate::roles::Role;

/// How often the run's stream is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// After so long without an event something is said.
const QUIET: Duration = Duration::from_secs(15);
/// Without them a run begins, but nothing comes of it.
const NEEDED: [Role; 2] = [Role::React, Role::Ccp];

/// How far a run was followed.
#[derive(Debug)]
pub struct Followed {
    pub run_id: Uuid,
    pub folded: Versioned<BillingRunState>,
    pub ended: Ended,
}

/// Why nobody follows it any longer.
#[derive(Debug)]
pub enum Ended {
    Completed,
    /// No process has these roles.
    NobodyWorks(Vec<&'static str>),
}

/// Until the run is completed, or nothing has come of it and nobody is there who could work on it.
///
/// # Errors
/// When the log cannot be read.
pub async fn follow(bus: &Bus, run_id: Uuid) -> anyhow::Result<Followed> {
    let (pool, id) = (bus.pool(), run_id.to_string());
    let mut folded = stream::load::<BillingRunRules, _>(pool, &id, Versioned::default()).await?;
    let bar = progress_bar(in_scope(bus, folded.state.known()).await?);
    let (mut moved, mut told) = (Instant::now(), false);
    let ended = loop {
        let before = folded.version;
        folded = stream::load::<BillingRunRules, _>(pool, &id, folded).await?;
        if folded.version > before {
            (moved, told) = (Instant::now(), false);
        }
        if folded.state.known().is_some_and(|run| shown(&bar, run) == RunStatus::Completed) {
            break Ended::Completed;
        }
        if moved.elapsed() > QUIET && !told {
            let absent = absent(pool).await?;
            if !absent.is_empty() {
                break Ended::NobodyWorks(absent);
            }
            say_that_nothing_moves(&bar);
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    };
    bar.finish_and_clear();
    Ok(Followed { run_id, folded, ended })
}

/// How many billed parties the run is for, as far as is known now.
async fn in_scope(bus: &Bus, run: Option<&BillingRun>) -> anyhow::Result<u64> {
    let Some(run) = run else { return Ok(0) };
    Ok(u64::try_from(billing::parties(bus, &run.started).await?.len())?)
}

/// Roles that no process has.
async fn absent(pool: &PgPool) -> Result<Vec<&'static str>, sqlx::Error> {
    let processes = presence::processes(pool).await?;
    let running = || processes.iter().filter(|process| process.running);
    let has = |role: &Role| running().any(|process| process.roles.iter().any(|name| name == role.name()));
    Ok(NEEDED.iter().filter(|role| !has(role)).map(|role| role.name()).collect())
}

/// On standard error, and only where that is a terminal.
fn progress_bar(parties: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} billed parties");
    ProgressBar::new(parties).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn shown(bar: &ProgressBar, run: &BillingRun) -> RunStatus {
    let done = u64::try_from(run.done.len()).unwrap_or(u64::MAX);
    bar.set_message(format!("{} {}", run.started.period, run.status.name()));
    // A party may have come since it began.
    bar.set_length(bar.length().unwrap_or(0).max(done));
    bar.set_position(done);
    run.status
}

fn say_that_nothing_moves(bar: &ProgressBar) {
    let told = format!(
        "nothing has happened for {} seconds: the provider may not have closed its bills yet, or cannot be reached; the \
         run goes on by itself, also without this command",
        QUIET.as_secs()
    );
    bar.suspend(|| eprintln!("{told}"));
}
