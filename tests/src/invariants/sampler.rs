//! Watches the product's database sessions for transactions that wait for something outside.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::Finding;
use crate::host::stolen_of_cores;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(25);
/// A look that came later than this says more about this machine than about the product.
const LATE: Duration = Duration::from_millis(60);
/// How long it waits for a database that is away.
const AWAY: Duration = Duration::from_millis(100);
/// What the host took of a core is told after it has given the core back.
const TOLD_AFTER: Duration = Duration::from_millis(100);

/// Idle sessions while others of the product go on: when all stand still it is the machine, or the product as a whole,
/// that waits, and no transaction for anything outside.
const QUERY: &str = "with ours as (select pid, state, state_change, query from pg_stat_activity \
    where usename = 'cloudsales_app' and datname = current_database()) \
    select pid, (extract(epoch from clock_timestamp() - state_change) * 1000)::bigint, \
    extract(epoch from state_change)::text, left(query, 80) from ours o where state like 'idle in transaction%' \
    and clock_timestamp() - state_change > $1 \
    and (select count(*) from ours other where other.state_change > o.state_change + $1 / 2) >= 2";

/// What was seen so far.
#[derive(Debug, Clone)]
pub struct Idle {
    limit: Duration,
    seen: Arc<Mutex<Seen>>,
}

/// A session, and since when it has been idle.
type Session = (i32, String);

#[derive(Debug, Default)]
struct Seen {
    /// When it looked, and what the host had taken of each core by then.
    looks: Vec<(Instant, Vec<Duration>)>,
    /// Seen idle at the last look.
    suspects: HashSet<Session>,
    found: Vec<Idleness>,
}

/// Seen twice or more, by a watcher that was on time.
#[derive(Debug)]
struct Idleness {
    session: Session,
    began: Instant,
    last: Instant,
    query: String,
}

impl Idle {
    fn new(limit: Duration) -> Self {
        Self { limit, seen: Arc::default() }
    }

    /// The invariant's finding.
    pub fn finding(&self) -> Finding {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = "no transaction waits for anything outside";
        Finding::new(22, claim, seen.looks.len(), seen.violations(self.limit))
    }

    fn note(&self, now: Instant, stolen: Vec<Duration>, rows: Vec<(i32, i64, String, String)>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.looks.push((now, stolen));
        let before = std::mem::take(&mut seen.suspects);
        for (pid, idle_ms, since, query) in rows {
            let (session, idle) = ((pid, since), Duration::from_millis(idle_ms.unsigned_abs()));
            if before.contains(&session) {
                seen.idle(session.clone(), now.checked_sub(idle).unwrap_or(now), now, query);
            }
            seen.suspects.insert(session);
        }
    }
}

impl Seen {
    fn idle(&mut self, session: Session, began: Instant, last: Instant, query: String) {
        match self.found.iter_mut().find(|found| found.session == session) {
            Some(found) => found.last = last,
            None => self.found.push(Idleness { session, began, last, query }),
        }
    }

    /// One of each query. Time that the host gave to others is no waiting of ours: a thread of the product or a session
    /// of Postgres stands still with the core it runs on, while others go on.
    fn violations(&self, limit: Duration) -> Vec<String> {
        let mut named = HashSet::new();
        let violation = |found: &Idleness| {
            let (idle, stolen) = (found.last - found.began, self.stolen(found.began, found.last + TOLD_AFTER));
            let waited = idle.saturating_sub(stolen) > limit && named.insert(found.query.clone());
            let (idle, stolen) = (idle.as_millis(), stolen.as_millis());
            let query = &found.query;
            waited.then(|| format!("a session was idle in a transaction for {idle} ms ({stolen} stolen) after {query}"))
        };
        self.found.iter().filter_map(violation).collect()
    }

    /// What the host took of the core it took most of, between the last look before and the first one after.
    fn stolen(&self, from: Instant, to: Instant) -> Duration {
        let before = self.looks.iter().rev().find(|(at, _)| *at <= from).or(self.looks.first());
        let after = self.looks.iter().find(|(at, _)| *at >= to).or(self.looks.last());
        let (Some((_, before)), Some((_, after))) = (before, after) else { return Duration::ZERO };
        let taken = after.iter().zip(before).map(|(after, before)| after.saturating_sub(*before));
        taken.max().unwrap_or_default()
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
        let (idle, url) = (Idle::new(limit), database_url.to_owned());
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
        idle.note(last, stolen_of_cores(), if on_time { rows } else { Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Looks every 25 ms; a session is idle from 50 to 600 ms, and `stolen` says what the host had taken of
    /// one core of two by when.
    fn seen(stolen: impl Fn(u64) -> Duration) -> Vec<String> {
        let (idle, begin) = (Idle::new(LIMIT), Instant::now());
        for at in (0..1_000_u64).step_by(25) {
            let since = at.saturating_sub(50);
            let row = (1, i64::try_from(since).unwrap_or_default(), "then".to_owned(), "select 1".to_owned());
            let rows = if since > 100 && at <= 600 { vec![row] } else { Vec::new() };
            idle.note(begin + ms(at), vec![ms(30), stolen(at)], rows);
        }
        idle.finding().violations
    }

    #[test]
    fn a_transaction_that_waits_is_found_once() {
        assert_eq!(seen(|_| ms(0)), ["a session was idle in a transaction for 550 ms (0 stolen) after select 1"]);
    }

    #[test]
    fn what_the_host_took_is_not_waited_for_also_when_it_is_told_late() {
        assert!(seen(|at| if at > 625 { ms(500) } else { ms(0) }).is_empty());
        assert!(seen(|at| ms(at.clamp(50, 550))).is_empty());
    }

    #[test]
    fn what_the_host_took_earlier_or_too_little_of_it_excuses_nothing() {
        assert_eq!(seen(|at| ms(at.min(25) * 40)).len(), 1);
        assert_eq!(seen(|at| if at > 300 { ms(400) } else { ms(0) }).len(), 1);
    }
}
