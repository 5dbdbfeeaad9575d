//! A simulator as its handlers see it: one lock around the state, a journal behind it, and nothing awaited within.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::answer::Answer;
use super::faults::Faults;
use super::journal::{Journal, Saved};
use super::{Model, clock};

pub struct Sim<M: Model>(Arc<Inner<M>>);

pub struct Inner<M: Model> {
    pub own: M::Own,
    state: Mutex<M>,
    pub(super) journal: Journal,
    faults: Mutex<Faults<M::Fault>>,
    /// Something may be due earlier than thought.
    pub wake: Notify,
}

impl<M: Model> Clone for Sim<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Model> std::ops::Deref for Sim<M> {
    type Target = Inner<M>;
    fn deref(&self) -> &Inner<M> {
        &self.0
    }
}

/// What was decided together: the state already shows it, the journal gets it as one line.
pub struct Change<'a, M: Model> {
    pub state: &'a mut M,
    pub own: &'a M::Own,
    faults: &'a Mutex<Faults<M::Fault>>,
    rows: Vec<M::Row>,
    /// Business time.
    pub now: DateTime<Utc>,
    /// Real time.
    pub real_now: DateTime<Utc>,
}

impl<M: Model> Sim<M> {
    pub(super) fn new(own: M::Own, state: M, journal: Journal) -> Self {
        let (state, faults) = (Mutex::new(state), Mutex::default());
        Self(Arc::new(Inner { own, state, journal, faults, wake: Notify::new() }))
    }

    /// Runs `decide` alone, at a time up to which the calendar is lived through, and hands its rows to the journal.
    /// Tell nobody of the outcome before `Saved` says it is on disk.
    pub fn change<T>(&self, decide: impl FnOnce(&mut Change<'_, M>) -> T) -> (T, Saved) {
        let mut state = locked(&self.state);
        let mut change = self.begin(&mut state);
        M::catch_up(&mut change);
        let outcome = decide(&mut change);
        let rows = change.rows;
        let saved = self.journal.append(&rows);
        if !rows.is_empty() {
            self.wake.notify_one();
        }
        (outcome, saved)
    }

    /// The same for an answer, which goes out once everything it may show is on disk.
    pub async fn answer<R: IntoResponse>(&self, decide: impl FnOnce(&mut Change<'_, M>) -> R) -> Response {
        let (answer, saved) = self.change(decide);
        match saved.await {
            Ok(()) => answer.into_response(),
            Err(_) => Answer::broken().into_response(),
        }
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults<M::Fault>> {
        locked(&self.faults)
    }

    fn begin<'a>(&'a self, state: &'a mut M) -> Change<'a, M> {
        let real_now = clock::real_now();
        let now = clock::business(real_now, state.memory().offset_ms);
        Change { state, own: &self.own, faults: &self.faults, rows: Vec::new(), now, real_now }
    }
}

impl<M: Model> Change<'_, M> {
    pub fn put(&mut self, row: impl Into<M::Row>) {
        let row = row.into();
        self.state.apply(row.clone());
        self.rows.push(row);
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults<M::Fault>> {
        locked(self.faults)
    }
}

/// A panic elsewhere does not make the data wrong: every change is applied row by row without panicking.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
