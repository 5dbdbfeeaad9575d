//! Documents people and authorities accept: what was issued, as PDF, UBL, CSV and JSON.
//!
//! Data in, bytes out. The same event gives the same bytes: nothing here knows a clock, a random number or a place on
//! disk. [`Sheet`] is what a document says, whatever it is written as; cost, margin, reseller amounts and commission
//! never get into that of a customer, and people are never named.

mod csv;
mod json;
mod pdf;
pub mod samples;
mod sheet;
mod ubl;
mod words;

pub use sheet::{CommissionLine, Kind, Line, Named, Names, Of, Seats, ServiceLine, Sheet};
pub use words::Language;

use domain::document::DocumentFormat;
use thiserror::Error;

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// Nobody has this one in this format: a draft, or UBL in a currency of three decimals.
    #[error("there is no such document")]
    NotAvailable,
    /// It ought to be there; says what went wrong, without naming anybody.
    #[error("the document cannot be written: {0}")]
    Faulty(String),
}

/// The bytes of a document.
///
/// # Errors
/// [`RenderError`].
pub fn render(sheet: &Sheet, format: DocumentFormat) -> Result<Vec<u8>, RenderError> {
    match format {
        DocumentFormat::Pdf => pdf::write(sheet),
        DocumentFormat::Ubl => ubl::write(sheet),
        DocumentFormat::Csv => csv::write(sheet),
        DocumentFormat::Json => json::write(sheet),
    }
}

/// Whether a document of that format is kept ready; the others are rendered when somebody asks.
pub fn is_kept_ready(sheet: &Sheet, format: DocumentFormat) -> bool {
    match format {
        DocumentFormat::Pdf => true,
        DocumentFormat::Ubl => ubl::is_available(sheet),
        DocumentFormat::Csv | DocumentFormat::Json => false,
    }
}

/// The media type of a format.
pub const fn media_type(format: DocumentFormat) -> &'static str {
    match format {
        DocumentFormat::Pdf => "application/pdf",
        DocumentFormat::Ubl => "application/xml",
        DocumentFormat::Csv => "text/csv; charset=utf-8",
        DocumentFormat::Json => "application/json",
    }
}

/// The end of a file's name in a format.
pub const fn extension(format: DocumentFormat) -> &'static str {
    match format {
        DocumentFormat::Pdf => "pdf",
        DocumentFormat::Ubl => "xml",
        DocumentFormat::Csv => "csv",
        DocumentFormat::Json => "json",
    }
}
