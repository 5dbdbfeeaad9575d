//! Whether anything is still going on: readers, inbox, effects, as one look into the database.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};

/// Work that an open breaker or its back-off has held for this many seconds no longer holds the clock.
const HELD_SECONDS: f64 = 30.0;

/// What one look saw. Two equal quiet looks with quiet simulators between them mean that nothing happens any more.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Look {
    /// The log's last position.
    pub head: i64,
    /// Readers that have not applied all of it.
    pub behind: i64,
    /// Webhooks not yet applied.
    pub arrived: i64,
    /// Effects due, under way, or put off not long ago.
    pub busy: i64,
    /// When the newest effect was asked for.
    newest: Option<DateTime<Utc>>,
}

impl Look {
    /// # Errors
    /// Any database error.
    pub async fn now(pool: &PgPool) -> Result<Self, sqlx::Error> {
        // A billing run that waits for the provider's bills waits for the clock itself, and so does the next question to a
        // gateway.
        // What waits for one and the same reason waits as long as the first of it; a poll is nobody's fault and counts
        // for itself. Readers without a lease belong to nobody who is there.
        sqlx::query_as(
            "with open as ( \
                select due_at, lease_until, min(created_at) over (partition by \
                    case when outcome is null or outcome = 'not over yet' then op_id::text else outcome end) as since \
                from effects f where state = 'due' and not (kind = 'run_billing' and due_at > clock_timestamp() \
                    and exists (select from billing_waits w where w.run_id::text = f.subject)) \
                    and not (due_at > clock_timestamp() and lease_until is null \
                    and exists (select from payment_asks a where a.op_id = f.op_id))) \
             select h.position as head, \
                (select count(*) from readers r where r.position < h.position \
                    and r.lease_until > clock_timestamp()) as behind, \
                (select count(*) from inbox where state = 'new') as arrived, \
                (select count(*) from open where due_at <= clock_timestamp() or lease_until > clock_timestamp() \
                    or since > clock_timestamp() - make_interval(secs => $1)) as busy, \
                (select max(created_at) from effects) as newest \
             from log_head h",
        )
        .bind(HELD_SECONDS)
        .fetch_one(pool)
        .await
    }

    pub const fn is_quiet(&self) -> bool {
        self.behind == 0 && self.arrived == 0 && self.busy == 0
    }
}
