//! Hot aggregates: the state a stream was last seen in, as a baseline for the next decision.
//!
//! A cached state may be stale: append checks every version. A state may also be pending, decided but not yet written;
//! whoever decides on it depends on its ticket.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Decider, StreamId};
use event_log::Ticket;
use event_log::stream::Versioned;
use quick_cache::sync::Cache;

/// Aggregates kept at most, large or small.
const CAPACITY: usize = 100_000;

/// A state with what it takes to build on it.
#[derive(Clone)]
pub struct Slot {
    pub version: i64,
    state: Arc<dyn Any + Send + Sync>,
    ticket: Option<Ticket>,
}

impl Slot {
    pub fn new<D: Decider>(state: Arc<Versioned<D::State>>, ticket: Option<Ticket>) -> Self {
        Self { version: state.version, state, ticket }
    }

    /// The ticket of the command that must come through for this state to be true, while that is open.
    pub fn pending(&self) -> Option<Ticket> {
        self.ticket.clone().filter(|ticket| !ticket_settled_well(ticket))
    }

    /// The same state, true only if that ticket's command comes through.
    #[must_use]
    pub fn under(mut self, ticket: Ticket) -> Self {
        self.ticket = Some(ticket);
        self
    }

    pub fn state<D: Decider>(&self) -> Option<Arc<Versioned<D::State>>> {
        Arc::clone(&self.state).downcast().ok()
    }
}

fn ticket_settled_well(ticket: &Ticket) -> bool {
    !ticket.is_pending() && !ticket.has_failed()
}

/// The bounded cache. Clones share it.
#[derive(Clone)]
pub struct States {
    slots: Arc<Cache<StreamId, Slot>>,
    /// Held while versions are compared and pending states put in place, never across an await.
    turn: Arc<Mutex<()>>,
}

impl std::fmt::Debug for States {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("States").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

impl Default for States {
    fn default() -> Self {
        Self { slots: Arc::new(Cache::new(CAPACITY)), turn: Arc::default() }
    }
}

impl States {
    /// The slot of a stream, unless what it was built on has failed.
    pub fn get(&self, stream: &StreamId) -> Option<Slot> {
        self.slots.get(stream).filter(|slot| !slot.ticket.as_ref().is_some_and(Ticket::has_failed))
    }

    /// Remembers a state loaded from the log, unless a newer one is known.
    pub fn remember(&self, stream: &StreamId, slot: Slot) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.get(stream).is_none_or(|known| known.version < slot.version) {
            self.slots.insert(stream.clone(), slot);
        }
    }

    /// Forgets states that have proved stale.
    pub fn forget<'a>(&self, streams: impl IntoIterator<Item = &'a StreamId>) {
        for stream in streams {
            self.slots.remove(stream);
        }
    }

    /// If every stream is still as it was seen: puts the new states in place and calls `enqueue`, as one step.
    /// `None` when another command of this process was faster.
    pub fn advance<T>(
        &self,
        seen: &[(StreamId, i64)],
        next: Vec<(StreamId, Slot)>,
        enqueue: impl FnOnce() -> T,
    ) -> Option<T> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = seen.iter().any(|(stream, version)| self.get(stream).is_some_and(|slot| slot.version != *version));
        if moved {
            return None;
        }
        for (stream, slot) in next {
            self.slots.insert(stream, slot);
        }
        Some(enqueue())
    }
}
