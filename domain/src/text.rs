//! Which text is fit to be kept, shown and printed.

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

/// What a reader sees as characters.
pub const MAX_GRAPHEMES: usize = 200;
/// Code points of one of them. Marks can pile up on a character; this bounds the pile. The longest emoji has ten, a
/// syllable of an Indian script hardly more.
pub const MAX_CODE_POINTS: usize = 12;
/// In UTF-8, which follows from the other two. An event holds several such texts beside the lines of an invoice.
pub const MAX_BYTES: usize = MAX_GRAPHEMES * MAX_CODE_POINTS * 4;

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextProblem {
    #[error("The text has more than {MAX_GRAPHEMES} characters, or one made of more than {MAX_CODE_POINTS} parts.")]
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
    if text.len() > MAX_BYTES || is_long(text) {
        return Err(TextProblem::TooLong);
    }
    let (mut before, mut picture) = (None, None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let joins = Neighbours { before, picture, after: rest.clone().next() }.need(c);
        if let Some(problem) = problem(c).filter(|_| !joins) {
            return Err(problem);
        }
        before = Some(c);
        picture = if is_modifier(c) { picture } else { before };
    }
    Ok(())
}

fn is_long(text: &str) -> bool {
    let mut graphemes = text.graphemes(true);
    let piled = graphemes.by_ref().take(MAX_GRAPHEMES).any(|one| one.chars().nth(MAX_CODE_POINTS).is_some());
    piled || graphemes.next().is_some()
}

/// What a joiner stands between.
struct Neighbours {
    before: Option<char>,
    /// The same without what changes a picture.
    picture: Option<char>,
    after: Option<char>,
}

impl Neighbours {
    /// Whether it is a joiner that changes how they look, as words of Persian and Indian scripts and composed emoji need
    /// it. Anywhere else, and at either end of a word, nobody sees it: two texts with and without it look alike.
    fn need(&self, c: char) -> bool {
        let (Some(before), Some(picture), Some(after)) = (self.before, self.picture, self.after) else { return false };
        let half = is_virama(before) && is_indian(after);
        match c {
            NON_JOINER => half || (is_cursive(before) && is_cursive(after)),
            JOINER => half || (is_indian(before) && is_virama(after)) || are_one_picture(picture, after),
            _ => false,
        }
    }
}

/// With a joiner between them they are one grapheme, without it two.
fn are_one_picture(left: char, right: char) -> bool {
    let graphemes = |characters: &[char]| String::from_iter(characters).graphemes(true).count();
    graphemes(&[left, JOINER, right]) == 1 && graphemes(&[left, right]) == 2
}

