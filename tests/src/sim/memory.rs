//! What every simulator remembers beside its own things.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::hooks::{Hook, Hooks};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Remembered {
    Answer(KeptAnswer),
    Hook(Hook),
    /// The hook of this number needs no more delivery.
    HookDone(u64),
    /// Business time minus real time, in milliseconds.
    Offset(i64),
}

/// The answer once given for an idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptAnswer {
    pub key: String,
    /// Method, path and body it was given for.
    pub fingerprint: String,
    pub answer: Answer,
}

#[derive(Default)]
pub struct Memory {
    pub offset_ms: i64,
    pub answers: HashMap<String, KeptAnswer>,
    pub hooks: Hooks,
}

impl Memory {
    pub fn apply(&mut self, row: Remembered) {
        match row {
            Remembered::Answer(kept) => {
                self.answers.insert(kept.key.clone(), kept);
            }
            Remembered::Hook(hook) => self.hooks.put(hook),
            Remembered::HookDone(number) => self.hooks.done(number),
            Remembered::Offset(offset_ms) => self.offset_ms = offset_ms,
        }
    }
}
