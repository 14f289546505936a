//! The lines of a list that hold an entry's text, and say it.
//!
//! Parsing every line of a list of two million takes a second; looking for the bytes first takes a tenth of it. A line means the
//! same whatever stands before it in every format but zone files; ranges of addresses do not hold the address that was asked for.

use super::{Line, MOST_LINES, say};
use crate::lists::Format;
use crate::lists::parse::lines::{Lines, MAX_LINE};
use crate::lists::parse::{Parser, What, detect};
use crate::words::Host;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::{memchr, memchr_iter, memrchr};
use std::io::{self, BufRead};

/// Bytes looked through at a time.
const BLOCK: usize = 1 << 18;

/// [`super::find_lines`], but for lines that do not hold `written`, the host or address in the entry: a format whose lines do not stand for themselves has
/// none, and an entry that a list writes in another way is not found.
///
/// # Errors
/// What the reader says.
pub fn scan_lines<'a>(
    reader: &mut dyn BufRead,
    format: Format,
    entry: impl Into<What<'a>>,
    written: &Host,
) -> io::Result<Vec<Line>> {
    let entry = entry.into();
    let mut found = Vec::new();
    let (mut format, mut before) = (format, 0);
    if format == Format::Detect {
        let mut lines = Lines::new(reader);
        let opening = detect::opening(&mut lines)?;
        format = opening.format.unwrap_or(Format::Domains);
        before = lines.count();
        let mut parser = Parser::new(format);
        for (number, text) in &opening.lines {
            say(&mut parser, *number, text.as_deref().unwrap_or_default(), entry, &mut found);
        }
    }
    if matches!(format, Format::Rpz | Format::Addresses) {
        return Ok(Vec::new());
    }
    let Ok(texts) = texts_of(written) else { return Ok(Vec::new()) };
    let mut parser = Parser::new(format);
    let mut blocks = Blocks { reader, block: Vec::new(), skipping: false };
    while found.len() < MOST_LINES {
        let Some(whole) = blocks.next_lines()? else { break };
        let mut counted = 0;
        let mut from = 0;
        while let Some(hit) = texts.find(&whole[from..]).filter(|_| found.len() < MOST_LINES) {
            let at = from + hit.start();
            let start = memrchr(b'\n', &whole[..at]).map_or(0, |feed| feed + 1);
            let end = memchr(b'\n', &whole[at..]).map_or(whole.len(), |feed| at + feed);
            before += memchr_iter(b'\n', &whole[counted..start]).count() as u64;
            counted = start;
            from = (end + 1).min(whole.len());
            let text = whole[start..end].strip_suffix(b"\r").unwrap_or(&whole[start..end]);
            let number = before + 1;
            let text = if number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
            if text.len() <= MAX_LINE {
                say(&mut parser, number, text, entry, &mut found);
            }
        }
        before += memchr_iter(b'\n', &whole[counted..]).count() as u64;
    }
    found.truncate(MOST_LINES);
    Ok(found)
}

/// What the entry may be written as: A-labels or U-labels, in capitals or not.
fn texts_of(entry: &Host) -> Result<AhoCorasick, aho_corasick::BuildError> {
    let mut texts = vec![entry.as_str().to_owned()];
    if entry.as_str().contains("xn--") {
        texts.push(idna::domain_to_unicode(entry.as_str()).0);
    }
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(texts)
}

/// A reader in blocks of whole lines.
struct Blocks<'a> {
    reader: &'a mut dyn BufRead,
    /// What was given last, and the beginning of a line after it.
    block: Vec<u8>,
    /// Inside a line longer than a block.
    skipping: bool,
}

impl Blocks<'_> {
    /// The next lines, the last of them with its line feed unless it is the file's last. A line longer than a block is left out but
    /// for its line feed, so that the count of lines is right.
    fn next_lines(&mut self) -> io::Result<Option<&[u8]>> {
        // `given` was everything up to the last line feed: what is behind it comes first now.
        let given = memrchr(b'\n', &self.block).map_or(0, |feed| feed + 1);
        self.block.drain(..given);
        loop {
            if self.block.len() >= BLOCK {
                if let Some(feed) = memrchr(b'\n', &self.block) {
                    return Ok(Some(&self.block[..=feed]));
                }
                self.block.clear();
                self.skipping = true;
            }
            let seen = match self.reader.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                seen => seen?,
            };
            if seen.is_empty() {
                if self.block.is_empty() {
                    return Ok(None);
                }
                // Given with nothing behind it: the next call drains it all.
                self.block.push(b'\n');
                return Ok(self.block.strip_suffix(b"\n"));
            }
            let mut taken = seen;
            if self.skipping {
                // The line feed itself stays: it ends the line that is left out.
                taken = memchr(b'\n', seen).map_or(&[], |feed| &seen[feed..]);
                self.skipping = taken.is_empty();
            }
            self.block.extend_from_slice(taken);
            let used = seen.len();
            self.reader.consume(used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::find_lines;
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn numbers(lines: &[Line]) -> Vec<u64> {
        lines.iter().map(|l| l.number).collect()
    }

    #[test]
    fn a_line_far_down_has_its_number_and_is_the_one_that_says_it() {
        let host = Host::parse("wanted.example").expect("a host");
        let filler: String = (0..40_000).map(|n| format!("n{n}.unwanted.example\n")).collect();
        for (capacity, ending) in [(1 << 13, "\n"), (77, "\r\n"), (1 << 20, "")] {
            let text = format!(
                "\u{feff}# wanted.example\n{filler}{}\n{filler}x.wanted.example\nWanted.Example{ending}",
                "x".repeat(3 * BLOCK)
            );
            let scanned = scan_lines(&mut BufReader::with_capacity(capacity, text.as_bytes()), Format::Domains, &host, &host)
                .expect("read");
            assert_eq!(numbers(&scanned), [80_004], "{capacity}");
            let read = find_lines(&mut text.as_bytes(), Format::Domains, &host).expect("read");
            assert_eq!(scanned, read);
        }
    }

    #[test]
    fn it_is_found_in_a_list_as_the_list_writes_it() {
        let host = Host::parse("münchen.example").expect("a host");
        for (text, format, expected) in [
            ("a.example\nxn--mnchen-3ya.example\nmünchen.example\n", Format::Domains, vec![2, 3]),
            ("0.0.0.0 a.example XN--MNCHEN-3YA.example\n", Format::Hosts, vec![1]),
            ("||xn--mnchen-3ya.example^\n@@||xn--mnchen-3ya.example^\n", Format::Detect, vec![1]),
            ("xn--mnchen-3ya.example CNAME .\n", Format::Rpz, vec![]),
        ] {
            assert_eq!(numbers(&scan_lines(&mut text.as_bytes(), format, &host, &host).expect("read")), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_scanned_is_what_reading_each_line_finds(
            lines in proptest::collection::vec("(a\\.example|b\\.a\\.example|A\\.Example\\.?|# a\\.example|\\|\\|a\\.example\\^|0\\.0\\.0\\.0 a\\.example|x{0,9})\r?", 0..12),
            capacity in 1usize..64,
        ) {
            let (text, host) = (lines.join("\n"), Host::parse("a.example").expect("a host"));
            for format in [Format::Domains, Format::Hosts, Format::Adblock, Format::Wildcard, Format::Detect, Format::V2fly] {
                let scanned = scan_lines(&mut BufReader::with_capacity(capacity, text.as_bytes()), format, &host, &host).expect("read");
                if !scanned.is_empty() {
                    prop_assert_eq!(scanned, find_lines(&mut text.as_bytes(), format, &host).expect("read"));
                }
            }
        }
    }
}
