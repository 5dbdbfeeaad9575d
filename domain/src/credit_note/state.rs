//! What a credit note is, folded from its events.

use serde::{Deserialize, Serialize};

use super::{CreditNoteEvent, IssuedCreditNote};
use crate::Money;
use crate::document::{DocumentFormat, StoredDocument};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditNoteState {
    /// There is none of this id.
    #[default]
    Unknown,
    Known(Box<CreditNote>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditNote {
    /// With all lines.
    pub issued: IssuedCreditNote,
    pub settlement: Option<Settlement>,
    pub documents: Vec<StoredDocument>,
}

/// Where its total went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub invoice: Money,
    pub balance: Money,
    pub refund: Money,
}

impl CreditNoteState {
    pub fn known(&self) -> Option<&CreditNote> {
        match self {
            Self::Unknown => None,
            Self::Known(note) => Some(note),
        }
    }

    pub(super) fn evolve(&mut self, event: &CreditNoteEvent) {
        match (&mut *self, event) {
            (state, CreditNoteEvent::CreditNoteIssued(issued)) => {
                let note = CreditNote { issued: (**issued).clone(), settlement: None, documents: Vec::new() };
                *state = Self::Known(Box::new(note));
            }
            (Self::Known(note), CreditNoteEvent::CreditNoteLinesAdded { lines }) => {
                note.issued.lines.extend(lines.iter().cloned());
            }
            (Self::Known(note), CreditNoteEvent::CreditNoteSettled { invoice, balance, refund }) => {
                note.settlement = Some(Settlement { invoice: *invoice, balance: *balance, refund: *refund });
            }
            (Self::Known(note), CreditNoteEvent::CreditNoteDocumentStored { document }) => {
                note.documents.push(document.clone());
            }
            // A stream begins with its issue; without it there is nothing to fold into.
            (
                Self::Unknown,
                CreditNoteEvent::CreditNoteLinesAdded { .. }
                | CreditNoteEvent::CreditNoteSettled { .. }
                | CreditNoteEvent::CreditNoteDocumentStored { .. },
            ) => {}
        }
    }
}

impl CreditNote {
    /// `issued` until it is said where its total goes.
    pub const fn status(&self) -> &'static str {
        if self.settlement.is_some() { "settled" } else { "issued" }
    }

    /// The document of that format, once it is stored.
    pub fn document(&self, format: DocumentFormat) -> Option<&StoredDocument> {
        self.documents.iter().find(|document| document.format == format)
    }
}
