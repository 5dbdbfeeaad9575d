//! Applies stored webhooks: a hint to look, never the truth itself.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{FromRow, PgPool};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::effects::Wake;

/// Webhooks applied in one go.
const PAGE: i64 = 100;
/// How long it waits at most for a wake-up.
const NAP: Duration = Duration::from_millis(500);
/// Attempts before a hint about something unknown is let go: polling and reconciliation find it without.
const ATTEMPTS: i32 = 8;

/// What a hint led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Somebody is looking now.
    Looked,
    /// About something we do not know yet: perhaps our own commit is still on its way.
    NotYet,
    /// Nothing of ours.
    Ignored,
}

/// Who understands a provider's webhooks.
pub trait Applier: Send + Sync + 'static {
    /// The provider's name as in the inbox.
    fn provider(&self) -> &'static str;
    fn apply<'a>(&'a self, id: &'a str, kind: &'a str, body: &'a [u8]) -> BoxFuture<'a, Result<Applied, sqlx::Error>>;
}

#[derive(FromRow)]
struct Row {
    webhook_id: String,
    r#type: String,
    body: Vec<u8>,
    attempts: i32,
}

/// Drains the inbox of one provider. Two at once do the same work twice, which hints allow.
#[derive(Clone)]
pub struct InboxWorker {
    pub pool: PgPool,
    pub applier: Arc<dyn Applier>,
    /// Woken when a webhook was stored.
    pub arrived: Wake,
}

impl std::fmt::Debug for InboxWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxWorker").field("provider", &self.applier.provider()).finish_non_exhaustive()
    }
}

impl InboxWorker {
    pub async fn run(self, shutdown: CancellationToken) {
        let mut arrived = self.arrived.listen();
        while !shutdown.is_cancelled() {
            match self.drain().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => warn!(%error, "the inbox pauses"),
            }
            tokio::select! {
                () = arrived.woken() => {}
                () = tokio::time::sleep(NAP) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn drain(&self) -> Result<usize, sqlx::Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "select webhook_id, type, body, attempts from inbox \
             where provider = $1 and state = 'new' and due_at <= clock_timestamp() order by due_at limit $2",
        )
        .bind(self.applier.provider())
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await?;
        for row in &rows {
            let applied = self.apply(row).await?;
            self.note(row, applied).await?;
        }
        Ok(rows.len())
    }

    /// A webhook the database refuses must not hold up those behind it; one that finds no database waits with them.
    async fn apply(&self, row: &Row) -> Result<Applied, sqlx::Error> {
        match self.applier.apply(&row.webhook_id, &row.r#type, &row.body).await {
            Err(error) if !event_log::error::is_transient(&error) => {
                warn!(webhook_id = row.webhook_id, %error, "a webhook cannot be applied");
                Ok(Applied::NotYet)
            }
            applied => applied,
        }
    }

    async fn note(&self, row: &Row, applied: Applied) -> Result<(), sqlx::Error> {
        let state = match applied {
            Applied::Looked => "applied",
            Applied::Ignored => "ignored",
            Applied::NotYet if row.attempts + 1 >= ATTEMPTS => "ignored",
            Applied::NotYet => "new",
        };
        let exponent = u32::try_from(row.attempts).unwrap_or_default().min(10);
        let after = Duration::from_millis(50 << exponent);
        sqlx::query(
            "update inbox set state = $3, attempts = attempts + 1, due_at = clock_timestamp() + $4 \
             where provider = $1 and webhook_id = $2",
        )
        .bind(self.applier.provider())
        .bind(&row.webhook_id)
        .bind(state)
        .bind(after)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
