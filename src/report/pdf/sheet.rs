//! Headings, paragraphs, lists, tables and bars, set on pages of A4.

use super::face::Faces;
use super::press::{Book, Colour, Entry, HEIGHT, Mark, Means, Node, Role, Shape, WIDTH};

const MARGIN: f32 = 48.0;
const FOOT: f32 = 40.0;
const LINE: f32 = 1.36;

pub const INK: Colour = (0x18, 0x22, 0x2c);
pub const SOFT: Colour = (0x4a, 0x58, 0x66);
pub const ACCENT: Colour = (0x0c, 0x5a, 0x66);
const RULE: Colour = (0xcc, 0xd4, 0xdb);
const PALE: Colour = (0x86, 0xb5, 0xbc);
const NONE: Colour = (0xe6, 0xea, 0xed);

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub size: f32,
    pub bold: bool,
    pub colour: Colour,
}

pub const BODY: Style = Style { size: 9.5, bold: false, colour: INK };
pub const NOTE: Style = Style { size: 8.5, bold: false, colour: SOFT };
const CELL: Style = Style { size: 8.3, bold: false, colour: INK };
const CELL_HEAD: Style = Style { size: 7.8, bold: true, colour: SOFT };

/// A column of a table: its title, its share of the width, and whether numbers stand in it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    pub share: f32,
    pub number: bool,
}

/// A book in the making.
pub struct Sheet<'f> {
    faces: &'f Faces,
    book: Book,
    foot: String,
    y: f32,
    /// Open groups of the tree, the innermost last.
    open: Vec<(Role, Vec<Node>)>,
}

impl<'f> Sheet<'f> {
    pub fn new(faces: &'f Faces, title: String, about: String, foot: String) -> Self {
        let book = Book { title, about, pages: vec![Vec::new()], ..Book::default() };
        Self { faces, book, foot, y: MARGIN, open: Vec::new() }
    }

    /// The book, with the foot of every page.
    pub fn done(mut self) -> Book {
        while !self.open.is_empty() {
            self.close();
        }
        let pages = self.book.pages.len();
        for (place, page) in self.book.pages.iter_mut().enumerate() {
            let style = Style { size: 7.8, ..NOTE };
            let number = format!("page {} of {pages}", place + 1);
            let right = WIDTH - MARGIN - self.faces.regular.width(&number, style.size);
            for (x, text) in [(MARGIN, self.faces.regular.settable(&self.foot)), (right, number)] {
                let shape = Shape::Text { text, size: style.size, bold: false };
                page.push(Mark { x, y: HEIGHT - FOOT + 12.0, colour: style.colour, shape, means: Means::Foot });
            }
        }
        self.book
    }

