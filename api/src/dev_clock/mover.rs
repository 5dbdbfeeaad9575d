//! Moves the clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use commands::collection::{is_collection_due, next_timer};
use commands::{Bus, Clock};
use sqlx::{Connection, PgConnection, PgPool};
use thiserror::Error;
use tokio::time::Instant;

use super::quiet::Look;
use super::simulators::{Health, Simulators, Unfollowed};
use super::span::{Span, stops};
use crate::clock::{self, BusinessClock, Followers, Wakes};
use crate::due::{self, DueError};

/// Name of the lock of whoever moves the clock, in the database.
const TURN: i64 = 0x0063_6c6f_636b;
/// Pauses between two looks: short at first, since mostly little is to be done.
const LOOK_MIN: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(10);
/// How often those who sleep in other processes are woken while something is to be done.
const WAKE: Duration = Duration::from_millis(50);
/// A delivery that fails for this long is in its back-off.
const DELIVERY: Duration = Duration::from_secs(30);
/// One day may take this long in real time.
const DAY: Duration = Duration::from_secs(300);
/// Timers between two midnights at which the clock stops at most; what is due after them is done at the next stop.
const TIMERS_A_DAY: u32 = 400;
/// How often what is due is asked for again when the log is busy.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// Moves the business time of everything that shares this database.
#[derive(Debug, Clone)]
pub struct Mover {
    pub bus: Bus,
    pub clock: BusinessClock,
    pub followers: Followers,
    pub simulators: Simulators,
    pub wakes: Wakes,
}

/// Where everything stands after a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// Business time.
    pub now: DateTime<Utc>,
    /// The log's last position; every reader has applied it.
    pub position: i64,
}

/// Why the clock stopped on its way. It stays where it is.
#[derive(Debug, Error)]
pub enum Stuck {
    #[error("the clock moves ten years at a time at most")]
    TooFar,
    #[error(transparent)]
    Simulator(#[from] Unfollowed),
    #[error(transparent)]
    Due(#[from] DueError),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "the day of {now} does not end: {} readers are behind, {} webhooks and {} effects are open, \
         simulators have {} unfinished and {} undelivered",
        look.behind, look.arrived, look.busy, simulators.unfinished, simulators.undelivered_webhooks
    )]
    Unfinished { now: DateTime<Utc>, look: Look, simulators: Health },
}

impl Mover {
    /// Moves by that much. Whoever asks while another moves it waits and goes on from where that one ends.
    ///
    /// # Errors
    /// [`Stuck`].
    pub async fn advance(&self, span: Span) -> Result<Stands, Stuck> {
        let turn = Turn::take(&self.bus).await?;
        let moved = self.advance_alone(span).await;
        turn.end().await;
        moved
    }

    /// Where the clock stands, without waiting for anything.
    ///
    /// # Errors
    /// [`Stuck::Database`].
    pub async fn stands(&self) -> Result<Stands, Stuck> {
        Ok(Stands { now: self.clock.now(), position: Look::now(self.bus.pool()).await?.head })
    }

    async fn advance_alone(&self, span: Span) -> Result<Stands, Stuck> {
        self.clock.follow(clock::stored_offset(self.bus.pool()).await?);
        let from = self.clock.now();
        let until = span.after(from).ok_or(Stuck::TooFar)?;
        // What is going on belongs to today.
        self.live().await?;
        for stop in stops(from, until, self.bus.seller()) {
            self.pass_timers(stop).await?;
            self.move_to(stop).await?;
            self.live().await?;
        }
        self.stands().await
    }

    /// Stops at what is due before that, at its time.
    async fn pass_timers(&self, stop: DateTime<Utc>) -> Result<(), Stuck> {
        for _ in 0..TIMERS_A_DAY {
            let Some(timer) = next_timer(self.bus.pool(), self.clock.now(), stop).await? else { return Ok(()) };
            self.move_to(timer).await?;
            self.live().await?;
        }
        Ok(())
    }

    /// The simulators first: what they do at midnight is there when we look.
    async fn move_to(&self, moment: DateTime<Utc>) -> Result<(), Stuck> {
        self.simulators.move_to(moment).await?;
        let offset_micros = clock::offset_to(moment).max(self.clock.offset_micros());
        clock::store_offset(self.bus.pool(), offset_micros).await?;
        self.clock.follow(offset_micros);
        self.followers.announce().await;
        Ok(self.followers.wait_for(offset_micros).await?)
    }

    /// Does what is due, and waits for everything that follows from it; what is due because of that follows, too.
    async fn live(&self) -> Result<(), Stuck> {
        self.work_off().await?;
        if is_collection_due(self.bus.pool(), self.clock.now()).await? {
            self.work_off().await?;
        }
        Ok(())
    }

    async fn work_off(&self) -> Result<(), Stuck> {
        for tried in 1.. {
            match due::run(&self.bus, &self.wakes).await {
                Ok(()) => break,
                Err(error) if tried >= TRIES => return Err(error.into()),
                Err(_) => tokio::time::sleep(TRY_AGAIN).await,
            }
        }
        self.settle().await
    }

    async fn settle(&self) -> Result<(), Stuck> {
        let began = Instant::now();
        let (mut pause, mut woken) = (LOOK_MIN, began);
        loop {
            let look = Look::now(self.bus.pool()).await?;
            let simulators = self.simulators.health().await?;
            let delivered = simulators.undelivered_webhooks == 0 || began.elapsed() >= DELIVERY;
            // Between two equal looks nobody has called a simulator, so what that said holds for both.
            if look.is_quiet() && simulators.unfinished == 0 && delivered && look == Look::now(self.bus.pool()).await? {
                return Ok(());
            }
            if began.elapsed() >= DAY {
                return Err(Stuck::Unfinished { now: self.clock.now(), look, simulators });
            }
            if woken.elapsed() >= WAKE {
                woken = Instant::now();
                self.wakes.wake();
                self.followers.announce().await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_MAX);
        }
    }
}

/// The right to move the clock, held by a connection of its own: whoever dies gives it up.
struct Turn(PgConnection);

impl Turn {
    async fn take(bus: &Bus) -> Result<Self, sqlx::Error> {
        let mut connection = of_its_own(bus.pool()).await?;
        sqlx::query("select pg_advisory_lock($1)").bind(TURN).execute(&mut connection).await?;
        Ok(Self(connection))
    }

    async fn end(self) {
        // The lock goes with the connection, however that ends.
        let _ = self.0.close().await;
    }
}

async fn of_its_own(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    Ok(pool.acquire().await?.detach())
}
