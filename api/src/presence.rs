//! Which processes run, and what each of them does. Every process says so itself; nothing is decided by it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use event_log::lease::Owner;
use event_log::patience::answer;
use sqlx::{FromRow, PgPool};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::roles::Role;

/// How often a process says that it lives.
const BEAT: Duration = Duration::from_secs(2);
/// Whoever has said nothing for three beats has probably died.
const SILENT: Duration = Duration::from_secs(6);
/// And after this time is no longer worth showing.
const GONE: Duration = Duration::from_secs(60);

/// A process that runs, or did a moment ago.
#[derive(Debug, Clone, FromRow)]
pub struct Process {
    /// As it holds its leases.
    pub process: String,
    pub roles: Vec<String>,
    pub started_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub running: bool,
    /// The readers of the log whose leases it holds.
    pub readers: Vec<String>,
}

/// Says until shutdown that this process lives, and then that it has gone.
pub async fn announce(pool: PgPool, owner: Owner, roles: Vec<Role>, shutdown: CancellationToken) {
    let names: Vec<&str> = roles.into_iter().map(Role::name).collect();
    while !shutdown.is_cancelled() {
        if let Err(error) = answer(&pool, beat(&pool, &owner, &names)).await {
            warn!(%error, "this process could not say that it lives");
        }
        tokio::select! { () = tokio::time::sleep(BEAT) => {}, () = shutdown.cancelled() => {} }
    }
    // Otherwise the others notice by its silence.
    let gone = sqlx::query("delete from processes where process = $1").bind(owner.code()).execute(&pool);
    let _ = answer(&pool, gone).await;
}

async fn beat(pool: &PgPool, owner: &Owner, roles: &[&str]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with gone as (delete from processes where seen_at < clock_timestamp() - $3 and process <> $1) \
         insert into processes (process, roles) values ($1, $2) \
         on conflict (process) do update set roles = excluded.roles, seen_at = clock_timestamp()",
    )
    .bind(owner.code())
    .bind(roles)
    .bind(GONE)
    .execute(pool)
    .await?;
    Ok(())
}

/// Every process that has said something lately, the newest first.
///
/// # Errors
/// Any database error.
pub async fn processes(pool: &PgPool) -> Result<Vec<Process>, sqlx::Error> {
    sqlx::query_as(
        "select p.process, p.roles, p.started_at, p.seen_at, p.seen_at > clock_timestamp() - $1 as running, \
            array(select r.name from readers r \
                  where r.owner = p.process and r.lease_until > clock_timestamp() order by r.name) as readers \
         from processes p where p.seen_at > clock_timestamp() - $2 order by p.started_at desc, p.process",
    )
    .bind(SILENT)
    .bind(GONE)
    .fetch_all(pool)
    .await
}
