//! Asks for a reconciliation run every quarter of an hour of real time: the provider does not wait for ours.

use std::time::Duration;

use commands::drift::ask_for_quarter;
use commands::effects::Wake;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::clock;

/// How often it looks whether a new quarter has begun. Asking twice in one changes nothing.
const TICK: Duration = Duration::from_secs(30);

/// Any number of these ask for one run per quarter.
pub async fn run(pool: PgPool, effects: Wake, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match ask_for_quarter(&pool, clock::real_now()).await {
            Ok(()) => effects.wake(),
            Err(error) => warn!(%error, "a reconciliation could not be asked for"),
        }
        tokio::select! { () = tokio::time::sleep(TICK) => {}, () = shutdown.cancelled() => {} }
    }
}
