//! The one business clock, and the only place that reads real time and makes ids.

mod follow;

pub use follow::{Followers, Wakes};

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use sqlx::{PgExecutor, PgPool};
use tokio::sync::watch;
use uuid::Uuid;

/// Real time: for tokens, webhook tolerance, leases and time-outs.
#[expect(clippy::disallowed_methods, reason = "the wiring owns the clock")]
pub fn real_now() -> DateTime<Utc> {
    Utc::now()
}

/// A fresh id, ordered by time.
#[expect(clippy::disallowed_methods, reason = "the wiring makes the ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Business time as real time plus an offset; the offset is 0 outside development. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct BusinessClock(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    offset_micros: AtomicI64,
    /// Tells those who sleep until a time of day that it has come sooner.
    moved: watch::Sender<i64>,
}

impl BusinessClock {
    /// Takes the offset of this database, which a development world set when it began.
    ///
    /// # Errors
    /// Any database error.
    pub async fn of_database(pool: &PgPool, start: Option<DateTime<Utc>>) -> Result<Self, sqlx::Error> {
        if let Some(start) = start {
            sqlx::query("insert into business_clock (offset_micros) values ($1) on conflict do nothing")
                .bind(offset_to(start))
                .execute(pool)
                .await?;
        }
        let clock = Self::default();
        clock.0.offset_micros.store(stored_offset(pool).await?, Ordering::Relaxed);
        Ok(clock)
    }

    /// Moves to that offset, and tells who waits for it. It never goes back: who reads an older one is late.
    pub fn follow(&self, offset_micros: i64) {
        if self.0.offset_micros.fetch_max(offset_micros, Ordering::Relaxed) < offset_micros {
            self.0.moved.send_replace(offset_micros);
        }
    }

    /// How far business time is ahead of real time.
    pub fn offset_micros(&self) -> i64 {
        self.0.offset_micros.load(Ordering::Relaxed)
    }

    /// Changes whenever the clock is moved.
    pub fn moved(&self) -> watch::Receiver<i64> {
        self.0.moved.subscribe()
    }
}

impl Clock for BusinessClock {
    fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::microseconds(self.offset_micros());
        // Microseconds are what the database keeps: what is answered now must equal what is read later.
        let now = real_now().checked_add_signed(offset).unwrap_or_else(real_now);
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

/// The offset under which it is `moment` now.
pub fn offset_to(moment: DateTime<Utc>) -> i64 {
    moment.timestamp_micros().saturating_sub(real_now().timestamp_micros())
}

/// Where the clock of this database stands; 0 where nobody ever moved it.
///
/// # Errors
/// Any database error.
pub async fn stored_offset<'e, E: PgExecutor<'e>>(executor: E) -> Result<i64, sqlx::Error> {
    let stored = sqlx::query_scalar("select offset_micros from business_clock").fetch_optional(executor).await?;
    Ok(stored.unwrap_or(0))
}

/// Sets the clock of this database. It never goes back.
///
/// # Errors
/// Any database error.
pub async fn store_offset<'e, E: PgExecutor<'e>>(executor: E, offset_micros: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into business_clock (offset_micros) values ($1) on conflict (one) do update \
         set offset_micros = greatest(business_clock.offset_micros, excluded.offset_micros)",
    )
    .bind(offset_micros)
    .execute(executor)
    .await?;
    Ok(())
}
