//! How far each read model is, and waiting for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often the database is asked while somebody waits for a reader of another process.
const POLL: Duration = Duration::from_millis(5);

/// One watch per named reader. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Freshness(Arc<Mutex<HashMap<String, watch::Sender<i64>>>>);

impl Freshness {
    fn watch(&self, reader: &str) -> watch::Sender<i64> {
        let mut readers = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        readers.entry(reader.to_owned()).or_insert_with(|| watch::channel(0).0).clone()
    }

    /// A reader of this process has committed up to `position`.
    pub fn reached(&self, reader: &str, position: i64) {
        self.watch(reader).send_if_modified(|known| {
            let moved = position > *known;
            *known = position.max(*known);
            moved
        });
    }

    /// Waits until the reader has applied `position`; false when it has not within `patience`.
    ///
    /// # Errors
    /// Any database error.
    pub async fn wait(
        &self,
        pool: &PgPool,
        reader: &str,
        position: i64,
        patience: Duration,
    ) -> Result<bool, sqlx::Error> {
        let deadline = Instant::now() + patience;
        let mut watch = self.watch(reader).subscribe();
        loop {
            if *watch.borrow_and_update() >= position {
                return Ok(true);
            }
            let stored: Option<i64> = sqlx::query_scalar("select position from readers where name = $1")
                .bind(reader)
                .fetch_optional(pool)
                .await?;
            if let Some(stored) = stored {
                self.reached(reader, stored);
                if stored >= position {
                    return Ok(true);
                }
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::select! {
                _ = watch.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}
