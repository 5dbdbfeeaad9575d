//! Rebuilds the read models that somebody has asked to be rebuilt.

use std::time::Duration;

use event_log::Reader as _;
use projections::rebuild::{self, RebuildError};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// How often it looks whether something was asked for.
const LOOK: Duration = Duration::from_secs(1);
/// What failed is not begun again at once: it reads the whole log.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// One model after the other: each is folded in memory. Of several processes one does it, and what a process leaves
/// undone when it ends is begun anew by the next.
pub async fn run(pool: PgPool, shutdown: CancellationToken) {
    tokio::select! { () = keep_looking(&pool) => {}, () = shutdown.cancelled() => {} }
}

async fn keep_looking(pool: &PgPool) {
    let models = projections::all();
    loop {
        let mut pause = LOOK;
        for model in &models {
            match rebuild::if_asked(pool, model).await {
                Ok(Some(rebuilt)) => {
                    info!(read_model = model.name(), position = rebuilt.position, "rebuilt on demand");
                }
                // Another process is at it, or has nothing to do.
                Ok(None) | Err(RebuildError::Running) => {}
                Err(error) => {
                    error!(read_model = model.name(), %error, "a rebuild failed; the live rows are untouched");
                    pause = AFTER_FAILURE;
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
