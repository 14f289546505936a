//! The lines of a list that an entry came from: for `explain` and `lists search`.
//!
//! - [`scan`]  the same by the entry's text, for lists whose lines stand for themselves: most of them, and fast

mod scan;

pub use scan::scan_lines;

use super::Format;
use super::parse::detect;
use super::parse::lines::{self, Lines};
use super::parse::{Means, Parser, What};
use crate::words::Host;
use std::io::{self, BufRead};

/// Most lines named for one entry; more would be a list that says one thing over and over.
pub const MOST_LINES: usize = 16;

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// As it stands there; bytes that are no UTF-8 replaced. It came from outside: escape it before it is shown.
    pub text: String,
}

/// The first [`MOST_LINES`] lines that say `entry` (that very name, not one below or above it).
///
/// A source kept in [`Format::Detect`] is asked in the format its first lines have.
///
/// # Errors
/// What the reader says.
pub fn find_lines(reader: &mut dyn BufRead, format: Format, entry: &Host) -> io::Result<Vec<Line>> {
    let mut lines = Lines::new(reader);
    let mut found = Vec::new();
    let mut parser = Parser::new(format);
    if format == Format::Detect {
        let opening = detect::opening(&mut lines)?;
        parser = Parser::new(opening.format.unwrap_or(Format::Domains));
        for (number, text) in &opening.lines {
            say(&mut parser, *number, text.as_deref().unwrap_or_default(), entry, &mut found);
        }
    }
    while found.len() < MOST_LINES {
        match lines.next_line()? {
            Some((number, lines::Line::Text(text))) => say(&mut parser, number, text, entry, &mut found),
            Some((_, lines::Line::TooLong)) => {}
            None => break,
        }
    }
    found.truncate(MOST_LINES);
    Ok(found)
}

fn say(parser: &mut Parser, number: u64, text: &[u8], entry: &Host, found: &mut Vec<Line>) {
    let mut says = false;
    parser.line(text, &mut |said| says |= said.is_ok_and(|r| r.what == What::Host(*entry) && r.means == Means::Entry && !r.off));
    if says {
        found.push(Line { number, text: String::from_utf8_lossy(text).into_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_with_its_line_in_any_format() {
        let host = Host::parse("b.example").expect("a host");
        let hosts = "# list\n0.0.0.0 a.example B.example # both\n\n0.0.0.0 x.b.example\n";
        let domains = "a.example\nx.b.example\nb.example.\n";
        for (text, format, expected) in [
            (hosts, Format::Hosts, vec![(2, "0.0.0.0 a.example B.example # both")]),
            (hosts, Format::Detect, vec![(2, "0.0.0.0 a.example B.example # both")]),
            (domains, Format::Domains, vec![(3, "b.example.")]),
            (domains, Format::Detect, vec![(3, "b.example.")]),
            (domains, Format::Hosts, vec![]),
            ("*.a.example\n*.b.example\n", Format::Detect, vec![(2, "*.b.example")]),
            ("||a.example^\n@@||b.example^\n||b.example^\n", Format::Detect, vec![(3, "||b.example^")]),
            ("$ORIGIN rpz.\na.example CNAME .\nb.example CNAME .\n", Format::Detect, vec![(3, "b.example CNAME .")]),
            ("full:b.example @ads\nkeyword:b\n", Format::V2fly, vec![(1, "full:b.example @ads")]),
        ] {
            let found = find_lines(&mut text.as_bytes(), format, &host).expect("readable");
            let found: Vec<_> = found.iter().map(|l| (l.number, l.text.as_str())).collect();
            assert_eq!(found, expected, "{format} {text}");
        }
        let address = Host::parse("203.0.113.9").expect("a host");
        let found = find_lines(&mut "203.0.113.0/28\n".as_bytes(), Format::Addresses, &address).expect("readable");
        assert_eq!(found.len(), 1, "an address is found in its range");
        let many = "b.example\n".repeat(100);
        assert_eq!(find_lines(&mut many.as_bytes(), Format::Detect, &host).expect("readable").len(), MOST_LINES);
    }
}
