//! Cursors: where the next page begins, written so that no client is tempted to compute one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::sim::answer::Answer;

/// The query parameters of all lists.
#[derive(Debug, Default, Deserialize)]
pub struct Asking {
    pub cursor: Option<String>,
    pub external_ref: Option<String>,
    pub account_id: Option<String>,
    pub updated_since: Option<String>,
    pub period: Option<String>,
}

impl Asking {
    /// The index the page begins at.
    pub fn start(&self) -> Result<usize, Answer> {
        let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) else { return Ok(0) };
        read(cursor).ok_or_else(|| Answer::bad_request("invalid_cursor", "This cursor was not given out here."))
    }
}

pub fn cursor(index: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("from:{index}"))
}

fn read(cursor: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("from:")?.parse().ok()
}
