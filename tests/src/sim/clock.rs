//! Where time, ids and chance enter the simulator; everything else takes them as input.

use std::ops::RangeInclusive;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use uuid::Uuid;

/// The world's time: token life, completion delays, retries and webhook timestamps run on it.
#[expect(clippy::disallowed_methods, reason = "the simulator is a program of its own and owns its clock")]
pub fn real_now() -> DateTime<Utc> {
    Utc::now()
}

/// An id nobody else has, readable by what it names: `ord-0197…`.
#[expect(clippy::disallowed_methods, reason = "the simulator plays the provider, which makes its own ids")]
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::now_v7().simple())
}

/// An access token that cannot be guessed.
///
/// # Errors
/// When the system has no randomness.
pub fn new_token() -> anyhow::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(hex::encode(bytes))
}

/// The provider's business time: real time moved by a fixed offset, in milliseconds.
pub fn business(real: DateTime<Utc>, offset_ms: i64) -> DateTime<Utc> {
    TimeDelta::try_milliseconds(offset_ms).and_then(|offset| real.checked_add_signed(offset)).unwrap_or(real)
}

pub fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A number of milliseconds between these two, both included.
pub fn some_ms(between: &RangeInclusive<u32>) -> u32 {
    let mut bytes = [0u8; 8];
    // Without randomness the shortest time is as good as any.
    let _ = getrandom::fill(&mut bytes);
    let span = u64::from(between.end().saturating_sub(*between.start())) + 1;
    between.start().saturating_add(u32::try_from(u64::from_le_bytes(bytes) % span).unwrap_or(0))
}
