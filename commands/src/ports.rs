//! What the write side needs from outside, in our words.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The one business clock: gives `at` to commands, timers, calendar and windows.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// Makes ids for what a client's request creates: UUIDv7, one per request.
pub type NewId = fn() -> Uuid;
