//! The one business clock, and the only place that reads real time and makes ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use sqlx::PgPool;
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

/// Business time as real time plus an offset; the offset is 0 outside development.
#[derive(Debug, Clone, Default)]
pub struct BusinessClock {
    offset_seconds: Arc<AtomicI64>,
}

impl BusinessClock {
    /// Takes the offset of this database, which a development world set when it began.
    ///
    /// # Errors
    /// Any database error.
    pub async fn of_database(pool: &PgPool, start: Option<DateTime<Utc>>) -> Result<Self, sqlx::Error> {
        if let Some(start) = start {
            let offset = (start - real_now()).num_seconds();
            sqlx::query("insert into business_clock (offset_seconds) values ($1) on conflict do nothing")
                .bind(offset)
                .execute(pool)
                .await?;
        }
        let offset: Option<i64> =
            sqlx::query_scalar("select offset_seconds from business_clock").fetch_optional(pool).await?;
        Ok(Self { offset_seconds: Arc::new(AtomicI64::new(offset.unwrap_or(0))) })
    }
}

impl Clock for BusinessClock {
    fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::seconds(self.offset_seconds.load(Ordering::Relaxed));
        // Microseconds are what the database keeps: what is answered now must equal what is read later.
        let now = real_now().checked_add_signed(offset).unwrap_or_else(real_now);
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}
