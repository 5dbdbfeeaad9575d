//! Effects on the outside world: rows first, calls later.
//!
//! A row is committed with the reader's checkpoint before anything is called. A worker takes due rows, performs them
//! outside any transaction with the row's `op_id` as idempotency key, and writes down what became of it. Performing is
//! at least once; the provider's idempotency and the answering command's key make it once.

mod list;
mod store;
mod worker;

pub use list::{EffectFilter, EffectRow, dead, list};
pub use store::{Due, GIVE_UP, Wanted, ask_in_tx, has_older, hasten, hasten_open, is_open, mark_sent, open_subjects};
pub use worker::{Performed, Performer, Worker};

use std::sync::Arc;

use tokio::sync::watch;

/// Wakes all workers of this process when there is something to do. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<watch::Sender<()>>);

/// Waits for one [`Wake`], from when it was made.
#[derive(Debug)]
pub(crate) struct Woken(watch::Receiver<()>);

impl Wake {
    pub fn wake(&self) {
        self.0.send_replace(());
    }

    /// No wake-up after this is missed, however long its listener is busy.
    pub(crate) fn listen(&self) -> Woken {
        Woken(self.0.subscribe())
    }
}

impl Woken {
    pub(crate) async fn woken(&mut self) {
        // It ends only with every wake of the process, and then nobody waits.
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
