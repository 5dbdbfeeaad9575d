//! Noto Sans, regular and bold: how wide text is, and which glyphs it is drawn with.

use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::MetadataProvider;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use unicode_segmentation::UnicodeSegmentation;

use super::page::{Style, Weight};
use crate::RenderError;

/// Stands for what a reader sees as one character and the font does not have; copied text still holds the character itself.
const MISSING: char = '?';

pub struct Faces {
    regular: Face,
    bold: Face,
}

struct Face {
    font: Font,
    characters: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

impl Faces {
    /// # Errors
    /// [`RenderError::Faulty`] when a font that is part of the program cannot be read.
    pub fn load() -> Result<Self, RenderError> {
        Ok(Self { regular: Face::load(notosans::REGULAR_TTF)?, bold: Face::load(notosans::BOLD_TTF)? })
    }

    fn of(&self, style: Style) -> &Face {
        match style.weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub fn font(&self, style: Style) -> Font {
        self.of(style).font.clone()
    }

    pub fn width(&self, text: &str, style: Style) -> f32 {
        self.of(style).drawn(text).iter().map(|drawn| drawn.advance).sum::<f32>() * style.size
    }

    /// The glyphs of a text, for a size of one.
    pub fn glyphs(&self, text: &str, style: Style) -> Vec<KrillaGlyph> {
        let drawn = self.of(style).drawn(text).into_iter();
        drawn.map(|one| KrillaGlyph::new(GlyphId::new(one.id), one.advance, 0.0, 0.0, 0.0, one.range, None)).collect()
    }

    /// Lines no wider than that. All but the last end with a blank, so that copied text keeps its words apart; a word
    /// that is too wide is divided anywhere.
    pub fn wrap(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, style) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(format!("{line} "));
            }
            line = self.divided(word, style, width, &mut lines);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// Puts what fills lines into them; what is left begins the next.
    fn divided(&self, word: &str, style: Style, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        for character in word.graphemes(true) {
            let fits = self.width(&format!("{line}{character}"), style) <= width;
            if !fits && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(character);
        }
        line
    }
}

/// A glyph for a part of a text; the advance is for a size of one.
struct Drawn {
    range: Range<usize>,
    id: u32,
    advance: f32,
}

impl Face {
    fn load(data: &'static [u8]) -> Result<Self, RenderError> {
        let faulty = |_| RenderError::Faulty("a font cannot be read".to_owned());
        let font = skrifa::FontRef::new(data).map_err(faulty)?;
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units = font.metrics(Size::unscaled(), LocationRef::default()).units_per_em;
        let embedded = Font::new(data.into(), 0).ok_or(()).map_err(faulty_font)?;
        Ok(Self { font: embedded, characters: font.charmap(), metrics, units: f32::from(units) })
    }

    fn drawn(&self, text: &str) -> Vec<Drawn> {
        let mut drawn = Vec::with_capacity(text.len());
        for (start, character) in text.grapheme_indices(true) {
            self.draw(start, character, &mut drawn);
        }
        drawn
    }

    /// One character as a reader sees it. What the font does not have of it goes with what stands before.
    fn draw(&self, start: usize, character: &str, drawn: &mut Vec<Drawn>) {
        for (n, part) in character.char_indices() {
            let range = start + n..start + n + part.len_utf8();
            match (self.characters.map(part), drawn.last_mut().filter(|_| n > 0)) {
                (None, Some(before)) => before.range.end = range.end,
                (id, _) => {
                    let id = id.or_else(|| self.characters.map(MISSING)).unwrap_or_default();
                    let advance = self.metrics.advance_width(id).unwrap_or_default() / self.units;
                    drawn.push(Drawn { range, id: id.to_u32(), advance });
                }
            }
        }
    }
}

fn faulty_font((): ()) -> RenderError {
    RenderError::Faulty("a font cannot be embedded".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lines_are_no_wider_than_asked_and_nothing_is_lost() {
        let faces = Faces::load().unwrap();
        let style = Style::regular(9.0);
        let text = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen für 25 Plätze und noch mehr Worte";
        let lines = faces.wrap(text, style, 90.0);
        assert!(lines.len() > 4);
        assert!(lines.iter().all(|line| faces.width(line.trim_end(), style) <= 90.0), "{lines:?}");
        assert_eq!(lines.concat(), text);
        assert!(faces.wrap("", style, 90.0).is_empty());
    }

    #[test]
    fn digits_are_as_wide_as_each_other_and_what_is_missing_has_a_stand_in() {
        let faces = Faces::load().unwrap();
        let widths = "0123456789".chars().map(|digit| faces.width(&digit.to_string(), Style::regular(10.0)));
        assert!(widths.clone().all(|width| Some(width) == widths.clone().next()));
        assert!(faces.width("株", Style::bold(10.0)) > 0.0);
    }

    #[test]
    fn what_is_one_character_to_a_reader_is_drawn_as_one() {
        let faces = Faces::load().unwrap();
        let style = Style::regular(10.0);
        let missing = faces.width("株", style);
        for character in ["👍🏽", "🇩🇪", "👩🏽\u{200d}👩🏿\u{200d}👧🏻\u{200d}👦🏾", "ی\u{200c}", "க\u{bcd}"]
        {
            assert_eq!(faces.width(character, style), missing, "{character}");
            let glyphs = faces.glyphs(&format!("a{character}b"), style);
            let mut end = 0;
            for glyph in &glyphs {
                assert_eq!(glyph.text_range.start, end, "{character}");
                end = glyph.text_range.end;
            }
            assert_eq!(end, character.len() + 2);
            let lines = faces.wrap(&character.repeat(9), style, missing * 3.5);
            assert_eq!(lines, [character.repeat(3), character.repeat(3), character.repeat(3)]);
        }
    }
}
