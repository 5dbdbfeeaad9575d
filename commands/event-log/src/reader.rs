//! The consumer runtime: a named reader applies each event exactly once, in one transaction with what it writes.
//!
//! The checkpoint moves only where it is expected and only under the reader's own epoch, so a zombie or a twin fails
//! instead of applying twice. An event that cannot be applied parks its aggregate; the others move on.

mod pace;
mod session;
mod standing;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{Executor, PgConnection, PgPool};
use thiserror::Error;
use tokio::time::{Instant, Interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::pace::{CAREFUL, Pace};
use self::session::Session;
use self::standing::Standing;
use crate::lease::{self, Held, Owner};
use crate::source::Source;
use crate::{Freshness, LogError, Recorded, attempt, crash, parking, patience};

/// What a reader does with events. `apply` must not touch anything but the transaction it is given.
pub trait Reader: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Of the code, where what its rows mean may change. Rows of a newer build are left to that build.
    fn version(&self) -> i32 {
        1
    }

    /// Whether rows and checkpoint may be lost together in a crash of Postgres and applied again. Read models may;
    /// effects and the inbox may not.
    fn may_be_lost(&self) -> bool {
        false
    }

    /// Whether the event can mean anything to this reader. What means nothing is passed over without a transaction of
    /// its own: the checkpoint follows a moment later.
    fn concerns(&self, _event: &Recorded) -> bool {
        true
    }

    /// Applies events in order to the given generation of its rows.
    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>>;

    /// Called after the commit, for waking and for caches.
    fn applied(&self, _events: &[Arc<Recorded>]) {}
}

/// Why a batch was not applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// These events can never be applied as they are.
    #[error("{0}")]
    Poison(String),
}

impl From<LogError> for ApplyError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Database(error) => Self::Database(error),
            LogError::Codec { .. } | LogError::Hole { .. } => Self::Poison(error.to_string()),
        }
    }
}

/// What the database says of data it cannot take: cardinality, data exceptions, constraints, limits of size, and errors
/// raised by rules of ours.
const POISON: [&str; 5] = ["21", "22", "23", "54", "P0001"];

impl ApplyError {
    /// Trying again changes nothing, and it is this event's fault alone. A database that refuses for another reason (a
    /// missing grant or column, a damaged index) would refuse every event: the reader waits until that is mended.
    pub fn is_poison(&self) -> bool {
        match self {
            Self::Poison(_) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| POISON.iter().any(|class| code.starts_with(class)))
            }
            Self::Database(_) => false,
        }
    }

    /// For the operator.
    pub fn reason(&self) -> String {
        match self {
            Self::Poison(reason) => reason.clone(),
            Self::Database(sqlx::Error::Database(error)) => error.message().to_owned(),
            Self::Database(error) => error.to_string(),
        }
    }
}

/// A batch that takes longer than this is stuck, and the lease is no longer renewed: another may try.
const LONG: Duration = Duration::from_secs(6);
/// And one that takes this many times what a statement may, a minute, waits for an answer that never comes.
const GIVEN_UP: u32 = 6;

/// How a turn of the loop ended.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Over,
    /// The same, but for a poison event among those read: only the first few were applied, one by one.
    Careful,
    /// Somebody else has the lease, or a rebuild has swapped the rows.
    Lost,
}

/// Runs one reader until shutdown.
pub struct Runner {
    pub reader: Arc<dyn Reader>,
    pub pool: PgPool,
    pub source: Source,
    pub freshness: Freshness,
    pub owner: Owner,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("reader", &self.reader.name()).finish_non_exhaustive()
    }
}

impl Runner {
    pub async fn run(mut self, shutdown: CancellationToken) {
        let name = self.reader.name();
        let mut pace = Pace::new();
        while !shutdown.is_cancelled() {
            let outcome = tokio::select! {
                outcome = self.hold(&mut pace, &shutdown) => outcome,
                () = shutdown.cancelled() => break,
            };
            self.freshness.left(name);
            if let Err(error) = outcome {
                warn!(reader = name, %error, "the reader pauses");
                pause(&shutdown, Duration::from_millis(200)).await;
            }
        }
        let _ = patience::answer(&self.pool, lease::give_back(&self.pool, name, &self.owner)).await;
    }

