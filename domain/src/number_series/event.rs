//! What can happen to a series of document numbers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NumberSeriesEvent {
    /// In the same append as the document that bears it: none is ever missing, and none is used twice.
    NumberAllotted { number: String, n: u32, document_id: Uuid },
}

facts!(NumberSeriesEvent in NumberSeries { NumberAllotted "1.0" });
