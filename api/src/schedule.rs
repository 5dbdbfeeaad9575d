//! What is due by the clock.

use std::time::Duration;

use ccp_adapter::CcpClient;
use commands::Clock;
use commands::catalogue::ask_for_sync;
use commands::effects::Wake;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::{self, BusinessClock};

/// How often the business clock is looked at.
const TICK: Duration = Duration::from_secs(5);

/// Asks once a business day for a sync of the catalogue; the day names it, so any number of schedulers ask for one.
pub async fn run(pool: PgPool, clock: BusinessClock, effects: Wake, shutdown: CancellationToken) {
    let mut asked = None;
    while !shutdown.is_cancelled() {
        let today = clock.now().date_naive();
        if asked != Some(today) {
            match ask_for_sync(&pool, &format!("day/{today}")).await {
                Ok(()) => {
                    asked = Some(today);
                    effects.wake();
                }
                Err(error) => warn!(%error, "the day's catalogue sync could not be asked for"),
            }
        }
        tokio::select! { () = tokio::time::sleep(TICK) => {}, () = shutdown.cancelled() => {} }
    }
}

/// Tells the provider where to deliver its webhooks, until it has taken it. Without them polling finds everything, later.
pub async fn register_webhook(client: CcpClient, url: String, secret: SecretString, shutdown: CancellationToken) {
    let mut pause = Duration::from_millis(200);
    while !shutdown.is_cancelled() {
        match client.register_webhook(clock::new_id(), &url, &secret).await {
            Ok(()) => {
                info!(%url, "the provider delivers its webhooks here");
                return;
            }
            Err(failure) => warn!(%failure, "the provider was not told where to deliver"),
        }
        tokio::select! { () = tokio::time::sleep(pause) => {}, () = shutdown.cancelled() => {} }
        pause = (pause * 2).min(Duration::from_secs(30));
    }
}
