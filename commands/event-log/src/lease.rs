//! Who moves a named reader just now. A lease saves work; correctness rests on the epoch alone.

use std::time::Duration;

use sqlx::{FromRow, PgExecutor, PgPool};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How long a lease holds without renewal.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often it is renewed.
pub const RENEW: Duration = Duration::from_secs(1);

/// A live process, told from every other: node, where on it process ids mean something, process id and that process's
/// start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    node: String,
    ground: Option<String>,
    pid: u32,
    started: String,
}

impl Owner {
    /// This process on the machine named `node`.
    pub fn this_process(node: &str) -> Self {
        let pid = std::process::id();
        let started = start_of(pid).unwrap_or_default();
        Self { node: node.replace(['/', '@'], "_"), ground: ground(pid), pid, started }
    }

    /// As stored in `readers.owner`: `node@ground/pid/start`.
    pub fn code(&self) -> String {
        format!("{}/{}/{}", self.place(), self.pid, self.started)
    }

    /// Whether a lease of that code was held by a process that is gone and that this one would see if it were not.
    pub fn outlives(&self, code: &str) -> bool {
        let mut parts = code.splitn(3, '/');
        let (place, pid, started) = (parts.next(), parts.next(), parts.next());
        let Some(pid) = pid.and_then(|pid| pid.parse().ok()) else { return false };
        self.ground.is_some() && place == Some(&self.place()) && start_of(pid).as_deref() != started
    }

    fn place(&self) -> String {
        format!("{}@{}", self.node, self.ground.as_deref().unwrap_or_default())
    }
}

/// The name of the machine in an owner's code.
pub fn node_of(code: &str) -> &str {
    let place = code.split('/').next().unwrap_or_default();
    place.split('@').next().unwrap_or_default()
}

/// Which processes this one sees in `/proc`: those of its PID namespace on this run of its machine. A host's name is not
/// enough: the containers of one pod share it, and each has ids of its own. Nothing when `/proc` tells of other
/// processes than this one's, or there is none.
fn ground(pid: u32) -> Option<String> {
    let seen_as = std::fs::read_link("/proc/self").ok()?;
    if seen_as.to_str()? != pid.to_string() {
        return None;
    }
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let namespace = namespace.to_str()?.trim_matches(|c: char| !c.is_ascii_digit());
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // The first of the random digits are enough to tell one run from another, and people read this.
    Some(format!("{namespace}.{}", boot.split('-').next()?))
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
/// A process of an older `version` gets none while a newer build's rows are shown: what it would write into them means
/// something else there, and nobody would ever put it right.
///
/// # Errors
/// Any database error.
pub async fn acquire(pool: &PgPool, name: &str, owner: &Owner, version: i32) -> Result<Option<Held>, sqlx::Error> {
    let holder: Option<Option<String>> =
        sqlx::query_scalar("select owner from readers where name = $1").bind(name).fetch_optional(pool).await?;
    if holder.is_none() {
        sqlx::query("insert into readers (name, version) values ($1, $2) on conflict do nothing")
            .bind(name)
            .bind(version)
            .execute(pool)
            .await?;
    }
    let previous = holder.flatten();
    let dead = previous.as_deref().is_some_and(|code| owner.outlives(code));
    sqlx::query_as(
        "update readers set owner = $2, lease_until = clock_timestamp() + $3, epoch = epoch + 1 \
         where name = $1 and version <= $6 and (lease_until is null or lease_until < clock_timestamp() or owner = $2 \
            or (owner = $4 and $5)) \
         returning position, epoch, generation",
    )
    .bind(name)
    .bind(owner.code())
    .bind(LEASE)
    .bind(previous)
    .bind(dead)
    .bind(version)
    .fetch_optional(pool)
    .await
}

/// When to renew.
pub fn renewal() -> Interval {
    let mut renewal = interval_at(Instant::now() + RENEW, RENEW);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renewal
}

/// Keeps the lease; false when it was lost, or when the reader is not even where it stood: a crash of Postgres took back
/// what was committed without waiting for the disk, together with the rows, and they are to be applied again.
///
/// # Errors
/// Any database error.
pub async fn renew<'e, E: PgExecutor<'e>>(executor: E, name: &str, held: &Held) -> Result<bool, sqlx::Error> {
    let sql = "update readers set lease_until = clock_timestamp() + $4 \
               where name = $1 and epoch = $2 and position >= $3";
    let renewed =
        sqlx::query(sql).bind(name).bind(held.epoch).bind(held.position).bind(LEASE).execute(executor).await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives back whatever lease of a reader that process has.
///
/// # Errors
/// Any database error.
pub async fn give_back(pool: &PgPool, name: &str, owner: &Owner) -> Result<(), sqlx::Error> {
    sqlx::query("update readers set lease_until = null, owner = null where name = $1 and owner = $2")
        .bind(name)
        .bind(owner.code())
        .execute(pool)
        .await?;
    Ok(())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn gone(owner: &Owner) -> String {
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        Owner { pid: gone.id(), started: "1".to_owned(), ..owner.clone() }.code()
    }

    #[test]
    fn only_the_dead_whose_ids_mean_something_here_are_outlived() {
        let ours = Owner::this_process("host");
        assert!(ours.ground.as_deref().is_some_and(|ground| ground.starts_with(|c: char| c.is_ascii_digit())));
        assert!(ours.outlives(&gone(&ours)));
        assert!(!ours.outlives(&ours.code()));
        let others = [
            Owner { ground: Some("4026532999.00000000".to_owned()), ..ours.clone() },
            Owner { ground: None, ..ours.clone() },
            Owner { node: "other".to_owned(), ..ours.clone() },
        ];
        for other in others {
            assert!(!ours.outlives(&gone(&other)), "{other:?}");
            assert!(!other.outlives(&gone(&ours)), "{other:?}");
        }
        assert!(!ours.outlives("host/1/1"), "as an earlier build wrote it");
    }

    #[test]
    fn who_cannot_tell_takes_nobody_for_dead() {
        let blind = Owner { ground: None, ..Owner::this_process("host") };
        assert!(!blind.outlives(&gone(&blind)));
    }

    #[test]
    fn the_name_of_the_machine_is_in_the_code() {
        assert_eq!(node_of(&Owner::this_process("a/b@c").code()), "a_b_c");
        assert_eq!(node_of("host/1/1"), "host");
    }
}
