//! What every simulated provider is made of: HTTP that can break, faults on demand, a journal on disk, answers that
//! are given again for their key, signed webhooks, and a clock. A simulator brings its `Model`, its routes and its words.

pub mod answer;
pub mod chance;
pub mod clock;
pub mod connection_faults;
pub mod control;
pub mod delivery;
pub mod faults;
pub mod hooks;
pub mod journal;
mod kinds;
pub mod memory;
pub mod program;
mod runner;
pub mod server;
pub mod signature;
mod start;
pub mod table;
pub mod webhooks;
pub mod world;
pub mod writes;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use start::{Place, Running, start};
pub use world::{Change, Sim};

use faults::ContentFault;
use hooks::{Hook, Recipient};
use memory::{Memory, Remembered};

/// What makes a simulator this one: what it remembers, and what happens in it by itself.
pub trait Model: Send + Sized + 'static {
    /// What it has beside its memory: how it was started, what a restart may forget.
    type Own: Send + Sync + 'static;
    /// One line of its memory, which replaces the earlier row of the same id.
    type Row: Clone + Serialize + DeserializeOwned + From<Remembered> + Send + 'static;
    /// Faults in what it does and shows; those of the connection and of webhooks all simulators share.
    type Fault: ContentFault;

    fn apply(&mut self, row: Self::Row);
    fn memory(&self) -> &Memory;
    fn memory_mut(&mut self) -> &mut Memory;

    /// The first rows of a new folder, whose business time begins then.
    fn beginning(now: DateTime<Utc>) -> Vec<Self::Row>;
    /// Does what the calendar does by itself up to `change.now`.
    fn catch_up(change: &mut Change<'_, Self>);
    /// Completes what was accepted and is due.
    fn complete_due(change: &mut Change<'_, Self>);
    /// When the next thing accepted completes, in real time.
    fn next_due(&self) -> Option<DateTime<Utc>>;
    /// How much of what was accepted is under way.
    fn unfinished(&self) -> usize;
    /// Where a webhook goes now, and what signs it; nothing when nobody wants it any more.
    fn recipient(&self, own: &Self::Own, hook: &Hook, real_now: DateTime<Utc>) -> Option<Recipient>;
}