    /// Takes the lease and reads on until it is lost.
    async fn hold(&mut self, pace: &mut Pace, shutdown: &CancellationToken) -> Result<(), ApplyError> {
        let name = self.reader.name();
        let taking = lease::acquire(&self.pool, name, &self.owner, self.reader.version());
        let Some(held) = patience::answer(&self.pool, taking).await? else {
            pause(shutdown, lease::RENEW).await;
            return Ok(());
        };
        info!(reader = name, position = held.position, epoch = held.epoch, "the reader starts");
        self.freshness.begins_at(name, held.position);
        let mut standing = Standing::new(held, Session::new(&self.pool));
        let mut renewal = lease::renewal();
        loop {
            let begun = Instant::now();
            let turn = self.renewing(&mut standing, &mut renewal, pace.limit()).await;
            pace.learn(&turn, begun.elapsed());
            if turn? == Turn::Lost {
                return Ok(());
            }
        }
    }

    /// One turn. Idle or in the middle of a long batch, the reader still says that it lives.
    async fn renewing(
        &mut self,
        standing: &mut Standing,
        renewal: &mut Interval,
        limit: usize,
    ) -> Result<Turn, ApplyError> {
        let (name, pool) = (self.reader.name(), self.pool.clone());
        // What stands in memory moves on during the turn, and so may what is stored.
        let (since, begun) = (standing.held, Instant::now());
        let mut turn = pin!(self.turn(standing, limit));
        let mut given_up = pin!(tokio::time::sleep(patience::of(&pool).saturating_mul(GIVEN_UP)));
        loop {
            tokio::select! {
                turn = &mut turn => return turn,
                _ = renewal.tick(), if begun.elapsed() < LONG => {
                    if !patience::answer(&pool, lease::renew(&pool, name, &since)).await? {
                        return Ok(Turn::Lost);
                    }
                }
                () = &mut given_up => return Err(patience::silent().into()),
            }
        }
    }

    async fn turn(&mut self, standing: &mut Standing, limit: usize) -> Result<Turn, ApplyError> {
        let events = self.source.next(standing.passed.until, limit, standing.passed.patience()).await?;
        let Some(last) = events.last().map(|event| event.position) else {
            return if standing.is_behind() { self.follow(standing).await } else { Ok(Turn::Over) };
        };
        if events.iter().any(|event| attempt::concerns(self.reader.as_ref(), event)) {
            return self.take(standing, &events).await;
        }
        standing.passed.on_to(last);
        if standing.passed.is_due() { self.follow(standing).await } else { Ok(Turn::Over) }
    }

    /// Moves the checkpoint over what was passed.
    async fn follow(&self, standing: &mut Standing) -> Result<Turn, ApplyError> {
        let until = standing.passed.until;
        if !self.move_on(&standing.held, until).await? {
            return Ok(Turn::Lost);
        }
        self.reached(standing, until);
        Ok(Turn::Over)
    }

    /// Applies a batch in one go, or the first of it event by event when one of them is poison.
    async fn take(&self, standing: &mut Standing, events: &[Arc<Recorded>]) -> Result<Turn, ApplyError> {
        let (applied, moved, turn) = match self.apply(standing, events).await {
            Ok(moved) => (events, moved, Turn::Over),
            Err(error) if error.is_poison() => {
                warn!(reader = self.reader.name(), %error, "a batch holds a poison event, applying one by one");
                standing.may_have_parked = true;
                let first = events.get(..CAREFUL).unwrap_or(events);
                (first, self.apply_one_by_one(standing, first).await?, Turn::Careful)
            }
            Err(error) => return Err(error),
        };
        let Some(last) = applied.last().filter(|_| moved) else { return Ok(Turn::Lost) };
        self.reached(standing, last.position);
        self.reader.applied(applied);
        Ok(turn)
    }

    fn reached(&self, standing: &mut Standing, position: i64) {
        standing.reached(position);
        self.freshness.reached(self.reader.name(), position);
        metrics::gauge!("reader_position", "reader" => self.reader.name()).set(position_metric(position));
    }

