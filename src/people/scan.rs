//! CSV bytes → fields, each with its place (RFC 4180: commas, quotes, any line ending; a byte-order mark is skipped).
//!
//! Our own and not the `csv` crate's reader, because a register must not be read generously: that one takes a quote that is
//! never closed for one long field and swallows the rest of the school in it, and tells a record's place, not a field's.

use super::fault::{Faults, Place};

/// Most bytes of a file: 50,000 lines of 300 bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Most lines. The largest schools have 3,500 pupils; a trust's forty schools in one file are 40,000.
pub(super) const MAX_LINES: usize = 50_000;

/// Most fields of a line. We know nine columns.
const MAX_FIELDS: usize = 64;

/// Most characters of a field.
pub(super) const MAX_FIELD: usize = 256;

/// One field, without the quotes and blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub text: String,
    pub place: Place,
}

/// One line with something on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub fields: Vec<Field>,
    /// A fault was found in it: what its fields say is not worth judging.
    pub broken: bool,
}

impl Line {
    pub fn place(&self) -> Place {
        self.fields.first().map_or(Place { line: 1, column: 1 }, |f| Place { column: 1, ..f.place })
    }
}

/// The lines of a file. What cannot be read is added to `faults`, and left out.
pub(super) fn scan(bytes: &[u8], faults: &mut Faults) -> Vec<Line> {
    let start = Place { line: 1, column: 1 };
    if bytes.len() > MAX_BYTES {
        let what = format!("the file has more than {MAX_BYTES} bytes");
        faults.add(start, what, "is it the right file? One line a person is enough");
        return vec![];
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        faults.add(start, "the file is UTF-16", "save it as 'CSV UTF-8'");
        return vec![];
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    check_encoding(bytes, faults);
    let text = String::from_utf8_lossy(bytes);
    let mut cursor = Cursor { rest: &text, place: start };
    let mut lines = vec![];
    while !cursor.rest.is_empty() {
        if lines.len() > MAX_LINES {
            faults.add(
                cursor.place,
                format!("there are more than {MAX_LINES} lines"),
                "import in parts is not possible; is it the right file?",
            );
            break;
        }
        let line = cursor.line(faults);
        if line.broken || line.fields.iter().any(|f| !f.text.is_empty()) {
            lines.push(line);
        }
    }
    lines
}

/// One fault for all bytes that are not UTF-8: they have one cause, the way the file was saved.
fn check_encoding(bytes: &[u8], faults: &mut Faults) {
    let Err(error) = std::str::from_utf8(bytes) else { return };
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
    let mut cursor = Cursor { rest: &before, place: Place { line: 1, column: 1 } };
    while cursor.bump().is_some() {}
    let byte = bytes[error.valid_up_to()];
    faults.add(cursor.place, format!("the byte 0x{byte:02X} is not UTF-8"), "save the file as 'CSV UTF-8'");
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
    place: Place,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        let ends_line = c == '\n' || c == '\r' && self.peek() != Some('\n');
        self.place = match self.place {
            Place { line, .. } if ends_line => Place { line: line.saturating_add(1), column: 1 },
            Place { line, column } => Place { line, column: column.saturating_add(1) },
        };
        Some(c)
    }

    fn at_end_of_line(&self) -> bool {
        matches!(self.peek(), None | Some('\n' | '\r'))
    }

    fn at_end_of_field(&self) -> bool {
        self.at_end_of_line() || self.peek() == Some(',')
    }

    fn skip_until(&mut self, end: fn(&Self) -> bool) {
        while !end(self) {
            self.bump();
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    fn line(&mut self, faults: &mut Faults) -> Line {
        let before = faults.count();
        let mut fields = vec![];
        loop {
            fields.push(self.field(faults));
            if self.peek() != Some(',') {
                break;
            }
            if fields.len() == MAX_FIELDS {
                let what = format!("the line has more than {MAX_FIELDS} fields");
                faults.add(self.place, what, "nine columns are known; delete the others");
                self.skip_until(Self::at_end_of_line);
                break;
            }
            self.bump();
        }
        if self.bump() == Some('\r') && self.peek() == Some('\n') {
            self.bump();
        }
        Line { fields, broken: faults.count() > before }
    }

    fn field(&mut self, faults: &mut Faults) -> Field {
        self.skip_blanks();
        if self.peek() == Some('"') { self.quoted(faults) } else { self.bare(faults) }
    }

    fn bare(&mut self, faults: &mut Faults) -> Field {
        let (place, text) = (self.place, self.rest);
        self.skip_until(Self::at_end_of_field);
        let text = text[..text.len() - self.rest.len()].trim();
        if text.chars().nth(MAX_FIELD).is_some() {
            faults.add(place, format!("the field has more than {MAX_FIELD} characters"), "shorten it");
            return Field { text: String::new(), place };
        }
        Field { text: text.to_owned(), place }
    }

    /// A quoted field. One that does not end within [`MAX_FIELD`] characters is given up with the rest of its first line, so
    /// that a quote somebody forgot costs one line and not the file.
    fn quoted(&mut self, faults: &mut Faults) -> Field {
        let place = self.place;
        let mut ahead = *self;
        ahead.bump();
        let mut text = String::new();
        for _ in 0..=MAX_FIELD {
            match ahead.bump() {
                Some('"') if ahead.peek() == Some('"') => text.extend(ahead.bump()),
                Some('"') => {
                    *self = ahead;
                    self.after_quotes(faults);
                    return Field { text: text.trim().to_owned(), place };
                }
                Some(c) => text.push(c),
                None => break,
            }
        }
        let what = format!("the quote opened here is not closed within {MAX_FIELD} characters");
        faults.add(place, what, "close it, or write a quote within quotes twice");
        self.skip_until(Self::at_end_of_line);
        Field { text: String::new(), place }
    }

    fn after_quotes(&mut self, faults: &mut Faults) {
        self.skip_blanks();
        if !self.at_end_of_field() {
            faults.add(
                self.place,
                "there is text after the closing quote",
                "put a comma there, or write a quote within quotes twice",
            );
            self.skip_until(Self::at_end_of_field);
        }
    }
}

#[cfg(test)]
mod tests;
