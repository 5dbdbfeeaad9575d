//! How every list looks.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    pub data: Vec<T>,
    /// For `?cursor=`; `null` on the last page.
    pub next_cursor: Option<String>,
}
