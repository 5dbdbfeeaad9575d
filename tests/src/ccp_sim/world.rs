//! The provider as its handlers see it: one lock around the state, a journal behind it, and nothing awaited within.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::sync::Notify;

use super::answer::Answer;
use super::clock;
use super::days;
use super::faults::Faults;
use super::journal::{Journal, Saved};
use super::rows::Row;
use super::state::State;
use super::{Settings, hooks};

#[derive(Clone)]
pub struct Sim(Arc<Inner>);

pub struct Inner {
    pub settings: Settings,
    state: Mutex<State>,
    pub journal: Journal,
    pub faults: Mutex<Faults>,
    /// Access tokens and when they end.
    pub tokens: Mutex<HashMap<String, Instant>>,
    /// Something may be due earlier than thought.
    pub wake: Notify,
}

impl std::ops::Deref for Sim {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What was decided together: the state already shows it, the journal gets it as one line.
pub struct Change<'a> {
    pub state: &'a mut State,
    faults: &'a Mutex<Faults>,
    rows: Vec<Row>,
    /// Business time.
    pub now: DateTime<Utc>,
    /// Real time.
    pub real_now: DateTime<Utc>,
    /// When what is accepted now completes, in real time.
    pub completes_at: DateTime<Utc>,
}

impl Sim {
    pub fn new(settings: Settings, state: State, journal: Journal) -> Self {
        Self(Arc::new(Inner {
            settings,
            state: Mutex::new(state),
            journal,
            faults: Mutex::default(),
            tokens: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// Runs `decide` alone, at a time up to which renewals, expiries and charges are done, and hands its rows to the
    /// journal. Tell nobody of the outcome before `Saved` says it is on disk.
    pub fn change<T>(&self, decide: impl FnOnce(&mut Change<'_>) -> T) -> (T, Saved) {
        let mut state = locked(&self.state);
        let mut change = self.begin(&mut state);
        days::catch_up(&mut change);
        let outcome = decide(&mut change);
        let rows = change.rows;
        let saved = self.journal.append(&rows);
        if !rows.is_empty() {
            self.wake.notify_one();
        }
        (outcome, saved)
    }

    /// The same for an answer, which goes out once everything it may show is on disk.
    pub async fn answer<R: IntoResponse>(&self, decide: impl FnOnce(&mut Change<'_>) -> R) -> Response {
        let (answer, saved) = self.change(decide);
        match saved.await {
            Ok(()) => answer.into_response(),
            Err(_) => Answer::broken().into_response(),
        }
    }

    fn begin<'a>(&'a self, state: &'a mut State) -> Change<'a> {
        let real_now = clock::real_now();
        let now = clock::business(real_now, state.offset_ms);
        let completes_at = real_now + TimeDelta::milliseconds(i64::from(self.settings.completion_ms));
        Change { state, faults: &self.faults, rows: Vec::new(), now, real_now, completes_at }
    }
}

impl Change<'_> {
    pub fn put(&mut self, row: Row) {
        self.state.apply(row.clone());
        self.rows.push(row);
    }

    /// Tells the client's endpoint, as far as the fault scripts let it.
    pub fn tell(&mut self, kind: &str, data: Value) {
        let Some(endpoint) = &self.state.endpoint else { return };
        let fates = locked(self.faults).webhook_fates(kind, &endpoint.url);
        hooks::send(self, kind, data, &fates);
    }
}

/// A panic elsewhere does not make the data wrong: every change is applied row by row without panicking.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
