//! What every text of the provider has to pass.

use serde::de::DeserializeOwned;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use crate::outcome::Failure;

/// Characters at most in an id, a SKU, a seat or a key: anything longer is a mistake, and ids travel in addresses.
const ID_CHARS: usize = 128;

/// Reads a body as what was agreed. The parser's own message is not kept: it quotes the body.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::undecodable(format!("not what was agreed, at line {line} column {column} of {} bytes", body.len()))
    })
}

/// It can be an id: printable, of bounded length, and not a step in a path.
pub fn is_id(text: &str) -> bool {
    let printable = !text.is_empty() && text.len() <= ID_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic());
    printable && text != "." && text != ".."
}

/// # Errors
/// Undecodable, naming `what`, when it cannot be an id.
pub fn id(text: String, what: &str) -> Result<String, Failure> {
    let length = text.len();
    if is_id(&text) { Ok(text) } else { Err(Failure::undecodable(format!("{what} of {length} bytes is no id"))) }
}

/// In NFC, as every text here, so that what looks the same is found under the same characters.
///
/// # Errors
/// Undecodable, naming `what`, when it is longer than `longest` characters or holds control characters other than
/// line breaks and tabs.
pub fn text(text: String, longest: usize, what: &str) -> Result<String, Failure> {
    let text = if is_nfc(&text) { text } else { text.nfc().collect() };
    let plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    let fits = text.chars().nth(longest).is_none();
    agreed(plain && fits, || format!("{what} is too long or holds control characters"))?;
    Ok(text)
}

/// # Errors
/// Undecodable, with `else_why`, unless `holds`.
pub fn agreed(holds: bool, else_why: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::undecodable(else_why())) }
}

/// Our own id as the provider gives it back; `None` when it gives none or it is none of ours.
pub fn our_ref(external_ref: Option<&str>) -> Option<Uuid> {
    external_ref.and_then(|text| Uuid::try_parse(text).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn ids_are_printable_short_and_no_path_steps() {
        for good in ["a", "sub-1", "SUB_1.2:3", "a/b", "..x", &"x".repeat(128)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a\u{1f}b", "a\nb", "é", &"x".repeat(129)] {
            assert!(!is_id(bad), "{bad:?}");
        }
        assert_eq!(id("a b".to_owned(), "sku").unwrap_err().detail, "sku of 3 bytes is no id");
    }

    #[test]
    fn texts_are_bounded_in_characters() {
        assert_eq!(text("äöü".to_owned(), 3, "name").unwrap(), "äöü");
        assert_eq!(text("a\n\tb".to_owned(), 4, "name").unwrap(), "a\n\tb");
        assert_eq!(text("Bu\u{308}ro".to_owned(), 4, "name").unwrap(), "B\u{fc}ro");
        assert!(text("äöüß".to_owned(), 3, "name").is_err());
        assert!(text("a\0".to_owned(), 3, "name").is_err());
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let failure = decode::<Vec<u32>>(br#"["SECRET-KEY"]"#).unwrap_err();
        assert_eq!(failure.detail, "not what was agreed, at line 1 column 13 of 14 bytes");
    }
}
