//! Pages of things to draw, in points from the upper left corner.

use super::tree::Node;

/// A4.
pub const WIDTH: f32 = 595.28;
pub const HEIGHT: f32 = 841.89;
/// 20 mm from the edges.
pub const LEFT: f32 = 56.7;
pub const RIGHT: f32 = WIDTH - LEFT;
/// Where further pages begin.
pub const TOP: f32 = 84.0;
/// Where every page ends.
pub const BOTTOM: f32 = 768.0;

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    pub marks: Vec<Mark>,
}

/// One thing to draw.
#[derive(Debug)]
pub struct Mark {
    pub meaning: Meaning,
    pub shape: Shape,
}

#[derive(Debug)]
pub enum Shape {
    /// A line of text; `y` is its base line.
    Text {
        x: f32,
        y: f32,
        style: Style,
        text: String,
    },
    Bar {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        colour: Colour,
    },
}

/// What a mark means to whoever does not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Repeated on every page, or only there to look at.
    Header,
    Footer,
    Decoration,
    /// Part of the text.
    Part(Node),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    pub weight: Weight,
    pub size: f32,
    pub colour: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Ink,
    /// Still readable on white: 4.5 to 1 and more.
    Grey,
    Accent,
    /// Behind text.
    Tint,
    Hair,
}

impl Colour {
    /// Red, green, blue.
    pub const fn rgb(self) -> [u8; 3] {
        match self {
            Self::Ink => [0x1b, 0x1f, 0x24],
            Self::Grey => [0x5f, 0x68, 0x72],
            Self::Accent => [0x0b, 0x4f, 0x6c],
            Self::Tint => [0xee, 0xf4, 0xf7],
            Self::Hair => [0xd6, 0xdc, 0xe1],
        }
    }
}

impl Style {
    pub const fn regular(size: f32) -> Self {
        Self { weight: Weight::Regular, size, colour: Colour::Ink }
    }

    pub const fn bold(size: f32) -> Self {
        Self { weight: Weight::Bold, size, colour: Colour::Ink }
    }

    pub const fn grey(size: f32) -> Self {
        Self { weight: Weight::Regular, size, colour: Colour::Grey }
    }

    pub const fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }
}
