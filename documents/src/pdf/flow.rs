//! Fills pages from top to bottom.

use super::face::Faces;
use super::page::{BOTTOM, Colour, Mark, Meaning, Page, Shape, Style, TOP};
use super::tree::{Node, Role, Tree};

pub struct Flow<'a> {
    pub faces: &'a Faces,
    pub pages: Vec<Page>,
    pub tree: Tree,
    /// Where the next thing goes, in points from the top of the last page.
    pub y: f32,
}

/// Which side of `x` a text lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

impl<'a> Flow<'a> {
    pub fn new(faces: &'a Faces) -> Self {
        Self { faces, pages: vec![Page::default()], tree: Tree::new(), y: 0.0 }
    }

    pub fn next_page(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP;
    }

    /// Whether that much more fits on this page.
    pub fn fits(&self, height: f32) -> bool {
        self.y + height <= BOTTOM
    }

    /// A new paragraph, heading or table.
    pub fn element(&mut self, role: Role) -> Node {
        self.tree.add(Tree::ROOT, role)
    }

    /// One line of text with its base line at `y`.
    pub fn text(&mut self, (x, y): (f32, f32), align: Align, style: Style, said: (Meaning, &str)) {
        let (meaning, text) = said;
        let x = match align {
            Align::Left => x,
            Align::Right => x - self.faces.width(text, style),
        };
        self.mark(meaning, Shape::Text { x, y, style, text: text.to_owned() });
    }

    pub fn bar(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour) {
        self.mark(Meaning::Decoration, Shape::Bar { x, y, width, height, colour });
    }

    fn mark(&mut self, meaning: Meaning, shape: Shape) {
        if let Some(page) = self.pages.last_mut() {
            page.marks.push(Mark { meaning, shape });
        }
    }

    /// A paragraph of its own at the left, as wide as asked, on the next page where it does not fit.
    pub fn paragraph(&mut self, text: &str, style: Style, (x, width): (f32, f32)) {
        let leading = style.size * 1.45;
        let lines = self.faces.wrap(text, style, width);
        let height = lines.iter().map(|_| leading).sum();
        if !self.fits(height) {
            self.next_page();
        }
        let node = self.element(Role::Paragraph);
        for line in lines {
            self.y += leading;
            self.text((x, self.y), Align::Left, style, (Meaning::Part(node), &line));
        }
    }
}