/// A colour of skin, or that it is to be a picture.
const fn is_modifier(c: char) -> bool {
    matches!(c, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

/// A letter of Arabic, Syriac or what is written like them, which joins the next one unless told not to.
fn is_cursive(c: char) -> bool {
    matches!(c, '\u{0620}'..='\u{077F}' | '\u{0860}'..='\u{08FF}') && c.is_alphabetic()
}

fn is_indian(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{0DFF}') && c.is_alphabetic()
}

/// Takes the vowel off a consonant of an Indian script, which so joins the next one.
const fn is_virama(c: char) -> bool {
    let northern = matches!(c, '\u{094D}' | '\u{09CD}' | '\u{0A4D}' | '\u{0ACD}' | '\u{0B4D}');
    northern || matches!(c, '\u{0BCD}' | '\u{0C4D}' | '\u{0CCD}' | '\u{0D4D}' | '\u{0DCA}')
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use unicode_segmentation::UnicodeSegmentation;

    use super::{MAX_BYTES, MAX_CODE_POINTS, MAX_GRAPHEMES, TextProblem, check, check_required};

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
    fn length_counts_characters_and_what_one_is_made_of() {
        let family = "👩🏽\u{200d}👩🏿\u{200d}👧🏻\u{200d}👦🏾";
        for character in ["a", "ä", "😀", "👍🏽", "🇩🇪", "e\u{301}", family] {
            assert_eq!(check(&character.repeat(200)), Ok(()), "{character}");
            assert_eq!(check(&character.repeat(201)), Err(TextProblem::TooLong), "{character}");
        }
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(11))), Ok(()));
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(12))), Err(TextProblem::TooLong));
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(2000))), Err(TextProblem::TooLong));
        let longest = format!("𝔘{}", "\u{1d165}".repeat(11)).repeat(200);
        assert_eq!((check(&longest), longest.len()), (Ok(()), MAX_BYTES));
    }

    #[test]
    fn joiners_that_a_reader_can_see_pass() {
        let names = [
            "علی\u{200c}رضا",
            "نرم\u{200c}افزار",
            "خانه\u{200c}های ما",
            "ශ\u{dca}\u{200d}රී ලංකා",
            "र\u{94d}\u{200d}य",
            "क\u{94d}\u{200c}ष",
            "র\u{200d}\u{9cd}যাব",
            "👩🏽\u{200d}💻",
            "🏳\u{fe0f}\u{200d}🌈",
            "👨\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨",
        ];
        for name in names {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn joiners_that_nobody_sees_are_refused() {
        for joiner in ["\u{200c}", "\u{200d}"] {
            let lone = [
                joiner.to_owned(),
                format!("{joiner}علی"),
                format!("علی{joiner}"),
                format!("علی{joiner} رضا"),
                format!("علی {joiner}رضا"),
                format!("علی{joiner}{joiner}رضا"),
                format!("علی{joiner}a"),
                format!("۱{joiner}۲"),
                format!("{joiner}😀"),
                format!("😀{joiner}"),
                format!("😀{joiner} 😀"),
                format!("😀{joiner}a"),
                format!("a{joiner}😀"),
                format!("a\u{fe0f}{joiner}😀"),
                format!("a{joiner}\u{301}"),
                format!("क{joiner}"),
                format!("क\u{94d}{joiner}"),
                format!("क\u{94d}{joiner}a"),
                format!("ad{joiner}min"),
            ];
            for text in lone {
                assert_eq!(check(&text), Err(TextProblem::Invisible), "{text:?}");
            }
        }
        // Letters that join anyway look the same with a joiner, pictures the same with a non-joiner.
        assert_eq!(check("علی\u{200d}رضا"), Err(TextProblem::Invisible));
        assert_eq!(check("😀\u{200c}😀"), Err(TextProblem::Invisible));
    }

    fn any_text() -> impl Strategy<Value = String> {
        let telling =
            ["\u{200c}", "\u{200d}", "ی", "ر", "क", "\u{94d}", "👩", "🏽", "\u{fe0f}", "🇩", "a", " ", "\u{301}"];
        let telling = select(telling.to_vec()).prop_map(str::to_owned);
        let piece = prop_oneof![4 => telling, 1 => any::<char>().prop_map(String::from)];
        vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_passes_fits_and_has_joiners_only_inside(text in any_text()) {
            if check(&text).is_err() {
                return Ok(());
            }
            prop_assert!(text.len() <= MAX_BYTES && text.graphemes(true).count() <= MAX_GRAPHEMES);
            let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
            for word in text.split_whitespace() {
                prop_assert!(!word.starts_with(is_joiner) && !word.ends_with(is_joiner));
            }
            let characters: Vec<char> = text.chars().collect();
            prop_assert!(!characters.windows(2).any(|pair| pair.iter().copied().all(is_joiner)));
        }

        #[test]
        fn without_joiners_only_length_and_each_character_count(text in any_text()) {
            let text = text.replace(['\u{200c}', '\u{200d}'], "");
            let each = text.chars().all(|c| check(&c.to_string()).is_ok());
            let piled = text.graphemes(true).any(|one| one.chars().count() > MAX_CODE_POINTS);
            prop_assert_eq!(check(&text).is_ok(), each && !piled);
        }
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
