//! The driver's journal: every request is on disk before it is sent, every answer after it came.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// About to be sent, for the first time or again.
    Sent(Request),
    Answered {
        tenant: String,
        key: String,
        answer: Received,
    },
    /// No answer came, or one that says nothing about the outcome.
    Unanswered {
        tenant: String,
        key: String,
        why: String,
    },
    /// Somebody looked at a thing that is another tenant's.
    Peeked {
        path: String,
        status: u16,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Whose keys these are: a customer's id, or `seller` for the staff.
    pub tenant: String,
    pub key: String,
    pub method: String,
    pub path: String,
    pub body: Value,
}

/// A definite answer: a success or a refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    pub status: u16,
    /// From `Event-Position`; successes have one.
    pub position: Option<i64>,
    pub body: Value,
}

impl Received {
    pub const fn is_success(&self) -> bool {
        self.status < 300
    }
}

/// Writes lines durably. Clones share the file.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// Appends to the file, made new when there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_path_buf(), file: Arc::new(Mutex::new(file)) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// On disk when this returns.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn write(&self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())?;
        Ok(file.sync_data()?)
    }
}

/// What the journal says about one key.
#[derive(Debug, Clone)]
pub struct Story {
    pub request: Request,
    /// Every definite answer, in the order they came.
    pub answers: Vec<Received>,
}

impl Story {
    /// The id under which the log keeps the outcome.
    pub fn outcome_id(&self) -> Uuid {
        domain::ids::outcome(&self.request.tenant, &self.request.key)
    }

    pub fn success(&self) -> Option<&Received> {
        self.answers.iter().find(|answer| answer.is_success())
    }

    /// Refused, and never anything else.
    pub fn is_refused(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(|answer| !answer.is_success())
    }
}

/// A journal as read back.
#[derive(Debug, Default)]
pub struct Stories {
    pub by_key: BTreeMap<(String, String), Story>,
    /// Path and status of every look at what is another tenant's.
    pub peeks: Vec<(String, u16)>,
}

impl Stories {
    /// # Errors
    /// When the file cannot be read or a line is no line of a journal.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut stories = Self::default();
        for line in text.lines() {
            stories.add(serde_json::from_str(line).with_context(|| format!("no line of a journal: {line}"))?);
        }
        Ok(stories)
    }

    fn add(&mut self, line: Line) {
        match line {
            Line::Sent(request) => {
                let key = (request.tenant.clone(), request.key.clone());
                self.by_key.entry(key).or_insert_with(|| Story { request, answers: Vec::new() });
            }
            Line::Answered { tenant, key, answer } => {
                if let Some(story) = self.by_key.get_mut(&(tenant, key)) {
                    story.answers.push(answer);
                }
            }
            Line::Unanswered { .. } => {}
            Line::Peeked { path, status } => self.peeks.push((path, status)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    fn sent(key: &str) -> Line {
        let (tenant, method, path) = ("seller".into(), "POST".into(), "/v1/customers".into());
        Line::Sent(Request { tenant, key: key.into(), method, path, body: json!({}) })
    }

    fn answered(key: &str, status: u16) -> Line {
        let answer = Received { status, position: None, body: Value::Null };
        Line::Answered { tenant: "seller".into(), key: key.into(), answer }
    }

    #[test]
    fn a_journal_is_read_back_by_key() {
        let path = crate::world::folders::scratch("journal").unwrap().join("journal");
        let journal = Journal::open(&path).unwrap();
        let unanswered = Line::Unanswered { tenant: "seller".into(), key: "a".into(), why: "reset".into() };
        for line in [sent("a"), unanswered, sent("a"), answered("a", 201), sent("b"), answered("b", 422), sent("c")] {
            journal.write(&line).unwrap();
        }
        let stories = Stories::read(&path).unwrap();
        let story = |key: &str| &stories.by_key[&("seller".to_owned(), key.to_owned())];
        assert_eq!(story("a").success().unwrap().status, 201);
        assert!(story("b").is_refused() && story("b").success().is_none());
        assert!(!story("c").is_refused() && story("c").answers.is_empty());
    }
}
