//! Opaque cursors: where a page ended, sealed for one caller and one set of filters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::limits::CURSOR_BYTES;
use super::problem::{Problem, ProblemType};
use super::query::Query;

/// Bytes of the seal: 128 bits cannot be guessed, and keep cursors short.
const TAG_BYTES: usize = 16;

/// The last item of a page: the next one begins after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// What the list is sorted by.
    #[serde(rename = "k")]
    pub sort_key: String,
    /// Tells items with the same sort key apart.
    pub id: String,
}

/// What a cursor is good for: one list, one caller, one set of filters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CursorScope([u8; 32]);

impl CursorScope {
    /// `list` names the operation; `tenant` is whatever the caller's view depends on, such as the customer's id.
    pub fn new(list: &str, tenant: &str, query: &Query) -> Self {
        let mut hash = Sha256::new();
        for part in [list, tenant, &query.filters()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// The key of all cursors. Every process of an installation has the same one, from its configuration.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

impl CursorKey {
    /// Derives the key, so that the secret may serve other purposes too.
    pub fn from_secret(secret: &[u8]) -> Self {
        // A block of the hash, so that the key is taken as it is: its second half stays zero.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::new().chain_update(b"cursor\0").chain_update(secret).finalize());
        Self(Hmac::new(&key.into()))
    }

    /// The cursor as text for `next_cursor`.
    pub fn seal(&self, scope: &CursorScope, cursor: &Cursor) -> String {
        let payload = serde_json::to_vec(cursor).unwrap_or_default();
        let mut sealed = self.mac(scope, &payload).finalize().into_bytes()[..TAG_BYTES].to_vec();
        sealed.extend_from_slice(&payload);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Reads back what [`Self::seal`] made for the same scope.
    ///
    /// # Errors
    /// `invalid-cursor`: made up, altered, or of another list, caller or set of filters.
    pub fn open(&self, scope: &CursorScope, text: &str) -> Result<Cursor, Problem> {
        self.opened(scope, text).ok_or_else(|| ProblemType::InvalidCursor.into())
    }

    fn opened(&self, scope: &CursorScope, text: &str) -> Option<Cursor> {
        let sealed = (text.len() <= CURSOR_BYTES).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        let (tag, payload) = sealed.split_at_checked(TAG_BYTES)?;
        self.mac(scope, payload).verify_truncated_left(tag).ok()?;
        serde_json::from_slice(payload).ok()
    }

    fn mac(&self, scope: &CursorScope, payload: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(scope.0).chain_update(payload)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scope(list: &str, tenant: &str, query: &str) -> CursorScope {
        CursorScope::new(list, tenant, &Query::parse(Some(query)).unwrap())
    }

    #[test]
    fn a_cursor_opens_where_it_was_made() {
        let key = CursorKey::from_secret(b"secret");
        let cursor = Cursor { sort_key: "2025-01-01T00:00:00Z".to_owned(), id: "7".to_owned() };
        let text = key.seal(&scope("orders", "a", "status=placed&limit=2"), &cursor);
        let again = scope("orders", "a", &format!("limit=50&status=placed&cursor={text}"));
        assert_eq!(key.open(&again, &text).unwrap(), cursor);
        assert_eq!(CursorKey::from_secret(b"secret").open(&again, &text).unwrap(), cursor);
    }

    #[test]
    fn it_opens_nowhere_else() {
        let key = CursorKey::from_secret(b"secret");
        let here = scope("orders", "a", "status=placed");
        let text = key.seal(&here, &Cursor { sort_key: "k".to_owned(), id: "7".to_owned() });
        let elsewhere = [
            scope("orders", "b", "status=placed"),
            scope("orders", "a", "status=failed"),
            scope("orders", "a", ""),
            scope("invoices", "a", "status=placed"),
            scope("order", "sa", "status=placed"),
        ];
        for other in elsewhere {
            assert_eq!(key.open(&other, &text).unwrap_err().kind(), ProblemType::InvalidCursor);
        }
        assert!(CursorKey::from_secret(b"other").open(&here, &text).is_err());
    }

    #[test]
    fn forgeries_are_refused() {
        let key = CursorKey::from_secret(b"secret");
        let here = scope("orders", "a", "");
        let text = key.seal(&here, &Cursor { sort_key: "k".to_owned(), id: "7".to_owned() });
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(key.open(&here, &URL_SAFE_NO_PAD.encode(altered)).is_err(), "byte {at}");
        }
        let bare = URL_SAFE_NO_PAD.encode(b"{\"k\":\"a\",\"id\":\"b\"}");
        for forged in
            ["", "abc", "!!!", &text[..20], &format!("{text}="), &format!("{text}AAAA"), &bare, &"A".repeat(5000)]
        {
            assert!(key.open(&here, forged).is_err(), "{forged}");
        }
    }
}
