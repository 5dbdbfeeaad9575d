//! What was received, one message per Message-ID.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

use crate::sim::journal::{Journal, Saved};

/// Clones share it.
#[derive(Clone)]
pub struct Inbox {
    memory: Arc<Mutex<Memory>>,
    journal: Arc<Journal>,
}

#[derive(Default)]
struct Memory {
    kept: Vec<Kept>,
    /// Who was told to come again.
    put_off: HashSet<String>,
}

/// A message as it came, with its envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
}

#[derive(Clone, Debug)]
pub struct Kept {
    pub message: Received,
    pub message_id: Option<String>,
    /// How often it came.
    pub copies: u32,
}

#[derive(Serialize, Deserialize)]
enum Row {
    Received(Received),
    Emptied,
}

impl Inbox {
    /// # Errors
    /// When the folder cannot be read, or another sink uses it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let mut memory = Memory::default();
        let journal = Journal::open(folder, |row: Row| memory.apply(row))?;
        Ok(Self { memory: Arc::new(Mutex::new(memory)), journal: Arc::new(journal) })
    }

    /// It is on disk once the answer has come.
    pub fn take(&self, message: Received) -> Saved {
        self.note(Row::Received(message))
    }

    pub fn empty(&self) -> Saved {
        self.note(Row::Emptied)
    }

    /// Every message, in the order in which the first copies came.
    pub fn all(&self) -> Vec<Kept> {
        self.memory().kept.clone()
    }

    /// True the first time.
    pub fn puts_off(&self, address: &str) -> bool {
        self.memory().put_off.insert(address.to_owned())
    }

    fn note(&self, row: Row) -> Saved {
        let mut memory = self.memory();
        // Under the lock, so that memory and journal have the same order.
        let saved = self.journal.append(std::slice::from_ref(&row));
        memory.apply(row);
        saved
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn apply(&mut self, row: Row) {
        match row {
            Row::Emptied => self.kept.clear(),
            Row::Received(message) => {
                let parsed = MessageParser::new().parse(&message.raw);
                let message_id = parsed.as_ref().and_then(|parsed| parsed.message_id()).map(str::to_owned);
                let twin = self.kept.iter_mut().find(|kept| message_id.is_some() && kept.message_id == message_id);
                match twin {
                    Some(twin) => twin.copies += 1,
                    None => self.kept.push(Kept { message, message_id, copies: 1 }),
                }
            }
        }
    }
}
