//! Headings, paragraphs, lists, tables and bars, set on pages of A4.

use super::face::Faces;
use super::press::{Book, Colour, Entry, HEIGHT, Mark, Means, Node, Role, Shape, WIDTH};

const MARGIN: f32 = 48.0;
const FOOT: f32 = 40.0;
/// Where the last line of a page ends.
const BOTTOM: f32 = HEIGHT - MARGIN - 6.0;
/// Between base lines, in sizes.
const LINE: f32 = 1.36;
/// From side to side.
const FULL: f32 = WIDTH - 2.0 * MARGIN;

const INK: Colour = (0x18, 0x22, 0x2c);
const SOFT: Colour = (0x4a, 0x58, 0x66);
const ACCENT: Colour = (0x0c, 0x5a, 0x66);
const RULE: Colour = (0xcc, 0xd4, 0xdb);
const PALE: Colour = (0x86, 0xb5, 0xbc);
const NONE: Colour = (0xe6, 0xea, 0xed);

/// How a text is set; `size` in sizes of the body.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    size: f32,
    bold: bool,
    colour: Colour,
}

pub const BODY: Style = Style { size: 1.0, bold: false, colour: INK };
pub const NOTE: Style = Style { size: 0.9, bold: false, colour: SOFT };
const NAME: Style = Style { size: 1.0, bold: false, colour: SOFT };
const STRONG: Style = Style { size: 1.0, bold: true, colour: INK };
const CELL: Style = Style { size: 0.88, bold: false, colour: INK };
const CELL_HEAD: Style = Style { size: 0.83, bold: true, colour: SOFT };

/// A column of a table: its title, its share of the width, and whether numbers stand in it.
#[derive(Debug, Clone, Copy)]
pub struct Column(pub &'static str, pub f32, pub bool);

/// Where a text stands: its left edge and its width.
type Place = (f32, f32);

/// A book in the making. What does not fit on a page goes on on the next.
pub struct Sheet<'f> {
    faces: &'f Faces,
    book: Book,
    /// Size of the body, in points.
    body: f32,
    y: f32,
    /// Open groups of the tree, the innermost last.
    open: Vec<(Role, Vec<Node>)>,
}

impl<'f> Sheet<'f> {
    pub fn new(faces: &'f Faces, body: f32, title: String) -> Self {
        let book = Book { title, pages: vec![Vec::new()], ..Book::default() };
        Self { faces, book, body, y: MARGIN, open: Vec::new() }
    }

    pub fn pages(&self) -> usize {
        self.book.pages.len()
    }

    /// The size of the body from here on.
    pub fn set_in(&mut self, body: f32) {
        self.body = body;
    }

    /// The book, with `foot` and its number at the foot of every page.
    pub fn done(mut self, foot: &str) -> Book {
        let pages = self.book.pages.len();
        let face = &self.faces.regular;
        for (place, page) in self.book.pages.iter_mut().enumerate() {
            let number = format!("page {} of {pages}", place + 1);
            let size = 7.8;
            for (x, text) in [(MARGIN, face.settable(foot)), (WIDTH - MARGIN - face.width(&number, size), number)] {
                let shape = Shape::Text { text, size, bold: false };
                page.push(Mark { x, y: HEIGHT - FOOT + 12.0, colour: SOFT, shape, means: Means::Foot });
            }
        }
        self.book
    }

