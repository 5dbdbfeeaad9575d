//! Who moves a named reader just now. A lease saves work; correctness rests on the epoch alone.

use std::time::Duration;

use sqlx::{FromRow, PgExecutor, PgPool};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How long a lease holds without renewal.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often it is renewed.
pub const RENEW: Duration = Duration::from_secs(1);

/// A live process, told from every other: node, process id and that process's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    node: String,
    pid: u32,
    started: String,
}

impl Owner {
    /// This process on the machine named `node`.
    pub fn this_process(node: &str) -> Self {
        let pid = std::process::id();
        Self { node: node.replace('/', "_"), pid, started: start_of(pid).unwrap_or_default() }
    }

    /// As stored in `readers.owner`.
    pub fn code(&self) -> String {
        format!("{}/{}/{}", self.node, self.pid, self.started)
    }

    /// Whether a lease of that code was held by a process of this machine that is gone.
    pub fn outlives(&self, code: &str) -> bool {
        let mut parts = code.splitn(3, '/');
        let (node, pid, started) = (parts.next(), parts.next(), parts.next());
        let Some(pid) = pid.and_then(|pid| pid.parse().ok()) else { return false };
        node == Some(&self.node) && start_of(pid).as_deref() != started
    }
}

/// When a process of this machine started, in clock ticks since boot; `None` if there is none.
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name in brackets may hold anything; fields are counted from behind it.
    let after_name = stat.rsplit_once(')')?.1;
    let state = after_name.split_whitespace().next()?;
    if state == "Z" {
        return None;
    }
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

/// Where a reader stood when its lease was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Held {
    pub position: i64,
    pub epoch: i64,
    pub generation: i32,
}

/// Takes the lease of a reader if it is free, and raises the epoch. The row is made on first sight.
///
/// # Errors
/// Any database error.
pub async fn acquire(pool: &PgPool, name: &str, owner: &Owner, start: i64) -> Result<Option<Held>, sqlx::Error> {
    let holder: Option<Option<String>> =
        sqlx::query_scalar("select owner from readers where name = $1").bind(name).fetch_optional(pool).await?;
    if holder.is_none() {
        sqlx::query("insert into readers (name, position) values ($1, $2) on conflict do nothing")
            .bind(name)
            .bind(start)
            .execute(pool)
            .await?;
    }
    let previous = holder.flatten();
    let dead = previous.as_deref().is_some_and(|code| owner.outlives(code));
    sqlx::query_as(
        "update readers set owner = $2, lease_until = clock_timestamp() + $3, epoch = epoch + 1 \
         where name = $1 and (lease_until is null or lease_until < clock_timestamp() or owner = $2 \
            or (owner = $4 and $5)) \
         returning position, epoch, generation",
    )
    .bind(name)
    .bind(owner.code())
    .bind(LEASE)
    .bind(previous)
    .bind(dead)
    .fetch_optional(pool)
    .await
}

/// When to renew.
pub fn renewal() -> Interval {
    let mut renewal = interval_at(Instant::now() + RENEW, RENEW);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renewal
}

/// Keeps the lease; false when it was lost.
///
/// # Errors
/// Any database error.
pub async fn renew<'e, E: PgExecutor<'e>>(executor: E, name: &str, epoch: i64) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query("update readers set lease_until = clock_timestamp() + $3 where name = $1 and epoch = $2")
        .bind(name)
        .bind(epoch)
        .bind(LEASE)
        .execute(executor)
        .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives the lease back, so that another takes over at once.
///
/// # Errors
/// Any database error.
pub async fn release(pool: &PgPool, name: &str, epoch: i64) -> Result<(), sqlx::Error> {
    sqlx::query("update readers set lease_until = null, owner = null where name = $1 and epoch = $2")
        .bind(name)
        .bind(epoch)
        .execute(pool)
        .await?;
    Ok(())
}
