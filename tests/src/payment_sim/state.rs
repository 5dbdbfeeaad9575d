//! What the gateways know, in memory: rebuilt from rows, changed by rows.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::faults::Fault;
use super::rows::{Completion, Effect, Request, Row, Status};
use super::world::Change;
use super::{Settings, completion};
use crate::sim::Model;
use crate::sim::hooks::{Hook, Recipient};
use crate::sim::memory::Memory;
use crate::sim::table::Table;

#[derive(Default)]
pub struct State {
    memory: Memory,
    pub requests: Table<Request>,
    /// The newest of each reference.
    pub request_by_ref: HashMap<String, String>,
    pub effects: Vec<Effect>,
    /// What comes to its outcome when, in real time.
    pub due: BTreeSet<(DateTime<Utc>, Due)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The request of this id.
    Charge(String),
    /// The request, and the refund.
    Refund(String, String),
}

impl State {
    fn put_request(&mut self, request: Request) {
        let id = request.payment_request_id.clone();
        if self.requests.get(&id).is_none() {
            self.request_by_ref.insert(request.reference.clone(), id.clone());
        }
        self.set_due(Due::Charge(id.clone()), request.status, &request.completion);
        for refund in &request.refunds {
            self.set_due(Due::Refund(id.clone(), refund.refund_id.clone()), refund.status, &refund.completion);
        }
        self.requests.put(request);
    }

    fn set_due(&mut self, what: Due, status: Status, completion: &Completion) {
        if status == Status::Pending && completion.comes_by_itself() {
            self.due.insert((completion.due_at, what));
        } else {
            self.due.remove(&(completion.due_at, what));
        }
    }
}

impl Model for State {
    type Own = Settings;
    type Row = Row;
    type Fault = Fault;

    fn apply(&mut self, row: Row) {
        match row {
            Row::Request(request) => self.put_request(*request),
            Row::Effect(effect) => self.effects.push(effect),
            Row::Remembered(row) => self.memory.apply(row),
        }
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn beginning(_: DateTime<Utc>) -> Vec<Row> {
        Vec::new()
    }

    /// Nothing here happens by the calendar.
    fn catch_up(_: &mut Change<'_>) {}

    fn complete_due(change: &mut Change<'_>) {
        completion::complete_due(change);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due.first().map(|(at, _)| *at)
    }

    fn unfinished(&self) -> usize {
        self.due.len()
    }

    fn recipient(&self, own: &Settings, hook: &Hook, _: DateTime<Utc>) -> Option<Recipient> {
        Some(Recipient { url: hook.url.clone(), secrets: own.webhook_secrets.clone() })
    }
}
