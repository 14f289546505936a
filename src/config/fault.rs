//! What is wrong with what was written: where, what, and what would be right.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Most faults that are drawn: who has more reads the first ones and runs `check` again.
const MAX_DRAWN: usize = 100;

/// Longest word of the file that is repeated in a fault's own text.
const MAX_SHOWN: usize = 60;

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub path: PathBuf,
    pub text: String,
}

/// A range of bytes in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

impl Place {
    pub fn of(file: usize, span: Range<usize>) -> Self {
        Self { file, start: span.start, end: span.end }
    }
}

/// Where something is written, for a fault that is found later, by who opens the file that was named: `FILE:LINE:COLUMN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

impl Text {
    pub(super) fn spot(&self, place: Place) -> Spot {
        let before = self.text.get(..place.start).unwrap_or(&self.text);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Spot { path: self.path.clone(), line, column }
    }
}

/// A value and where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed<T> {
    pub value: T,
    pub place: Place,
}

impl<T> Placed<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: f(self.value), place: self.place }
    }
}

/// What is wrong with one value, before it has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    title: String,
    label: String,
    help: Option<String>,
}

impl Wrong {
    /// `title` says what is wrong, `label` at the place what would be right.
    pub fn new(title: impl Into<String>, label: impl Into<String>) -> Self {
        Self { title: title.into(), label: label.into(), help: None }
    }

    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub fn at(self, place: Place) -> Fault {
        let Self { title, label, help } = self;
        Fault { place, title, label, help, beside: None }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    place: Place,
    title: String,
    label: String,
    help: Option<String>,
    /// Another place that has to do with it, and what it is.
    beside: Option<(Place, &'static str)>,
}

impl Fault {
    #[must_use]
    pub(super) fn beside(self, place: Place, label: &'static str) -> Self {
        Self { beside: Some((place, label)), ..self }
    }

    /// What is written here was written there before.
    #[must_use]
    pub(super) fn first(self, place: Place) -> Self {
        self.beside(place, "first written here")
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// What is wrong: one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What would be right at this place.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Every fault of a configuration, in the order of its files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    texts: Vec<Text>,
    faults: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(texts: Vec<Text>, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|f| f.place);
        faults.dedup();
        Self { texts, faults }
    }

    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Never true of faults that [`super::read`] gave.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Each fault with its file, line and column (both from 1, the column in characters), for `check --json`.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, usize, usize, &Fault)> {
        self.faults.iter().filter_map(|fault| {
            let text = self.texts.get(fault.place.file)?;
            let Spot { line, column, .. } = text.spot(fault.place);
            Some((text.path.as_path(), line, column, fault))
        })
    }

    /// The first with its place, on one line, and how many there are beside it.
    pub fn in_a_line(&self) -> String {
        let Some((path, line, column, fault)) = self.iter().next() else { return String::new() };
        let more = match self.len() - 1 {
            0 => String::new(),
            1 => " (and 1 fault more)".to_owned(),
            n => format!(" (and {n} faults more)"),
        };
        format!("{}:{line}:{column}: {}: {}{more}", path.display(), fault.title(), fault.label())
    }

    /// All of them, drawn under the lines they are on. `colour` is for terminals.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut drawn: Vec<String> = self.faults.iter().take(MAX_DRAWN).map(|f| self.draw(f, &renderer)).collect();
        if self.faults.len() > MAX_DRAWN {
            drawn.push(format!("error: and {} faults more", self.faults.len() - MAX_DRAWN));
        }
        drawn.join("\n\n")
    }

    fn draw(&self, fault: &Fault, renderer: &Renderer) -> String {
        let snippet = |place: Place, kind: AnnotationKind, label: &str| {
            let text = self.texts.get(place.file)?;
            let lines = Lines::around(&text.text, place);
            let mark = kind.span(lines.span).label(label.to_owned());
            let path = text.path.display().to_string();
            Some(Snippet::source(covered(lines.text)).line_start(lines.first).path(path).annotation(mark))
        };
        let here = snippet(fault.place, AnnotationKind::Primary, &fault.label);
        let beside = fault.beside.and_then(|(place, label)| snippet(place, AnnotationKind::Context, label));
        let mut group = Level::ERROR.primary_title(&fault.title).elements(here.into_iter().chain(beside));
        if let Some(help) = &fault.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}

/// The lines that a place is on: drawing does not read the rest of a large file again for every fault.
struct Lines<'a> {
    text: &'a str,
    /// Number of the first of them, from 1.
    first: usize,
    /// The place, counted from the start of `text`.
    span: Range<usize>,
}

impl<'a> Lines<'a> {
    fn around(text: &'a str, place: Place) -> Self {
        let start = text.floor_char_boundary(place.start.min(text.len()));
        let end = text.ceil_char_boundary(place.end.clamp(start, text.len()));
        let from = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let to = text[end..].find('\n').map_or(text.len(), |i| end + i);
        let first = text[..from].bytes().filter(|&b| b == b'\n').count() + 1;
        Self { text: &text[from..to], first, span: start - from..end - from }
    }
}

/// Words of keys whose values nobody is to read on a screen or in the service's log.
const SECRET: &[&str] = &["secret", "token", "password"];

/// The lines with the letters and digits of what is secret made stars, as many as they have octets: who writes a secret where the name
/// of its file belongs is shown where, and nobody what.
fn covered(lines: &str) -> String {
    let mut out = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let (key, value) = line.split_at(line.find('=').map_or(line.len(), |at| at + 1));
        out.push_str(key);
        if SECRET.iter().any(|word| line.contains(word)) && !key.contains("_file") {
            let star = |c: char| if c.is_alphanumeric() { "*".repeat(c.len_utf8()) } else { c.to_string() };
            value.chars().for_each(|c| out.push_str(&star(c)));
        } else {
            out.push_str(value);
        }
    }
    out
}

/// A word of the file, in a fault's own text: in backticks, short, without control characters.
pub(super) fn shown(word: &str) -> String {
    let mut out = String::from("`");
    for c in word.chars().take(MAX_SHOWN) {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out.push_str(if word.chars().nth(MAX_SHOWN).is_some() { "…`" } else { "`" });
    out
}
