//! One attempt at applying events. Code that panics over an event is no worse than code that refuses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use sqlx::PgConnection;

use crate::{ApplyError, Reader, Recorded};

/// Applies events to that generation of a reader's rows.
///
/// # Errors
/// The reader's own; [`ApplyError::Poison`] when it panics.
pub async fn apply(
    reader: &dyn Reader,
    tx: &mut PgConnection,
    generation: i32,
    events: &[Arc<Recorded>],
) -> Result<(), ApplyError> {
    caught(async move { reader.apply(tx, generation, events).await }).await
}

/// What the work comes to. Its panic would end the task that moves the reader, and whoever waits for that reader would
/// wait for ever: it is told of like any other event that cannot be applied.
///
/// # Errors
/// Its own; [`ApplyError::Poison`] when it panics.
pub async fn caught<T>(work: impl Future<Output = Result<T, ApplyError>>) -> Result<T, ApplyError> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(ApplyError::Poison("this build panics over it".to_owned())))
}

/// Whether the event can mean anything to the reader. What it panics over is left to [`apply`].
pub(crate) fn concerns(reader: &dyn Reader, event: &Recorded) -> bool {
    catch_unwind(AssertUnwindSafe(|| reader.concerns(event))).unwrap_or(true)
}