    pub fn new_page(&mut self) {
        self.book.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Begins another page if there is not so much room left.
    pub fn room(&mut self, height: f32) {
        if self.y + height > HEIGHT - MARGIN - 6.0 && self.y > MARGIN {
            self.new_page();
        }
    }

    pub fn gap(&mut self, height: f32) {
        self.y += height;
    }

    /// Moves down to where so much room is left on this page.
    pub fn to_the_foot(&mut self, height: f32) {
        self.y = self.y.max(HEIGHT - MARGIN - height);
    }

    pub fn open(&mut self, role: Role) {
        self.open.push((role, Vec::new()));
    }

    pub fn close(&mut self) {
        if let Some((role, children)) = self.open.pop() {
            // A group without children says nothing.
            if !children.is_empty() {
                self.node(Node::Group(role, children));
            }
        }
    }

    fn node(&mut self, node: Node) {
        match self.open.last_mut() {
            Some((_, children)) => children.push(node),
            None => self.book.tree.push(node),
        }
    }

    fn leaf(&mut self) -> usize {
        let leaf = self.book.leaves;
        self.book.leaves += 1;
        self.node(Node::Leaf(leaf));
        leaf
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.book.pages.last_mut() {
            page.push(mark);
        }
    }

    fn filled(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour, means: Means) {
        self.mark(Mark { x, y, colour, shape: Shape::Box { width, height }, means });
    }

    fn rule(&mut self, y: f32, colour: Colour) {
        self.filled((MARGIN, y), (WIDTH - 2.0 * MARGIN, 0.6), colour, Means::Ornament);
    }

    /// Lines at `x`, each a leaf of what is open; returns the height. It begins no page.
    fn lines(&mut self, text: &str, style: Style, (x, width): (f32, f32), right: bool) -> f32 {
        let face = self.faces.of(style.bold);
        let text = face.settable(text);
        let lines = face.wrapped(&text, style.size, width);
        let step = style.size * LINE;
        for (n, line) in lines.iter().enumerate() {
            let last = n + 1 == lines.len();
            let at = if right { x + width - face.width(line, style.size) } else { x };
            let means = Means::Leaf(self.leaf());
            // Who reads the text without its lines needs the space that the line's end stands for.
            let text = if last { line.clone() } else { format!("{line} ") };
            let shape = Shape::Text { text, size: style.size, bold: style.bold };
            self.mark(Mark { x: at, y: self.y + style.size * 1.05 + n as f32 * step, colour: style.colour, shape, means });
        }
        lines.len() as f32 * step
    }

    fn height(&self, text: &str, style: Style, width: f32) -> f32 {
        self.faces.of(style.bold).wrapped(text, style.size, width).len() as f32 * style.size * LINE
    }

    pub fn heading(&mut self, level: u16, text: &str) {
        let size = match level {
            1 => 19.0,
            2 => 13.0,
            _ => 10.5,
        };
        let style = Style { size, bold: true, colour: if level == 2 { ACCENT } else { INK } };
        if self.y > MARGIN {
            self.gap(if level == 1 { 4.0 } else { 9.0 });
        }
        let width = WIDTH - 2.0 * MARGIN;
        self.room(self.height(text, style, width) + 46.0);
        self.book.contents.push(Entry { text: text.to_owned(), level, page: self.book.pages.len() - 1, y: self.y });
        self.open(Role::Heading(level, text.to_owned()));
        self.y += self.lines(text, style, (MARGIN, width), false);
        self.close();
        if level == 2 {
            self.rule(self.y + 1.0, ACCENT);
            self.gap(5.0);
        }
        self.gap(2.0);
    }

    pub fn paragraph(&mut self, text: &str, style: Style) {
        self.indented(text, style, 0.0);
    }

    pub fn indented(&mut self, text: &str, style: Style, indent: f32) {
        let width = WIDTH - 2.0 * MARGIN - indent;
        self.room(self.height(text, style, width).min(HEIGHT / 2.0));
        self.open(Role::Paragraph);
        self.y += self.lines(text, style, (MARGIN + indent, width), false);
        self.close();
        self.gap(2.5);
    }

    /// A name and what it is, in two columns.
    pub fn pair(&mut self, what: &str, is: &str, indent: f32, wide: f32) {
        let width = WIDTH - 2.0 * MARGIN - indent - wide;
        self.room(self.height(is, BODY, width));
        self.open(Role::Paragraph);
        let name = Style { colour: SOFT, ..BODY };
        self.lines(&format!("{what} "), name, (MARGIN + indent, wide - 6.0), false);
        self.y += self.lines(is, BODY, (MARGIN + indent + wide, width), false).max(BODY.size * LINE);
        self.close();
        self.gap(1.0);
    }

    pub fn list(&mut self, items: &[String]) {
        self.open(Role::List);
        for item in items {
            let width = WIDTH - 2.0 * MARGIN - 12.0;
            self.room(self.height(item, BODY, width));
            self.filled((MARGIN + 2.0, self.y + 5.2), (3.0, 3.0), ACCENT, Means::Ornament);
            self.open(Role::Item);
            self.open(Role::ItemBody);
            self.y += self.lines(item, BODY, (MARGIN + 12.0, width), false);
            self.close();
            self.close();
            self.gap(1.5);
        }
        self.close();
        self.gap(2.0);
    }

    /// A table; the first cell of a row is its header. Its head stands again on every page it reaches.
    pub fn table(&mut self, caption: &str, columns: &[Column], rows: &[Vec<String>]) {
        let all: f32 = columns.iter().map(|c| c.share).sum();
        let mut x = MARGIN;
        let places: Vec<(f32, f32)> = columns
            .iter()
            .map(|c| {
                let width = (WIDTH - 2.0 * MARGIN) * c.share / all;
                x += width;
                (x - width, width - 6.0)
            })
            .collect();
        self.room(64.0);
        self.open(Role::Table);
        if !caption.is_empty() {
            self.open(Role::Caption);
            let style = Style { bold: true, ..BODY };
            self.y += self.lines(caption, style, (MARGIN, WIDTH - 2.0 * MARGIN), false);
            self.close();
        }
        self.open(Role::Head);
        self.table_head(columns, &places);
        self.close();
        self.open(Role::Body);
        for row in rows {
            let height = row.iter().zip(&places).map(|(cell, (_, width))| self.height(cell, CELL, *width)).fold(0.0, f32::max) + 4.0;
            if self.y + height > HEIGHT - MARGIN - 6.0 {
                self.new_page();
                self.head_again(columns, &places);
            }
            self.open(Role::Row);
            for (n, ((cell, column), place)) in row.iter().zip(columns).zip(&places).enumerate() {
                self.open(if n == 0 { Role::RowHeader } else { Role::Cell });
                // A cell that is empty is still one.
                let cell = if cell.is_empty() { "\u{a0}" } else { cell };
                self.y += 1.5;
                if cell == "\u{a0}" {
                    let means = Means::Leaf(self.leaf());
                    let shape = Shape::Text { text: " ".into(), size: CELL.size, bold: false };
                    self.mark(Mark { x: place.0, y: self.y + CELL.size, colour: CELL.colour, shape, means });
                } else {
                    self.lines(cell, CELL, *place, column.number);
                }
                self.y -= 1.5;
                self.close();
            }
            self.close();
            self.y += height;
            self.rule(self.y - 0.8, RULE);
        }
        self.close();
        self.close();
        self.gap(8.0);
    }

    fn table_head(&mut self, columns: &[Column], places: &[(f32, f32)]) {
        self.open(Role::Row);
        let mut height: f32 = 0.0;
        for (column, place) in columns.iter().zip(places) {
            self.open(Role::ColumnHeader);
            height = height.max(self.lines(column.title, CELL_HEAD, *place, column.number));
            self.close();
        }
        self.close();
        self.y += height + 2.0;
        self.rule(self.y - 0.8, SOFT);
    }

    /// On a page that a table goes on to: read once, shown again.
    fn head_again(&mut self, columns: &[Column], places: &[(f32, f32)]) {
        let mut height: f32 = 0.0;
        for (column, (x, width)) in columns.iter().zip(places) {
            let face = self.faces.of(CELL_HEAD.bold);
            let lines = face.wrapped(column.title, CELL_HEAD.size, *width);
            for (n, line) in lines.iter().enumerate() {
                let at = if column.number { x + width - face.width(line, CELL_HEAD.size) } else { *x };
                let y = self.y + CELL_HEAD.size * (1.05 + n as f32 * LINE);
                let shape = Shape::Text { text: line.clone(), size: CELL_HEAD.size, bold: true };
                self.mark(Mark { x: at, y, colour: CELL_HEAD.colour, shape, means: Means::Ornament });
            }
            height = height.max(lines.len() as f32 * CELL_HEAD.size * LINE);
        }
        self.y += height + 2.0;
        self.rule(self.y - 0.8, SOFT);
    }

    /// A bar of parts of a whole, darkest first, with a line of what they are under it. What it says stands in a table, too.
    pub fn bar(&mut self, says: &str, parts: &[(u64, String)]) {
        let whole: u64 = parts.iter().map(|(n, _)| n).sum();
        if whole == 0 {
            return;
        }
        self.room(40.0);
        let full = WIDTH - 2.0 * MARGIN;
        let colours = if parts.len() == 2 { vec![ACCENT, NONE] } else { vec![ACCENT, PALE, NONE] };
        let shares: Vec<String> = parts.iter().map(|(n, what)| format!("{n} {what}")).collect();
        self.open(Role::Figure(format!("{says}: {}", shares.join(", "))));
        let means = Means::Leaf(self.leaf());
        let mut x = MARGIN;
        for ((n, _), colour) in parts.iter().zip(&colours) {
            let width = full * *n as f32 / whole as f32;
            if *n > 0 {
                self.filled((x, self.y + 2.0), (width.max(1.5), 9.0), *colour, means);
            }
            x += width;
        }
        self.close();
        let mut key = MARGIN;
        for (colour, said) in colours.iter().zip(&shares) {
            self.filled((key, self.y + 15.5), (7.0, 7.0), *colour, Means::Ornament);
            let shape = Shape::Text { text: said.clone(), size: NOTE.size, bold: false };
            self.mark(Mark { x: key + 11.0, y: self.y + 22.0, colour: NOTE.colour, shape, means: Means::Ornament });
            key += 11.0 + self.faces.regular.width(said, NOTE.size) + 16.0;
        }
        self.gap(30.0);
    }

    /// A box with lines to be written on by hand.
    pub fn sign(&mut self, who: &str) {
        self.room(46.0);
        self.open(Role::Paragraph);
        self.y += self.lines(&format!("Reviewed by the {who}: name, signed, date"), Style { bold: true, ..NOTE }, (MARGIN, WIDTH), false);
        self.close();
        let third = (WIDTH - 2.0 * MARGIN - 24.0) / 3.0;
        for n in 0..3 {
            self.filled((MARGIN + n as f32 * (third + 12.0), self.y + 22.0), (third, 0.6), SOFT, Means::Ornament);
        }
        self.gap(30.0);
    }
}
