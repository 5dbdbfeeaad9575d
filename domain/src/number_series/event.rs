//! What can happen to a series of document numbers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Numbered;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NumberSeriesEvent {
    /// In the same append as the document that bears it: none is ever missing, and none is used twice.
    NumberAllotted {
        kind: Numbered,
        seller_entity: String,
        /// Of the book date.
        year: i32,
        /// Counted from 1 in each year.
        n: u32,
        /// As the document shows it.
        number: String,
        document_id: Uuid,
    },
}

facts!(NumberSeriesEvent in NumberSeries { NumberAllotted "1.0" });
