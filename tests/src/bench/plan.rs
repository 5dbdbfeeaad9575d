//! What is to be measured, and for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;

/// Of each run of commands in seconds, unless said otherwise: long enough that the full-page images after the CHECKPOINT
/// before it are a small part.
const USUAL: u64 = 6;

/// The figures, by number.
pub const ALL: std::ops::RangeInclusive<u8> = 1..=14;

#[derive(Debug, Clone)]
pub struct Plan {
    /// Short runs with small logs: shows that everything works, and says nothing about speed.
    pub quick: bool,
    pub rows: BTreeSet<u8>,
    /// Before the clock runs, in each run.
    pub warm_up: Duration,
    /// Of each run of commands.
    pub measured: Duration,
    /// Of each run at a fixed rate.
    pub lag: Duration,
    pub repetitions: usize,
    /// Accounts that commands change.
    pub accounts: usize,
    /// Subscriptions in the log that is rebuilt from; ten events each.
    pub subscriptions: i64,
    /// Subscriptions in the log that is relayed; ten events each.
    pub relayed: i64,
    /// Subscriptions in the log that has grown; ten events each.
    pub grown: i64,
    /// Customers in the smaller and the larger billing run; ten subscriptions each.
    pub billed: [usize; 2],
}

impl Plan {
    /// `seconds` replaces the length of each run of commands.
    ///
    /// # Errors
    /// When a row does not exist or a run would have no length.
    pub fn new(quick: bool, rows: &[u8], seconds: Option<u64>) -> anyhow::Result<Self> {
        ensure!(rows.iter().all(|row| ALL.contains(row)), "the rows are {} to {}", ALL.start(), ALL.end());
        ensure!(seconds != Some(0), "a run lasts at least a second");
        let rows = if rows.is_empty() { ALL.collect() } else { rows.iter().copied().collect() };
        let usual = Duration::from_secs(if quick { 1 } else { USUAL });
        Ok(Self {
            quick,
            rows,
            warm_up: Duration::from_secs(1),
            measured: seconds.map_or(usual, Duration::from_secs),
            lag: Duration::from_secs(if quick { 2 } else { 10 }),
            repetitions: if quick { 1 } else { 5 },
            accounts: if quick { 1_000 } else { 10_000 },
            subscriptions: if quick { 10_000 } else { 100_000 },
            // A new stream is filled with the last 100 000 events.
            relayed: if quick { 2_000 } else { 10_000 },
            grown: if quick { 10_000 } else { 1_000_000 },
            billed: if quick { [10, 50] } else { [100, 1_000] },
        })
    }

    pub fn wants(&self, row: u8) -> bool {
        self.rows.contains(&row)
    }

    pub fn wants_any(&self, rows: &[u8]) -> bool {
        rows.iter().any(|row| self.wants(*row))
    }

    /// Only a whole run of the usual length is written down.
    pub fn is_whole(&self) -> bool {
        !self.quick && ALL.into_iter().all(|row| self.wants(row)) && self.measured >= Duration::from_secs(USUAL)
    }
}
