//! The processes of one database keep one business time: each follows what the database says, and says that it has.
//!
//! Development only. A move is announced by a core NATS subject and found by polling when that is away.

use std::time::Duration;

use async_nats::Subscriber;
use commands::effects::Wake;
use event_log::lease::Owner;
use futures::StreamExt;
use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{BusinessClock, stored_offset};

/// How often the database is asked without being told to.
const POLL: Duration = Duration::from_millis(500);
/// Who was not heard of for so long is gone.
const GONE: Duration = Duration::from_secs(3);
/// How long to look between two questions whether everybody has followed.
const LOOK: Duration = Duration::from_millis(1);
/// Subscribing only queues a line for the server; with NATS away polling is enough.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The workers of this process that sleep until there is something to do.
#[derive(Debug, Clone)]
pub struct Wakes {
    pub effects: Wake,
    /// Of the inbox.
    pub arrived: Wake,
}

impl Wakes {
    pub fn wake(&self) {
        self.effects.wake();
        self.arrived.wake();
    }
}

/// This process among those that share a database.
#[derive(Debug, Clone)]
pub struct Followers {
    pub pool: PgPool,
    pub nats: async_nats::Client,
    /// Where a move, or work that nobody should sleep over, is announced.
    pub subject: String,
    pub me: Owner,
}

impl Followers {
    /// Keeps this process's clock where the database says, until shutdown.
    pub async fn run(self, clock: BusinessClock, wakes: Wakes, shutdown: CancellationToken) {
        let subscribed = timeout(SUBSCRIBE_TIMEOUT, self.nats.subscribe(self.subject.clone())).await;
        let mut announced = subscribed.ok().and_then(Result::ok);
        while !shutdown.is_cancelled() {
            if let Err(error) = self.follow(&clock).await {
                debug!(%error, "where the business clock stands could not be read");
            }
            tokio::select! {
                () = told(&mut announced) => wakes.wake(),
                () = tokio::time::sleep(POLL) => {}
                () = shutdown.cancelled() => {}
            }
        }
        // Nobody needs to wait for this process any more.
        let _ =
            sqlx::query("delete from clock_followers where owner = $1").bind(self.me.code()).execute(&self.pool).await;
    }

    async fn follow(&self, clock: &BusinessClock) -> Result<(), sqlx::Error> {
        let offset_micros = stored_offset(&self.pool).await?;
        clock.follow(offset_micros);
        sqlx::query(
            "insert into clock_followers (owner, offset_micros, seen_at) values ($1, $2, clock_timestamp()) \
             on conflict (owner) do update set offset_micros = excluded.offset_micros, seen_at = excluded.seen_at",
        )
        .bind(self.me.code())
        .bind(offset_micros)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Tells the others to look. Lost like any wake-up may be.
    pub async fn announce(&self) {
        let _ = self.nats.publish(self.subject.clone(), bytes::Bytes::new()).await;
    }

    /// Waits until every other living process stands at least at that offset; who dies meanwhile is not waited for.
    ///
    /// # Errors
    /// Any database error.
    pub async fn wait_for(&self, offset_micros: i64) -> Result<(), sqlx::Error> {
        let until = Instant::now() + GONE;
        while Instant::now() < until && self.is_anyone_behind(offset_micros).await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn is_anyone_behind(&self, offset_micros: i64) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(
            "select exists (select from clock_followers \
             where owner <> $1 and offset_micros < $2 and seen_at > clock_timestamp() - $3)",
        )
        .bind(self.me.code())
        .bind(offset_micros)
        .bind(GONE)
        .fetch_one(&self.pool)
        .await
    }
}

async fn told(announced: &mut Option<Subscriber>) {
    let next = match announced {
        Some(subscriber) => subscriber.next().await,
        None => None,
    };
    // Without a subscription nobody tells anything, and polling goes on.
    if next.is_none() {
        std::future::pending::<()>().await;
    }
}
