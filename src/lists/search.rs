//! The lines of a list that an entry came from: for `explain` and `lists search`.

use super::Format;
use super::parse::lines::{self, Lines};
use super::parse::{self, detect};
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
    let format = if format == Format::Detect {
        let opening = detect::opening(&mut lines)?;
        let told = opening.format.unwrap_or(Format::Domains);
        for (number, text) in &opening.lines {
            say(told, *number, text.as_deref().unwrap_or_default(), entry, &mut found);
        }
        told
    } else {
        format
    };
    while found.len() < MOST_LINES {
        match lines.next_line()? {
            Some((number, lines::Line::Text(text))) => say(format, number, text, entry, &mut found),
            Some((_, lines::Line::TooLong)) => {}
            None => break,
        }
    }
    found.truncate(MOST_LINES);
    Ok(found)
}

fn say(format: Format, number: u64, text: &[u8], entry: &Host, found: &mut Vec<Line>) {
    let mut says = false;
    parse::line(format, text, &mut |said| says |= said.as_ref() == Ok(entry));
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
        ] {
            let found = find_lines(&mut text.as_bytes(), format, &host).expect("readable");
            let found: Vec<_> = found.iter().map(|l| (l.number, l.text.as_str())).collect();
            assert_eq!(found, expected, "{format} {text}");
        }
        let many = "b.example\n".repeat(100);
        assert_eq!(find_lines(&mut many.as_bytes(), Format::Detect, &host).expect("readable").len(), MOST_LINES);
    }
}
