//! Billing runs: asking the provider for its bills, account by account, and having what they show billed.
//!
//! A run is worked on in steps of some seconds and in chunks of billed parties, each committed before the next. What the
//! provider does not answer is asked again; what it will never answer is parked, and the others go on.

mod ask;
mod chunk;
mod finish;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use commands::billing::{self, Party, StartBillingRun, waits};
use commands::effects::{Due, Performed};
use commands::{Rejection, index};
use domain::billing::Period;
use domain::billing_run::{BillingRun, BillingRunRules, BillingRunState, RunStatus, StartedRun};
use event_log::stream::Versioned;
use tokio::time::Instant;
use uuid::Uuid;

use crate::outcome::Failure;
use crate::perform::{self, Adapter, Answered, Step, done, log_away};

/// Work on one run until it gives way to others; with the longest call far below the lease of an effect.
const STEP: Duration = Duration::from_secs(12);
/// How soon it looks whether the indexes have what it needs.
const BEHIND: Duration = Duration::from_millis(100);
/// How soon a run looks whether there is room for it.
const CROWDED: Duration = Duration::from_millis(500);
/// How long a run that waits for the provider lies idle at most, unless the clock or the provider wakes it.
const IDLE: Duration = Duration::from_hours(1);
/// Accounts of a chunk.
const CHUNK_ACCOUNTS: usize = 50;
/// Subscriptions of a chunk: an append is to stay far below what the log takes at once.
const CHUNK_SUBSCRIPTIONS: usize = 1_000;

/// One step at a run.
struct Stepping<'a> {
    due: &'a Due,
    run: StartedRun,
    /// Of the run, at the beginning of the step.
    version: i64,
    /// Business time.
    now: DateTime<Utc>,
    until: Instant,
    /// Parties that could not be asked for in this step.
    skipped: BTreeSet<Uuid>,
    /// Why, the last time.
    failure: Option<Failure>,
}

impl Stepping<'_> {
    /// The provider has had time enough to close its bills.
    fn takes_what_is_there(&self) -> bool {
        self.now - self.run.started_at >= waits::wait_at_most()
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Adapter {
    /// The run of a month that has ended; its own start asks for everything else.
    pub(crate) async fn start_billing(&self, due: &Due, entity: &str, period: Period) -> Step {
        let start = StartBillingRun { entity: entity.to_owned(), period };
        self.answer(due, "start", &start).await.map_err(Answered::unforeseen)?;
        Ok(done("started"))
    }

    /// One step of a run, or all of it when it is short.
    pub(crate) async fn run_billing(&self, due: &Due, run_id: Uuid) -> Step {
        let pool = self.bus.pool();
        if waits::left_to_older(pool, due).await.map_err(log_away)? {
            return Ok(done("an earlier effect goes on with it"));
        }
        if waits::is_crowded_out(pool, due).await.map_err(log_away)? {
            return Ok(Performed::Wait { after: CROWDED, why: "other runs are being worked on".to_owned() });
        }
        if !index::has_caught_up(pool, due.position.unwrap_or_default()).await.map_err(log_away)? {
            return Ok(behind());
        }
        // From the log itself: another process may have retried what memory knows as completed.
        let loaded = self.load::<BillingRunRules>(run_id).await?;
        let Some(known) = loaded.state.known() else { return Ok(done("there is no such run")) };
        let mut stepping = Stepping {
            due,
            run: known.started.clone(),
            version: loaded.version,
            now: self.bus.now(),
            until: Instant::now() + STEP,
            skipped: BTreeSet::new(),
            failure: None,
        };
        drop(loaded);
        let parties = billing::parties(&self.bus, &stepping.run).await.map_err(ours)?;
        self.go_on(&mut stepping, &parties).await
    }

    async fn go_on(&self, stepping: &mut Stepping<'_>, parties: &[Party]) -> Step {
        loop {
            let loaded = self.billing_run(stepping).await?;
            let Some(run) = loaded.state.known().filter(|run| run.status != RunStatus::Completed) else {
                return Ok(done("completed"));
            };
            let resting = self.resting(stepping).await?;
            let chunk = chunk(parties.iter().filter(|party| {
                let id = &party.customer_id;
                billing::is_left(party, run) && !resting.contains(id) && !stepping.skipped.contains(id)
            }));
            if chunk.is_empty() || (stepping.failure.is_some() && self.client.is_away()) {
                return self.nobody_left(stepping, run, resting.is_empty()).await;
            }
            let version = loaded.version;
            drop(loaded);
            if stepping.is_over() || !self.bill_chunk(stepping, &chunk, version).await? {
                return Ok(Performed::poll(Duration::ZERO));
            }
        }
    }

    /// Parties that wait for the provider to close their bills.
    async fn resting(&self, stepping: &Stepping<'_>) -> Result<BTreeSet<Uuid>, Performed> {
        if stepping.takes_what_is_there() {
            return Ok(BTreeSet::new());
        }
        waits::resting(self.bus.pool(), stepping.run.run_id, stepping.now).await.map_err(log_away)
    }

    async fn nobody_left(&self, stepping: &Stepping<'_>, run: &BillingRun, nobody_rests: bool) -> Step {
        if let Some(failure) = &stepping.failure {
            return Ok(perform::not_reached(stepping.due, failure));
        }
        if nobody_rests {
            return self.finish_run(stepping, run).await;
        }
        waits::forget_old(self.bus.pool(), run.started.run_id, stepping.now).await.map_err(log_away)?;
        Ok(Performed::Wait { after: IDLE, why: "the provider has not closed all bills of the month".to_owned() })
    }

    /// From memory, unless that is older than what this step has seen.
    async fn billing_run(&self, stepping: &Stepping<'_>) -> Result<Arc<Versioned<BillingRunState>>, Performed> {
        let run_id = stepping.run.run_id;
        let known = self.bus.state::<BillingRunRules>(run_id).await.map_err(|_| Performed::log_away())?;
        if known.version >= stepping.version { Ok(known) } else { self.load::<BillingRunRules>(run_id).await }
    }
}

/// The next parties, at least one.
fn chunk<'a>(parties: impl Iterator<Item = &'a Party>) -> Vec<Party> {
    let (mut chunk, mut accounts, mut subscriptions) = (Vec::new(), 0, 0);
    for party in parties {
        accounts += party.accounts.len();
        subscriptions += party.size();
        if !chunk.is_empty() && (accounts > CHUNK_ACCOUNTS || subscriptions > CHUNK_SUBSCRIPTIONS) {
            break;
        }
        chunk.push(party.clone());
    }
    chunk
}

fn behind() -> Performed {
    Performed::Wait { after: BEHIND, why: "the indexes are behind".to_owned() }
}

/// A look of our own that failed.
fn ours(rejection: Rejection) -> Performed {
    if rejection.passes() { Performed::log_away() } else { Performed::Dead { reason: rejection.to_string() } }
}
