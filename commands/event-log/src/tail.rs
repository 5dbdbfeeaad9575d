//! The end of the log as it arrives through the mirror: one consumer per process, shared by all its readers.
//!
//! What is not here, readers read from Postgres. Nothing depends on the mirror but the time it takes.

mod follow;
mod ring;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Recorded;
use crate::mirror::{Mirror, MirrorConfig};
use ring::Ring;

/// The newest events of the mirror. Clones share them.
#[derive(Debug, Clone)]
pub struct Tail(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    newest: watch::Sender<i64>,
    live: AtomicBool,
}

impl Default for Tail {
    fn default() -> Self {
        Self::new()
    }
}

impl Tail {
    /// A tail that holds nothing and is not live until [`Tail::run`] is.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            ring: Mutex::new(Ring::default()),
            newest: watch::channel(0).0,
            live: AtomicBool::new(false),
        }))
    }

    /// At most `limit` events from `position + 1` on without a hole; `None` if the first of them is not held here.
    pub fn after(&self, position: i64, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        self.ring().after(position, limit)
    }

    /// The position of the newest event that came through the mirror, 0 before the first.
    pub fn newest(&self) -> i64 {
        *self.0.newest.borrow()
    }

    /// Changes whenever [`Tail::newest`] does.
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.0.newest.subscribe()
    }

    /// Whether new events come by themselves: attached, and not behind the log by more than a moment.
    pub fn is_live(&self) -> bool {
        self.0.live.load(Ordering::Acquire)
    }

    /// Follows the mirror until `shutdown`, from the log's end on; attaches anew after whatever may happen to it.
    pub fn run(
        &self,
        nats: async_nats::Client,
        config: MirrorConfig,
        pool: PgPool,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let tail = self.clone();
        async move { follow::run(tail, Mirror::new(nats, config), pool, shutdown).await }
    }

    fn last(&self) -> Option<Arc<Recorded>> {
        self.ring().last()
    }

    /// Takes events in, and tells the waiting readers once.
    fn push(&self, events: Vec<Recorded>) {
        let Some(last) = events.last().map(|event| event.position) else { return };
        {
            let mut ring = self.ring();
            events.into_iter().for_each(|event| ring.push(Arc::new(event)));
        }
        self.0.newest.send_if_modified(|newest| {
            let moved = last > *newest;
            *newest = last.max(*newest);
            moved
        });
    }

    /// Forgets everything: the log is not the one these events came from.
    fn forget(&self) {
        self.ring().clear();
        self.0.newest.send_replace(0);
    }

    fn set_live(&self, live: bool) {
        if !self.0.live.swap(live, Ordering::AcqRel) && live {
            tracing::info!("the mirror's tail is live");
        }
        metrics::gauge!("mirror_tail_live").set(if live { 1.0 } else { 0.0 });
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
