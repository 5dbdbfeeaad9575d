//! Documents: what is rendered from an event, stored once, and the same bytes for ever.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::customer::ElectronicAddress;

/// What a document can be had as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentFormat {
    Pdf,
    /// UBL 2.1, after EN 16931.
    Ubl,
    Csv,
    Json,
}

impl DocumentFormat {
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Ubl, Self::Csv, Self::Json];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Ubl => "ubl",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for DocumentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which document, by the stream it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum DocumentKey {
    Invoice { invoice_id: Uuid },
    CreditNote { credit_note_id: Uuid },
    CommissionStatement { account_id: Uuid, statement_id: Uuid },
}

impl DocumentKey {
    /// What kind of document it is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice { .. } => "invoice",
            Self::CreditNote { .. } => "credit_note",
            Self::CommissionStatement { .. } => "commission_statement",
        }
    }

    /// The document's own id.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Invoice { invoice_id } => invoice_id,
            Self::CreditNote { credit_note_id } => credit_note_id,
            Self::CommissionStatement { statement_id, .. } => statement_id,
        }
    }
}

/// A document that was rendered and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDocument {
    pub format: DocumentFormat,
    /// Of its bytes, in lower hexadecimal digits.
    pub sha256: String,
    /// How many bytes there are.
    pub size: u64,
}

/// A legal entity as a document names it, frozen when the document was issued. People are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The legal name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Street and the like, one line each; empty where only a private address is known.
    pub address: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub electronic_address: Option<ElectronicAddress>,
}
