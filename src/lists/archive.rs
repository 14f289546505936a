//! A list's archive, read as a stream: tar, or tar in gzip.
//!
//! Comes in: a way to open the bytes, again if need be, for a stream does not go back. Goes out: a [`Tree`] of names, and the
//! bytes of one file at a time.
//! Always holds: nothing is unpacked to anywhere; a link leads to a name within the archive or nowhere; what is read, held and
//! walked is bounded by the numbers below, whoever made the archive; one that ends early is a fault that names the file.
//!
//! The first pass reads the names; a file is then read by going on, or from the beginning if it stands further up. So a link
//! (UT1's `porn` is one to `adult`) is followed wherever its goal stands. An archive in an archive is bytes, and no list.
//!
//! - [`stream`]   bytes → records of tar, within limits
//! - [`index`]    the names, and where links lead

mod index;
mod stream;

use super::members::{Kind, Tree};
use index::Index;
use std::io::{self, BufRead, Read};
use stream::{Stream, Taken};

/// Most bytes that an archive may hold once unpacked. UT1's whole tree has 0.2 GB.
pub const MOST_UNPACKED: u64 = 2 << 30;
/// Most bytes of one file in it. UT1's `adult/domains` has 0.11 GB.
pub const MOST_OF_A_FILE: u64 = 512 << 20;
/// Most files, folders and links, those that are only named as part of a path too. v2fly's repository has 1,600.
pub const MOST_ENTRIES: u32 = 100_000;
/// Longest path, in bytes, and its most names: deeper than any list lies, and a hundred thousand of them are 26 MB at most.
pub const LONGEST_PATH: usize = 256;
pub const DEEPEST_PATH: usize = 16;
/// How much larger gzip's content may be than its bytes. Lists of names are packed to a third, one of numbered names to a
/// thirtieth; gzip itself ends at 1,032, which is what a bomb has.
pub const MOST_RATIO: u64 = 200;
/// What may be read before the ratio counts: a small list of one letter is no bomb.
pub const RATIO_FROM: u64 = 8 << 20;

/// Opens the bytes of an archive from their beginning.
pub type Opener<'a> = Box<dyn FnMut() -> io::Result<Box<dyn Read>> + 'a>;

/// An archive whose names are known.
pub struct Archive<'a> {
    opener: Opener<'a>,
    index: Index,
    /// As far as it has been read.
    stream: Option<Stream>,
    file: Taken,
}

impl<'a> Archive<'a> {
    /// Reads the names.
    ///
    /// # Errors
    /// What the opener or the reader says; [`io::ErrorKind::InvalidData`] if it is no archive or goes beyond a limit, and
    /// [`io::ErrorKind::UnexpectedEof`] if it ends early.
    pub fn open(mut opener: Opener<'a>) -> io::Result<Self> {
        let mut stream = Stream::new(opener()?)?;
        let mut index = Index::default();
        while let Some(entry) = stream.next_entry()? {
            index.add(entry)?;
        }
        Ok(Self { opener, index, stream: None, file: Taken::default() })
    }

    /// Whether these first bytes are those of an archive: gzip, or tar with its mark.
    pub fn is_one(first: &[u8]) -> bool {
        first.starts_with(&[0x1f, 0x8b]) || first.get(257..262).is_some_and(|mark| mark == b"ustar")
    }
}

/// How many first bytes [`Archive::is_one`] wants.
pub const FIRST_BYTES: usize = 512;

impl Tree for Archive<'_> {
    fn kind(&mut self, path: &str) -> io::Result<Option<Kind>> {
        self.index.kind(path)
    }

    fn top(&mut self) -> io::Result<Vec<String>> {
        Ok(self.index.top())
    }

    fn read(&mut self, path: &str) -> io::Result<&mut dyn BufRead> {
        let number = self.index.file(path)?;
        let mut stream = match self.stream.take().or_else(|| self.file.give_back()) {
            Some(stream) if stream.is_before(number) => stream,
            _ => Stream::new((self.opener)()?)?,
        };
        loop {
            match stream.next_entry()? {
                Some(entry) if entry.number == number => break,
                Some(_) => {}
                None => {
                    return Err(stream::invalid("the archive is not what it was a moment ago: it was written while it was read"));
                }
            }
        }
        self.file = Taken::of(stream);
        Ok(&mut self.file)
    }
}

#[cfg(test)]
mod tests;