    pub fn new_page(&mut self) {
        self.book.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Begins another page if there is not so much room left.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.new_page();
        }
    }

    pub fn gap(&mut self, height: f32) {
        self.y += height;
    }

    /// Everything that `inside` sets, as one group of the tree. A group without anything in it is none.
    pub fn group(&mut self, role: Role, inside: impl FnOnce(&mut Self)) {
        self.open.push((role, Vec::new()));
        inside(self);
        if let Some((role, children)) = self.open.pop().filter(|(_, children)| !children.is_empty()) {
            self.node(Node::Group(role, children));
        }
    }

    fn node(&mut self, node: Node) {
        match self.open.last_mut() {
            Some((_, children)) => children.push(node),
            None => self.book.tree.push(node),
        }
    }

    fn leaf(&mut self) -> Means {
        let leaf = self.book.leaves;
        self.book.leaves += 1;
        self.node(Node::Leaf(leaf));
        Means::Leaf(leaf)
    }

    fn mark(&mut self, x: f32, y: f32, colour: Colour, shape: Shape, means: Means) {
        if let Some(page) = self.book.pages.last_mut() {
            page.push(Mark { x, y, colour, shape, means });
        }
    }

    fn filled(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour, means: Means) {
        self.mark(x, y, colour, Shape::Box { width, height }, means);
    }

    fn rule(&mut self, y: f32, colour: Colour) {
        self.filled(MARGIN, y, FULL, 0.6, colour, Means::Ornament);
    }

    fn wrapped(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let face = self.faces.of(style.bold);
        face.wrapped(&face.settable(text), style.size * self.body, width)
    }

    fn step(&self, style: Style) -> f32 {
        style.size * self.body * LINE
    }

    fn height(&self, text: &str, style: Style, width: f32) -> f32 {
        self.wrapped(text, style, width).len() as f32 * self.step(style)
    }

    /// One line at the present height.
    fn line(&mut self, text: String, style: Style, x: f32, means: Means) {
        let size = style.size * self.body;
        self.mark(x, self.y + size * 1.05, style.colour, Shape::Text { text, size, bold: style.bold }, means);
    }

    /// A text from line to line and page to page; each line is a leaf of what is open.
    fn flow(&mut self, text: &str, style: Style, (x, width): Place) {
        let lines = self.wrapped(text, style, width);
        // Neither its first line alone at a foot, nor its last at a head, as far as it is short.
        self.room(lines.len().min(3) as f32 * self.step(style));
        let last = lines.len().saturating_sub(1);
        for (n, mut line) in lines.into_iter().enumerate() {
            self.room(self.step(style));
            // Who reads the text without its lines needs the space that the line's end stands for.
            line.push_str(if n == last { "" } else { " " });
            let means = self.leaf();
            self.line(line, style, x, means);
            self.y += self.step(style);
        }
    }

    /// A text in a cell, from the present height down; that is where the height stays.
    fn cell(&mut self, text: &str, style: Style, (x, width): Place, right: bool, read: bool) {
        let top = self.y;
        let lines = self.wrapped(text, style, width);
        let last = lines.len().saturating_sub(1);
        for (n, mut line) in lines.into_iter().enumerate() {
            let end = x + width - self.faces.of(style.bold).width(&line, style.size * self.body);
            line.push_str(if n == last { "" } else { " " });
            let means = if read { self.leaf() } else { Means::Ornament };
            self.line(line, style, if right { end } else { x }, means);
            self.y += self.step(style);
        }
        self.y = top;
    }

    pub fn heading(&mut self, level: u16, text: &str) {
        let (points, colour) = match level {
            1 => (19.0, INK),
            2 => (13.0, ACCENT),
            _ => (self.body * 1.1, INK),
        };
        let style = Style { size: points / self.body, bold: true, colour };
        if self.y > MARGIN {
            self.gap(if level == 2 { 9.0 } else { 5.0 });
        }
        // Never at the foot of a page without what it is the heading of.
        self.room(self.height(text, style, FULL) + 50.0);
        self.book.contents.push(Entry { text: text.to_owned(), level, page: self.book.pages.len() - 1, y: self.y });
        self.group(Role::Heading(level, text.to_owned()), |sheet| sheet.flow(text, style, (MARGIN, FULL)));
        if level == 2 {
            self.rule(self.y + 1.0, ACCENT);
            self.gap(5.0);
        }
        self.gap(1.5);
    }

    pub fn paragraph(&mut self, text: &str, style: Style) {
        self.group(Role::Paragraph, |sheet| sheet.flow(text, style, (MARGIN, FULL)));
        self.gap(2.5);
    }

    /// A name and what it is, in two columns; `wide`: the first, in sizes of the body.
    pub fn pair(&mut self, what: &str, is: &str, wide: f32) {
        let wide = wide * self.body;
        self.room(self.height(is, BODY, FULL - wide).min(HEIGHT / 2.0));
        self.group(Role::Paragraph, |sheet| {
            sheet.cell(&format!("{what}: "), NAME, (MARGIN, wide - 6.0), false, true);
            sheet.flow(is, BODY, (MARGIN + wide, FULL - wide));
        });
        self.gap(1.0);
    }

    pub fn list(&mut self, items: &[String]) {
        self.group(Role::List, |sheet| {
            for item in items {
                sheet.room(sheet.height(item, BODY, FULL - 12.0).min(HEIGHT / 2.0));
                sheet.filled(MARGIN + 2.0, sheet.y + sheet.body * 0.55, 3.0, 3.0, ACCENT, Means::Ornament);
                sheet.group(Role::Item, |sheet| {
                    sheet.group(Role::ItemBody, |sheet| sheet.flow(item, BODY, (MARGIN + 12.0, FULL - 12.0)));
                });
                sheet.gap(1.5);
            }
        });
        self.gap(2.0);
    }

    /// A table; the first cell of a row is its header. Its head is shown again on every page it goes on to, and read once.
    pub fn table(&mut self, caption: &str, columns: &[Column], rows: &[Vec<String>]) {
        let all: f32 = columns.iter().map(|column| column.1).sum();
        let mut x = MARGIN;
        let mut places: Vec<Place> = Vec::new();
        for (n, column) in columns.iter().enumerate() {
            let width = FULL * column.1 / all;
            // Numbers end where their column does: a text that begins there would touch them.
            let touches = column.2 && columns.get(n + 1).is_some_and(|next| !next.2);
            places.push((x, width - if touches { 14.0 } else { 4.0 }));
            x += width;
        }
        self.room(70.0);
        self.group(Role::Table, |sheet| {
            if !caption.is_empty() {
                sheet.group(Role::Caption, |sheet| sheet.flow(caption, STRONG, (MARGIN, FULL)));
            }
            sheet.group(Role::Head, |sheet| sheet.table_head(columns, &places, true));
            sheet.group(Role::Body, |sheet| {
                for row in rows {
                    let heights = row.iter().zip(&places).map(|(cell, (_, width))| sheet.height(cell, CELL, *width));
                    let height = heights.fold(0.0, f32::max) + 4.0;
                    if sheet.y + height > BOTTOM {
                        sheet.new_page();
                        sheet.table_head(columns, &places, false);
                    }
                    sheet.y += 1.5;
                    sheet.group(Role::Row, |sheet| {
                        for (n, ((cell, column), place)) in row.iter().zip(columns).zip(&places).enumerate() {
                            let role = if n == 0 { Role::RowHeader } else { Role::Cell };
                            sheet.group(role, |sheet| sheet.cell(cell, CELL, *place, column.2, true));
                        }
                    });
                    sheet.y += height - 1.5;
                    sheet.rule(sheet.y - 0.8, RULE);
                }
            });
        });
        self.gap(8.0);
    }

    fn table_head(&mut self, columns: &[Column], places: &[Place], read: bool) {
        let heights = columns.iter().zip(places).map(|(column, (_, width))| self.height(column.0, CELL_HEAD, *width));
        let height = heights.fold(0.0, f32::max);
        let cells = |sheet: &mut Self| {
            for (column, place) in columns.iter().zip(places) {
                let cell = |sheet: &mut Self| sheet.cell(column.0, CELL_HEAD, *place, column.2, read);
                if read { sheet.group(Role::ColumnHeader, cell) } else { cell(sheet) }
            }
        };
        if read {
            self.group(Role::Row, cells)
        } else {
            cells(self)
        }
        self.y += height + 2.0;
        self.rule(self.y - 0.8, SOFT);
    }

    /// A bar of parts of a whole, darkest first, with a line of what they are under it. What it says stands in a table, too.
    pub fn bar(&mut self, says: &str, parts: &[(u64, &str)]) {
        let whole: u64 = parts.iter().map(|(n, _)| n).sum();
        if whole == 0 {
            return;
        }
        self.room(40.0);
        let colours: &[Colour] = if parts.len() == 2 { &[ACCENT, NONE] } else { &[ACCENT, PALE, NONE] };
        let shares: Vec<String> = parts.iter().map(|(n, what)| format!("{} {what}", crate::report::plain::number(*n))).collect();
        let y = self.y;
        self.group(Role::Figure(format!("{says}: {}", shares.join(", "))), |sheet| {
            let means = sheet.leaf();
            let mut x = MARGIN;
            for ((n, _), colour) in parts.iter().zip(colours).filter(|((n, _), _)| *n > 0) {
                let width = FULL * *n as f32 / whole as f32;
                // A part there is must be seen.
                sheet.filled(x, y + 2.0, width.max(1.5), 9.0, *colour, means);
                x += width;
            }
        });
        let size = NOTE.size * self.body;
        let mut x = MARGIN;
        for (colour, said) in colours.iter().zip(&shares) {
            self.filled(x, y + 15.5, 7.0, 7.0, *colour, Means::Ornament);
            let shape = Shape::Text { text: said.clone(), size, bold: false };
            self.mark(x + 11.0, y + 22.0, SOFT, shape, Means::Ornament);
            x += 11.0 + self.faces.regular.width(said, size) + 16.0;
        }
        self.gap(29.0);
    }

    /// Lines to be written on by hand, or who has signed and when, side by side, at the foot of the page.
    pub fn signs(&mut self, who: &[(&str, Option<[String; 2]>)]) {
        let (height, gap) = (56.0, 14.0);
        self.room(height);
        self.y = BOTTOM - height;
        let width = (FULL - gap * (who.len() - 1) as f32) / who.len() as f32;
        for (n, (who, signed)) in who.iter().enumerate() {
            let x = MARGIN + n as f32 * (width + gap);
            self.group(Role::Paragraph, |sheet| {
                sheet.cell(&format!("Reviewed by the {who}: "), Style { bold: true, ..NOTE }, (x, width), false, true);
                if let Some(signed) = signed {
                    for (line, text) in signed.iter().enumerate() {
                        let means = sheet.leaf();
                        let shape = Shape::Text { text: text.clone(), size: 8.0, bold: false };
                        sheet.mark(x, sheet.y + 26.0 + 14.0 * line as f32, SOFT, shape, means);
                    }
                    return;
                }
                for (line, (title, from, share)) in
                    [("Name ", 0.0, 1.0), ("Signed ", 0.0, 0.56), ("Date", 0.6, 0.4)].into_iter().enumerate()
                {
                    let y = sheet.y + if line == 0 { 30.0 } else { 54.0 };
                    let means = sheet.leaf();
                    let shape = Shape::Text { text: title.into(), size: 7.0, bold: false };
                    sheet.mark(x + width * from, y - 2.0, SOFT, shape, means);
                    sheet.filled(x + width * from, y, width * share, 0.6, SOFT, Means::Ornament);
                }
            });
        }
        self.y = BOTTOM;
    }
}
