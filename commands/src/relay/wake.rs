//! What tells the relay that there is something to publish.

use std::time::Duration;

use async_nats::Subscriber;
use event_log::mirror::MirrorConfig;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// The net: a lost wake-up costs this much and nothing else.
const POLL: Duration = Duration::from_millis(250);
/// Subscribing only queues a line for the server; a full queue must not hold the relay up.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Wake {
    committed: watch::Receiver<i64>,
    elsewhere: Option<Subscriber>,
    poll: Interval,
}

impl Wake {
    pub(super) async fn new(nats: &async_nats::Client, config: &MirrorConfig, committed: watch::Receiver<i64>) -> Self {
        let subscribed = timeout(SUBSCRIBE_TIMEOUT, nats.subscribe(config.wake_subject())).await;
        let elsewhere = subscribed.ok().and_then(Result::ok);
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { committed, elsewhere, poll }
    }

    /// The newest position known to be committed by this process.
    pub(super) fn committed(&self) -> i64 {
        *self.committed.borrow()
    }

    /// Waits until there may be an event at `next` or later. Dropping it loses nothing.
    pub(super) async fn wait(&mut self, next: i64) {
        loop {
            tokio::select! {
                Ok(()) = self.committed.changed() => {
                    if *self.committed.borrow() >= next {
                        return;
                    }
                }
                Some(()) = told(&mut self.elsewhere) => return,
                _ = self.poll.tick() => return,
            }
        }
    }
}

/// One for all that has come: a look into the log finds everything.
async fn told(elsewhere: &mut Option<Subscriber>) -> Option<()> {
    let Some(subscriber) = elsewhere else { return std::future::pending().await };
    subscriber.next().await?;
    while let Some(Some(_)) = subscriber.next().now_or_never() {}
    Some(())
}
