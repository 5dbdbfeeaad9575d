//! How far each read model is, and waiting for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often the database is asked while somebody waits for a reader of another process.
const POLL: Duration = Duration::from_millis(5);

/// One watch per named reader that this process moves. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Freshness(Arc<Mutex<HashMap<String, watch::Sender<i64>>>>);

impl Freshness {
    fn watch(&self, reader: &str) -> watch::Sender<i64> {
        let mut readers = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        readers.entry(reader.to_owned()).or_insert_with(|| watch::channel(0).0).clone()
    }

    /// A reader of this process begins at `position`. That may be less than it had reached: a crash of Postgres takes
    /// rows and checkpoint back together.
    pub fn begins_at(&self, reader: &str, position: i64) {
        self.watch(reader).send_if_modified(|known| std::mem::replace(known, position) != position);
    }

    /// No reader of this process moves it any more: what others do with it, and what is taken back, goes unheard.
    pub fn left(&self, reader: &str) {
        self.begins_at(reader, 0);
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
            // Good for this answer alone: nobody here would hear of its being taken back.
            let stored: Option<i64> = sqlx::query_scalar("select position from readers where name = $1")
                .bind(reader)
                .fetch_optional(pool)
                .await?;
            if stored.is_some_and(|stored| stored >= position) {
                return Ok(true);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use sqlx::postgres::PgPoolOptions;

    use super::*;

    /// Whether it answers without asking the database, which is not there.
    async fn knows(freshness: &Freshness, position: i64) -> bool {
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(20));
        let nowhere = pool.connect_lazy("postgres://nobody@127.0.0.1:1/nothing").unwrap();
        freshness.wait(&nowhere, "reader", position, Duration::ZERO).await.is_ok_and(|there| there)
    }

    #[tokio::test]
    async fn only_what_a_reader_of_this_process_has_written_is_known() {
        let freshness = Freshness::default();
        assert!(!knows(&freshness, 1).await);
        freshness.begins_at("reader", 7);
        assert!(knows(&freshness, 7).await && !knows(&freshness, 8).await);
        freshness.reached("reader", 10);
        freshness.reached("reader", 9);
        assert!(knows(&freshness, 10).await && !knows(&freshness, 11).await);
        // Taken back in a crash.
        freshness.begins_at("reader", 7);
        assert!(knows(&freshness, 7).await && !knows(&freshness, 8).await);
        freshness.left("reader");
        assert!(!knows(&freshness, 1).await);
    }
}
