//! The two faces the PDF is set in, and how wide a text is in them.
//!
//! Noto Sans (SIL Open Font License 1.1: `OFL.txt` beside the files), cut down to Latin, Greek and Cyrillic.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::HashMap;

const REGULAR: &[u8] = include_bytes!("NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("NotoSans-Bold.ttf");

/// Stands for a character that the face does not have.
const MISSING: char = '\u{fffd}';

/// A face, and the glyph and width of every character it has, in units of its size.
pub struct Face {
    pub font: Font,
    glyphs: HashMap<char, (u32, f32)>,
}

/// Regular and bold.
pub struct Faces {
    pub regular: Face,
    pub bold: Face,
}

impl Faces {
    /// `None`: the files in this binary are no fonts, which a test rules out.
    pub fn new() -> Option<Self> {
        Some(Self { regular: Face::new(REGULAR)?, bold: Face::new(BOLD)? })
    }

    pub fn of(&self, bold: bool) -> &Face {
        if bold { &self.bold } else { &self.regular }
    }
}

impl Face {
    fn new(data: &'static [u8]) -> Option<Self> {
        let read = FontRef::new(data).ok()?;
        let metrics = read.glyph_metrics(Size::new(1.0), LocationRef::default());
        let glyph = |(code, id): (u32, skrifa::GlyphId)| Some((char::from_u32(code)?, (id.to_u32(), metrics.advance_width(id)?)));
        let glyphs = read.charmap().mappings().filter_map(glyph).collect();
        Some(Self { font: Font::new(data.into(), 0)?, glyphs })
    }

    /// The text as it can be set: a character that the face does not have is one that says so.
    pub fn settable(&self, text: &str) -> String {
        text.chars().map(|c| if self.glyphs.contains_key(&c) { c } else { MISSING }).collect()
    }

    fn glyph(&self, c: char) -> (u32, f32) {
        self.glyphs.get(&c).or_else(|| self.glyphs.get(&MISSING)).copied().unwrap_or((0, 0.5))
    }

    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.glyph(c).1).sum::<f32>() * size
    }

    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let (id, width) = self.glyph(c);
            KrillaGlyph::new(GlyphId::new(id), width, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
        };
        text.char_indices().map(glyph).collect()
    }

    /// Lines of at most `width`. A word that is longer than a line is broken where it must be.
    pub fn wrapped(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut used = 0.0;
        let space = self.width(" ", size);
        for word in text.split_whitespace() {
            let word_width = self.width(word, size);
            if !line.is_empty() && used + space + word_width > width {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if !line.is_empty() {
                line.push(' ');
                used += space;
            }
            if word_width <= width {
                line.push_str(word);
                used += word_width;
                continue;
            }
            for c in word.chars() {
                let advance = self.glyph(c).1 * size;
                if !line.is_empty() && used + advance > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(c);
                used += advance;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}
