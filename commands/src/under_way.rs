//! Which keys are under way in this process: who comes second with one waits for the first, and finds its outcome.
//!
//! It spares racers from deciding what the log would only answer as kept. Between processes the log alone decides.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::{Bus, Key, Receipt, Rejection};

/// How long who comes second waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// A key is here while its request is, with a sender once somebody waits: its end is the sender's.
type Keys = HashMap<Uuid, Option<watch::Sender<()>>>;

/// Clones share the keys.
#[derive(Debug, Clone)]
pub(crate) struct UnderWay {
    /// Never held across an await.
    keys: Arc<Mutex<Keys>>,
    pub(crate) patience: Duration,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { keys: Arc::default(), patience: PATIENCE }
    }
}

/// The turn of the only request with its key; over when dropped, also because the caller went away.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    under_way: &'a UnderWay,
    /// The id under which the outcome is stored.
    pub(crate) key: Uuid,
}

impl UnderWay {
    /// The turn, or what ends with the turn of whoever has it.
    fn begin(&self, key: Uuid) -> Result<Turn<'_>, watch::Receiver<()>> {
        match self.keys().entry(key) {
            Entry::Vacant(free) => {
                free.insert(None);
                Ok(Turn { under_way: self, key })
            }
            Entry::Occupied(mut taken) => {
                Err(taken.get_mut().get_or_insert_with(|| watch::Sender::new(())).subscribe())
            }
        }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let waited_for = self.under_way.keys().remove(&self.key);
        drop(waited_for);
    }
}

/// What a request with a key begins with.
pub(crate) enum Begun<'a> {
    First(Turn<'a>),
    /// Somebody else was first, and has come through.
    Done(Receipt),
}

impl Bus {
    /// Lets one request with a key go on. Another one waits for its end; then the kept outcome is its own too, or, when
    /// nothing was kept, it may be next.
    ///
    /// # Errors
    /// [`Rejection::InProgress`] when that takes too long; as [`Bus::kept`].
    pub(crate) async fn begin(&self, key: &Key) -> Result<Begun<'_>, Rejection> {
        let id = key.id();
        let mut deadline = None;
        loop {
            let mut first = match self.under_way.begin(id) {
                Ok(turn) => return Ok(Begun::First(turn)),
                Err(first) => first,
            };
            let until = *deadline.get_or_insert_with(|| Instant::now() + self.under_way.patience);
            // Nothing is ever sent: it is over when the sender is gone.
            if timeout_at(until, first.changed()).await.is_err() {
                return Err(Rejection::InProgress);
            }
            if let Some(kept) = self.kept(key).await? {
                return Ok(Begun::Done(kept));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_at_a_time_has_the_turn_and_nothing_stays_behind() {
        let under_way = UnderWay::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let turn = under_way.begin(one).unwrap();
        let independent = under_way.begin(other).unwrap();
        let waiting = [under_way.begin(one).unwrap_err(), under_way.begin(one).unwrap_err()];
        assert!(waiting.iter().all(|first| first.has_changed().is_ok()), "the first is still at it");
        drop(turn);
        assert!(waiting.iter().all(|first| first.has_changed().is_err()));
        let next = under_way.begin(one).unwrap();
        drop((next, independent));
        assert!(under_way.keys().is_empty());
    }
}
