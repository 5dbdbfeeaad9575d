//! Watches the product's database sessions for transactions that wait for something outside.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::Finding;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(25);
/// A look that came later than this says more about this machine than about the product.
const LATE: Duration = Duration::from_millis(60);
/// How long it waits for a database that is away.
const AWAY: Duration = Duration::from_millis(100);

/// Idle sessions while others of the product go on: when all stand still it is the machine, or the product as a whole,
/// that waits, and no transaction for anything outside.
const QUERY: &str = "with ours as (select pid, state, state_change, query from pg_stat_activity \
    where usename = 'cloudsales_app' and datname = current_database()) \
    select pid, (extract(epoch from clock_timestamp() - state_change) * 1000)::bigint, \
    extract(epoch from state_change)::text, left(query, 80) from ours o where state like 'idle in transaction%' \
    and clock_timestamp() - state_change > $1 \
    and (select count(*) from ours other where other.state_change > o.state_change + $1 / 2) >= 2";

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub struct Idle(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    looks: usize,
    /// Seen once: a session and since when it has been idle.
    suspects: HashSet<(i32, String)>,
    found: Vec<String>,
}

impl Idle {
    /// The invariant's finding.
    pub fn finding(&self) -> Finding {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = "no transaction waits for anything outside";
        Finding::new(22, claim, seen.looks, seen.found.clone())
    }

    fn note(&self, rows: Vec<(i32, i64, String, String)>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.looks += 1;
        let before = std::mem::take(&mut seen.suspects);
        for (pid, idle_ms, since, query) in rows {
            // Twice the same idleness, by a watcher that was on time both times.
            if before.contains(&(pid, since.clone())) {
                let text = format!("a session was idle in a transaction for {idle_ms} ms after {query}");
                if !seen.found.iter().any(|found| found.ends_with(&query)) {
                    seen.found.push(text);
                }
            }
            seen.suspects.insert((pid, since));
        }
    }
}

/// A running watch. Dropping it ends it.
#[derive(Debug)]
pub struct Sampler {
    pub idle: Idle,
    task: JoinHandle<()>,
}

impl Sampler {
    /// Watches the database of that superuser's address, through its outages, for transactions that are idle for
    /// longer than `limit`: 100 ms on a machine that has nothing else to do.
    pub fn start(database_url: &str, limit: Duration) -> Self {
        let (idle, url) = (Idle::default(), database_url.to_owned());
        let task = tokio::spawn(watch(url, limit, idle.clone()));
        Self { idle, task }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(url: String, limit: Duration, idle: Idle) {
    loop {
        if let Ok(connection) = PgConnection::connect(&url).await {
            while_connected(connection, limit, &idle).await;
        }
        tokio::time::sleep(AWAY).await;
    }
}

async fn while_connected(mut connection: PgConnection, limit: Duration, idle: &Idle) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        tick.tick().await;
        let Ok(rows) = sqlx::query_as(QUERY).bind(limit).fetch_all(&mut connection).await else { return };
        let on_time = last.elapsed() < LATE;
        last = Instant::now();
        idle.note(if on_time { rows } else { Vec::new() });
    }
}
