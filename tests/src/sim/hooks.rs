//! Webhooks on their way.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hook {
    /// Counts deliveries; a repeated webhook has two numbers and one id.
    pub number: u64,
    pub id: String,
    pub kind: String,
    pub body: String,
    /// The address it was made for.
    #[serde(default)]
    pub url: String,
    /// Real time.
    pub due_at: DateTime<Utc>,
    /// A script holds it back: nobody waits for it.
    pub late: bool,
    /// Signed with a secret the receiver does not have.
    pub forged: bool,
}

/// Who gets a webhook.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub url: String,
    /// Each signs; several during a rotation.
    pub secrets: Vec<String>,
}

/// Webhooks not yet delivered; those under way are in no queue.
#[derive(Default)]
pub struct Hooks {
    last_number: u64,
    waiting: HashMap<u64, Hook>,
    queue: BTreeSet<(DateTime<Utc>, u64)>,
}

impl Hooks {
    pub fn waiting(&self) -> impl Iterator<Item = &Hook> {
        self.waiting.values()
    }

    pub fn is_waiting(&self, number: u64) -> bool {
        self.waiting.contains_key(&number)
    }

    pub fn next_number(&self) -> u64 {
        self.last_number + 1
    }

    /// Takes the oldest due webhook out of the queue; it stays known until it is done or queued again.
    pub fn take_due(&mut self, now: DateTime<Utc>) -> Option<Hook> {
        let (due_at, number) = self.queue.first().copied().filter(|(due_at, _)| *due_at <= now)?;
        self.queue.remove(&(due_at, number));
        self.waiting.get(&number).cloned()
    }

    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.queue.first().map(|(due_at, _)| *due_at)
    }

    /// Delivers it again at that time. Not kept on disk: after a restart all that is open is tried at once.
    pub fn queue_again(&mut self, number: u64, at: DateTime<Utc>) {
        if let Some(hook) = self.waiting.get_mut(&number) {
            hook.due_at = at;
            self.queue.insert((at, number));
        }
    }

    pub fn put(&mut self, hook: Hook) {
        self.last_number = self.last_number.max(hook.number);
        self.queue.insert((hook.due_at, hook.number));
        self.waiting.insert(hook.number, hook);
    }

    pub fn done(&mut self, number: u64) {
        if let Some(hook) = self.waiting.remove(&number) {
            self.queue.remove(&(hook.due_at, number));
        }
    }
}
