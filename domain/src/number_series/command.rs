//! What can be asked of a series of document numbers.

use uuid::Uuid;

use super::Series;

#[derive(Debug, Clone)]
pub enum NumberSeriesCommand {
    /// The next number is this document's.
    Allot { series: Series, document_id: Uuid },
}
