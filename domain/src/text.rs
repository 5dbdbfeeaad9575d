//! Which text is fit to be kept, shown and printed.

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

/// What a reader sees as characters.
pub const MAX_GRAPHEMES: usize = 200;
/// In UTF-8. Marks can pile up on one character; this bounds the pile.
pub const MAX_BYTES: usize = 800;

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextProblem {
    #[error("The text has more than {MAX_GRAPHEMES} characters or {MAX_BYTES} bytes.")]
    TooLong,
    #[error("The text contains a control character.")]
    Control,
    #[error("The text contains a character that overrides the direction of writing.")]
    Direction,
    #[error("The text contains an invisible character.")]
    Invisible,
    #[error("The text is empty or has only white space.")]
    Blank,
}

/// Refuses what is too long, or cannot be seen and so could deceive. An empty text passes.
///
/// # Errors
/// The first [`TextProblem`] found.
pub fn check(text: &str) -> Result<(), TextProblem> {
    // Most texts are this plain, and then bytes are characters.
    if text.len() <= MAX_GRAPHEMES && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    if text.len() > MAX_BYTES || text.graphemes(true).count() > MAX_GRAPHEMES {
        return Err(TextProblem::TooLong);
    }
    text.chars().find_map(problem).map_or(Ok(()), Err)
}

/// [`check`], and something must be there to read.
///
/// # Errors
/// The first [`TextProblem`] found.
pub fn check_required(text: &str) -> Result<(), TextProblem> {
    check(text)?;
    if text.trim().is_empty() { Err(TextProblem::Blank) } else { Ok(()) }
}

fn problem(c: char) -> Option<TextProblem> {
    match c {
        // Line and paragraph separators break a line like a control character does.
        '\u{2028}' | '\u{2029}' => Some(TextProblem::Control),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some(TextProblem::Direction),
        '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' => {
            Some(TextProblem::Invisible)
        }
        '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' => Some(TextProblem::Invisible),
        _ if c.is_control() || is_noncharacter(c) => Some(TextProblem::Control),
        _ => None,
    }
}

/// Code points that never stand for a character; XML documents may not contain all of them.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::{TextProblem, check, check_required};

    #[test]
    fn ordinary_names_of_many_scripts_pass() {
        for name in ["Büro Süd GmbH & Co. KG", "株式会社", "شركة", "O'Neill – \"Peat\"", "", "🧑 ½ ℵ"]
        {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        let problems = [
            ("a\u{0}b", TextProblem::Control),
            ("a\nb", TextProblem::Control),
            ("a\u{7f}", TextProblem::Control),
            ("a\u{85}", TextProblem::Control),
            ("a\u{2028}b", TextProblem::Control),
            ("a\u{ffff}", TextProblem::Control),
            ("exe\u{202e}fdp", TextProblem::Direction),
            ("\u{2066}x\u{2069}", TextProblem::Direction),
            ("ad\u{200b}min", TextProblem::Invisible),
            ("ad\u{200d}min", TextProblem::Invisible),
            ("\u{feff}admin", TextProblem::Invisible),
            ("a\u{e0041}", TextProblem::Invisible),
        ];
        for (text, problem) in problems {
            assert_eq!(check(text), Err(problem), "{text:?}");
        }
    }

    #[test]
    fn length_counts_characters_and_bytes() {
        assert_eq!(check(&"ä".repeat(200)), Ok(()));
        assert_eq!(check(&"😀".repeat(200)), Ok(()));
        assert_eq!(check(&"a".repeat(201)), Err(TextProblem::TooLong));
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(2000))), Err(TextProblem::TooLong));
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(399))), Ok(()));
    }

    #[test]
    fn required_text_has_something_to_read() {
        assert_eq!(check_required("x"), Ok(()));
        for blank in ["", " ", "\u{a0}\u{3000}"] {
            assert_eq!(check_required(blank), Err(TextProblem::Blank), "{blank:?}");
        }
        assert_eq!(check_required("\t"), Err(TextProblem::Control));
    }
}
