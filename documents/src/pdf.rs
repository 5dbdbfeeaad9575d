//! PDF/A-2a, which is also PDF/UA-1: archived for decades, read aloud by a machine.
//!
//! The layout is our own: letter head, address, table, sums, notes. It first fills pages with things to draw, then
//! numbers the pages, and then draws.

mod face;
mod flow;
mod letter;
mod lines;
mod output;
mod page;
mod sums;
mod table;
mod tree;

use crate::words::Language;
use crate::{RenderError, Sheet};

use face::Faces;
use flow::Flow;

/// What every part of the layout needs to know.
#[derive(Debug, Clone, Copy)]
struct Letter<'a> {
    sheet: &'a Sheet,
    language: Language,
}

/// # Errors
/// [`RenderError::Faulty`] when it would not be what it claims to be.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    let letter = Letter { sheet, language: Language::of(&sheet.buyer.country) };
    let faces = Faces::load()?;
    let mut flow = Flow::new(&faces);
    letter::head(&mut flow, letter);
    lines::table(letter).draw(&mut flow);
    sums::draw(&mut flow, letter);
    letter::margins(&mut flow, letter);
    output::pdf(flow, letter)
}
