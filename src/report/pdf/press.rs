//! Pages of marks and the tree of what they mean, written as a tagged PDF (PDF/UA-1).

use super::PdfFault;
use super::face::Faces;
use krilla::Document;
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node as Tagged, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagKind, TagTree,
};
use std::num::NonZeroU16;

/// A4, in points.
pub const WIDTH: f32 = 595.28;
pub const HEIGHT: f32 = 841.89;

pub type Colour = (u8, u8, u8);

/// What a mark belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A leaf of the tree, by its number.
    Leaf(usize),
    /// A line, a ground: nothing that is read.
    Ornament,
    /// At the foot of every page.
    Foot,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Text {
        text: String,
        size: f32,
        bold: bool,
    },
    /// Filled.
    Box {
        width: f32,
        height: f32,
    },
}

/// One thing drawn, by its left edge and its base line or upper edge, from the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub x: f32,
    pub y: f32,
    pub colour: Colour,
    pub shape: Shape,
    pub means: Means,
}

/// What a part of the document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Section,
    Heading(u16, String),
    Paragraph,
    List,
    Item,
    ItemBody,
    Table,
    Caption,
    Head,
    Body,
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
    Figure(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Group(Role, Vec<Node>),
    Leaf(usize),
}

/// A heading, for the list of contents beside the pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub text: String,
    pub level: u16,
    pub page: usize,
    pub y: f32,
}

/// Everything that is printed.
#[derive(Debug, Default)]
pub struct Book {
    pub title: String,
    pub pages: Vec<Vec<Mark>>,
    pub leaves: usize,
    pub tree: Vec<Node>,
    pub contents: Vec<Entry>,
}

/// Writes the PDF.
///
/// # Errors
/// [`PdfFault`]: it would not keep to PDF/UA-1.
pub fn print(book: &Book, faces: &Faces) -> Result<Vec<u8>, PdfFault> {
    let fault = |why: &dyn std::fmt::Debug| PdfFault::Write(format!("{why:?}"));
    let configuration =
        ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish().map_err(|why| fault(&why))?;
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut leaves: Vec<Option<Identifier>> = vec![None; book.leaves];
    for marks in &book.pages {
        let a4 = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| fault(&"the size of a page"))?;
        let mut page = document.start_page_with(a4);
        let mut surface = page.surface();
        let mut marks = marks.iter().peekable();
        while let Some(mark) = marks.next() {
            let tag = match (mark.means, &mark.shape) {
                (Means::Leaf(_), Shape::Text { .. }) => ContentTag::Span(SpanTag::empty()),
                (Means::Leaf(_), Shape::Box { .. }) => ContentTag::Other,
                (Means::Ornament, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
                (Means::Foot, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)),
            };
            let identifier = surface.start_tagged(tag);
            draw(&mut surface, mark, faces);
            // Marks of one leaf follow each other.
            while let Some(next) = marks.next_if(|next| next.means == mark.means && mark.means != Means::Ornament) {
                draw(&mut surface, next, faces);
            }
            surface.end_tagged();
            if let Means::Leaf(leaf) = mark.means
                && let Some(place) = leaves.get_mut(leaf)
            {
                *place = Some(identifier);
            }
        }
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some("en-GB".into()));
    for node in &book.tree {
        if let Some(tagged) = tagged(node, &leaves) {
            tree.push(tagged);
        }
    }
    document.set_tag_tree(tree);
    document.set_outline(outline(&book.contents));
    let metadata = Metadata::new().title(book.title.clone()).language("en-GB".into());
    document.set_metadata(metadata.creator("Schoolgate".into()));
    document.finish().map_err(|why| fault(&why))
}

fn draw(surface: &mut Surface, mark: &Mark, faces: &Faces) {
    let (red, green, blue) = mark.colour;
    let fill = Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero };
    surface.set_fill(Some(fill));
    match &mark.shape {
        Shape::Text { text, size, bold } => {
            let face = faces.of(*bold);
            surface.draw_glyphs(Point::from_xy(mark.x, mark.y), &face.glyphs(text), face.font.clone(), text, *size, false);
        }
        Shape::Box { width, height } => {
            let Some(rect) = Rect::from_xywh(mark.x, mark.y, *width, *height) else { return };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

fn tagged(node: &Node, leaves: &[Option<Identifier>]) -> Option<Tagged> {
    match node {
        Node::Leaf(leaf) => leaves.get(*leaf).copied().flatten().map(Into::into),
        Node::Group(role, children) => {
            let mut group = TagGroup::new(tag(role));
            children.iter().filter_map(|child| tagged(child, leaves)).for_each(|child| group.push(child));
            Some(group.into())
        }
    }
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Section => Tag::Section.into(),
        Role::Heading(level, title) => Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), Some(title.clone())).into(),
        Role::Paragraph => Tag::P.into(),
        Role::List => Tag::L(ListNumbering::None).into(),
        Role::Item => Tag::LI.into(),
        Role::ItemBody => Tag::LBody.into(),
        Role::Table => Tag::Table.into(),
        Role::Caption => Tag::Caption.into(),
        Role::Head => Tag::THead.into(),
        Role::Body => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure(alt) => Tag::Figure(Some(alt.clone())).into(),
    }
}

/// Headings of the second level and below stand under the one of the first before them.
fn outline(contents: &[Entry]) -> Outline {
    let mut outline = Outline::new();
    let node =
        |e: &Entry| OutlineNode::new(e.text.clone(), XyzDestination::new(e.page, Point::from_xy(0.0, (e.y - 20.0).max(0.0))));
    let mut open: Option<OutlineNode> = None;
    for entry in contents {
        match &mut open {
            Some(parent) if entry.level > 1 => parent.push_child(node(entry)),
            _ => {
                if let Some(done) = open.replace(node(entry)) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(last) = open {
        outline.push_child(last);
    }
    outline
}
