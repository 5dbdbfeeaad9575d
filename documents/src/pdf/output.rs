//! Draws pages.

use std::num::NonZeroU16;

use chrono::Datelike;
use krilla::Document;
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};

use super::Letter;
use super::face::Faces;
use super::flow::Flow;
use super::page::{Colour, HEIGHT, LEFT, Meaning, Page, Shape, WIDTH};
use super::tree::{Node, Role, Tree};
use crate::RenderError;

/// # Errors
/// [`RenderError::Faulty`] when it would not be what it claims to be.
pub fn pdf(flow: Flow<'_>, letter: Letter<'_>) -> Result<Vec<u8>, RenderError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| RenderError::Faulty(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let mut leaves: Vec<Vec<Identifier>> = vec![Vec::new(); flow.tree.len()];
    for page in &flow.pages {
        draw(&mut document, page, flow.faces, &mut leaves)?;
    }
    let title = format!("{} {}", letter.language.title(letter.sheet.kind), letter.sheet.number);
    document.set_tag_tree(tags(&flow.tree, &leaves, &title));
    document.set_metadata(metadata(letter, &title));
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(title, XyzDestination::new(0, Point::from_xy(LEFT, 0.0))));
    document.set_outline(outline);
    document.finish().map_err(|error| RenderError::Faulty(format!("{error:?}")))
}

/// Nothing of a clock: the document is as old as what it says.
fn metadata(Letter { sheet, language }: Letter<'_>, title: &str) -> Metadata {
    let day = sheet.issued_on;
    let number = |number: u32| u8::try_from(number).unwrap_or_default();
    let issued = DateTime::new(u16::try_from(day.year()).unwrap_or_default())
        .month(number(day.month()))
        .day(number(day.day()))
        .hour(0)
        .minute(0)
        .second(0)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(title.to_owned())
        .authors(vec![sheet.seller.name.clone()])
        .creator("Cloudsales".to_owned())
        .language(language.tag().to_owned())
        .creation_date(issued)
        .document_id(sheet.id.to_string())
}

fn draw(
    document: &mut Document,
    page: &Page,
    faces: &Faces,
    leaves: &mut [Vec<Identifier>],
) -> Result<(), RenderError> {
    let size = PageSettings::from_wh(WIDTH, HEIGHT);
    let mut drawn = document.start_page_with(size.ok_or_else(|| RenderError::Faulty("no page".to_owned()))?);
    let mut surface = drawn.surface();
    for mark in &page.marks {
        let tag = match mark.meaning {
            Meaning::Header => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Header)),
            Meaning::Footer => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)),
            Meaning::Decoration => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
            Meaning::Part(_) => ContentTag::Span(SpanTag::empty()),
        };
        let identifier = surface.start_tagged(tag);
        shape(&mut surface, &mark.shape, faces);
        surface.end_tagged();
        if let Meaning::Part(node) = mark.meaning
            && let Some(leaves) = leaves.get_mut(node.index())
        {
            leaves.push(identifier);
        }
    }
    surface.finish();
    drawn.finish();
    Ok(())
}

fn shape(surface: &mut Surface<'_>, shape: &Shape, faces: &Faces) {
    match shape {
        Shape::Text { x, y, style, text } => {
            surface.set_fill(Some(fill(style.colour)));
            let glyphs = faces.glyphs(text, *style);
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, faces.font(*style), text, style.size, false);
        }
        Shape::Bar { x, y, width, height, colour } => {
            let mut path = PathBuilder::new();
            Rect::from_xywh(*x, *y, *width, *height).into_iter().for_each(|area| path.push_rect(area));
            if let Some(path) = path.finish() {
                surface.set_fill(Some(fill(*colour)));
                surface.draw_path(&path);
            }
        }
    }
}

fn fill(colour: Colour) -> Fill {
    let [red, green, blue] = colour.rgb();
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

fn tags(tree: &Tree, leaves: &[Vec<Identifier>], title: &str) -> TagTree {
    let mut tags = TagTree::new();
    let children = tree.get(Tree::ROOT).map(|root| root.children.as_slice()).unwrap_or_default();
    children.iter().filter_map(|child| group(tree, leaves, *child, title)).for_each(|group| tags.push(group));
    tags
}

fn group(tree: &Tree, leaves: &[Vec<Identifier>], node: Node, title: &str) -> Option<TagGroup> {
    let element = tree.get(node)?;
    let kind: TagKind = match element.role {
        Role::Document => return None,
        Role::Heading => Tag::Hn(NonZeroU16::MIN, Some(title.to_owned())).into(),
        Role::Paragraph => Tag::P.into(),
        Role::Table => Tag::Table.into(),
        Role::Head => Tag::THead.into(),
        Role::Body => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
    };
    let mut group = TagGroup::new(kind);
    leaves.get(node.index())?.iter().for_each(|leaf| group.push(*leaf));
    let children = element.children.iter().filter_map(|child| self::group(tree, leaves, *child, title));
    children.for_each(|child| group.push(child));
    Some(group)
}
