//! A reader cut into lines of bounded length.

use std::io::{self, BufRead};

/// Longest line that is read, in bytes. The longest useful one is a hosts line with many names; what is longer is not a list.
pub const MAX_LINE: usize = 8192;

/// One line, without its line feed and carriage return.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    Text(&'a [u8]),
    /// Longer than [`MAX_LINE`]; what it held is gone.
    TooLong,
}

/// The lines of a reader, with their numbers, and a checksum of all bytes that went by.
pub struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    checksum: crc32fast::Hasher,
}

impl<'a> Lines<'a> {
    pub fn new(reader: &'a mut dyn BufRead) -> Self {
        Self { reader, line: Vec::new(), number: 0, bytes: 0, checksum: crc32fast::Hasher::new() }
    }

    /// The next line and its number, from 1. `None` at the end.
    ///
    /// # Errors
    /// What the reader says.
    pub fn next_line(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let seen = match self.reader.fill_buf() {
                Ok(seen) => seen,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if seen.is_empty() {
                break;
            }
            any = true;
            let end = seen.iter().position(|&c| c == b'\n');
            let take = end.map_or(seen.len(), |at| at + 1);
            let text = &seen[..end.unwrap_or(seen.len())];
            if self.line.len() + text.len() > MAX_LINE {
                too_long = true;
            } else {
                self.line.extend_from_slice(text);
            }
            self.checksum.update(&seen[..take]);
            self.bytes += take as u64;
            self.reader.consume(take);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if too_long {
            return Ok(Some((self.number, Line::TooLong)));
        }
        let mut text = self.line.as_slice();
        if self.number == 1 {
            // A byte order mark, as Windows editors write it.
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        Ok(Some((self.number, Line::Text(text.strip_suffix(b"\r").unwrap_or(text)))))
    }

    /// Lines read so far.
    pub fn count(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// CRC-32 of the bytes read so far.
    pub fn checksum(&self) -> u32 {
        self.checksum.clone().finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_are_cut_at_line_feeds_however_the_bytes_arrive() {
        let text = b"\xef\xbb\xbfone\r\n\ntwo\nlast".as_slice();
        for capacity in [1, 3, 64] {
            let mut reader = BufReader::with_capacity(capacity, text);
            let mut lines = Lines::new(&mut reader);
            for (number, expected) in [(1, "one"), (2, ""), (3, "two"), (4, "last")] {
                assert_eq!(lines.next_line().ok(), Some(Some((number, Line::Text(expected.as_bytes())))));
            }
            assert_eq!(lines.next_line().ok(), Some(None));
            assert_eq!((lines.count(), lines.bytes(), lines.checksum()), (4, text.len() as u64, crc32fast::hash(text)));
        }
    }

    #[test]
    fn a_line_without_end_is_passed_over_and_the_next_is_read() {
        let text = [vec![b'a'; MAX_LINE + 1], b"\nexample.com".to_vec()].concat();
        let mut reader = BufReader::with_capacity(100, text.as_slice());
        let mut lines = Lines::new(&mut reader);
        assert_eq!(lines.next_line().ok(), Some(Some((1, Line::TooLong))));
        assert_eq!(lines.next_line().ok(), Some(Some((2, Line::Text(b"example.com")))));
        assert!(lines.line.capacity() <= 2 * MAX_LINE);
    }
}