    /// One transaction: what the events mean, and the checkpoint. False when the epoch has moved on.
    async fn apply(&self, standing: &mut Standing, events: &[Arc<Recorded>]) -> Result<bool, ApplyError> {
        let (name, generation) = (self.reader.name(), standing.held.generation);
        let mut tx = standing.session.begin(self.begin()).await?;
        let parked = if standing.may_have_parked {
            parking::parked_in_tx(&mut tx, name, generation).await?
        } else {
            parking::Parked::new()
        };
        let (live, waiting) = parking::split(events, &parked);
        for event in &waiting {
            parking::park_in_tx(&mut tx, name, generation, event, "behind a parked event").await?;
        }
        if !live.is_empty() {
            attempt::apply(self.reader.as_ref(), &mut tx, generation, &live).await?;
        }
        let moved = self.finish(standing, tx, events).await?;
        // Only this reader, under this epoch, can park anything from here on.
        standing.may_have_parked = !parked.is_empty();
        Ok(moved)
    }

    async fn apply_one_by_one(&self, standing: &mut Standing, events: &[Arc<Recorded>]) -> Result<bool, ApplyError> {
        let (name, generation) = (self.reader.name(), standing.held.generation);
        let mut tx = standing.session.begin(self.begin()).await?;
        let mut parked = parking::parked_in_tx(&mut tx, name, generation).await?;
        for event in events {
            let key = (event.aggregate_type.clone(), event.aggregate_id.clone());
            if parked.contains(&key) {
                parking::park_in_tx(&mut tx, name, generation, event, "behind a parked event").await?;
                continue;
            }
            tx.execute("savepoint before_event").await?;
            match attempt::apply(self.reader.as_ref(), &mut tx, generation, std::slice::from_ref(event)).await {
                Ok(()) => {
                    tx.execute("release savepoint before_event").await?;
                }
                Err(poison) if poison.is_poison() => {
                    tx.execute("rollback to savepoint before_event").await?;
                    let reason = poison.reason();
                    error!(reader = name, position = event.position, %reason, "parked an event it cannot apply");
                    parking::park_in_tx(&mut tx, name, generation, event, &reason).await?;
                    parked.insert(key);
                }
                Err(error) => return Err(error),
            }
        }
        self.finish(standing, tx, events).await
    }

    /// Both statements in one round trip.
    fn begin(&self) -> &'static str {
        if self.reader.may_be_lost() { "begin; set local synchronous_commit = off" } else { "begin" }
    }

    /// The checkpoint alone. Lost in a crash of Postgres, it is passed over again: nothing was written with it.
    async fn move_on(&self, held: &Held, position: i64) -> Result<bool, sqlx::Error> {
        let moved = sqlx::query(
            "update readers set position = $4, lease_until = clock_timestamp() + $5 \
             from (select set_config('synchronous_commit', 'off', true)) unsynced \
             where name = $1 and position = $2 and epoch = $3",
        )
        .bind(self.reader.name())
        .bind(held.position)
        .bind(held.epoch)
        .bind(position)
        .bind(lease::LEASE)
        .execute(&self.pool)
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    async fn finish(
        &self,
        standing: &mut Standing,
        tx: PgConnection,
        events: &[Arc<Recorded>],
    ) -> Result<bool, ApplyError> {
        let (name, held) = (self.reader.name(), standing.held);
        let last = events.last().map_or(held.position, |event| event.position);
        crash::point("reader.before_commit");
        let moved = standing.session.commit(tx, (name, &held), last).await?;
        if moved {
            crash::point("reader.after_commit");
        } else {
            warn!(reader = name, "another has moved this reader on");
        }
        Ok(moved)
    }
}

async fn pause(shutdown: &CancellationToken, time: Duration) {
    tokio::select! { () = tokio::time::sleep(time) => {}, () = shutdown.cancelled() => {} }
}

/// Gauges are floats; positions stay exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a metric, not a position to work with")]
fn position_metric(position: i64) -> f64 {
    position as f64
}
