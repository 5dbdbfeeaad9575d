//! What is due by the clock.

use std::time::Duration;

use ccp_adapter::CcpClient;
use chrono::{DateTime, Utc};
use commands::seller::Seller;
use commands::{Bus, Clock};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::{self, BusinessClock, Wakes};
use crate::due;

/// How often it looks without a reason: something may have become due by being written down late.
const TICK: Duration = Duration::from_secs(5);
/// How long to wait when the log was busy or away.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Does what is due whenever a day ends, the clock is moved, or nothing happened for a while. Any number of schedulers
/// do it once.
pub async fn run(bus: Bus, clock: BusinessClock, wakes: Wakes, shutdown: CancellationToken) {
    let mut moved = clock.moved();
    while !shutdown.is_cancelled() {
        moved.mark_unchanged();
        let rest = match due::run(&bus, &wakes).await {
            Ok(()) => rest(clock.now(), bus.seller()),
            Err(error) => {
                warn!(%error, "not everything due was done");
                TRY_AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = moved.changed() => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// Until the next day begins somewhere, but not longer than a tick.
fn rest(now: DateTime<Utc>, seller: &Seller) -> Duration {
    let midnights = seller.entities().map(|entity| entity.end_of(entity.day_at(now)));
    let next = midnights.min().and_then(|midnight| midnight.signed_duration_since(now).to_std().ok());
    next.map_or(TICK, |until| (until + Duration::from_millis(1)).min(TICK))
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
