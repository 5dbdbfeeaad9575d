//! Personal data and secrets stay out of events: an event carries a reference, the fields live beside the log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Points at one revision of one subject's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonalRef {
    pub subject: Uuid,
    pub revision: i32,
}

/// Why the fields are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalKind {
    /// About a person; emptied when the customer's personal data is erased.
    Person,
    /// A licence key or another secret.
    Secret,
}

impl PersonalKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Secret => "secret",
        }
    }
}

/// The fields behind a [`PersonalRef`], written in the same append as the event that refers to them.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonalData {
    pub reference: PersonalRef,
    pub customer_id: Uuid,
    pub kind: PersonalKind,
    pub fields: Map<String, Value>,
}
