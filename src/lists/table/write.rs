//! Sorted keys → a table file.
//!
//! Names go out as they come, to a file beside; what is kept until the end is their hashes, 8 bytes a name, and how many
//! stand in each block. Then the header can be written, and after it the names are copied behind it.

use super::digest::Digest;
use super::fuse;
use super::hash::name_hash;
use super::header::{ALIGNED, Asked, CHECKED, Header, Pattern, SECTIONS};
use super::kinds::Numbering;
use super::names::Packer;
use crate::lists::key::Form;
use crate::lists::parse::Within;
use crate::lists::pattern::Room;
use crate::lists::suffixes;
use crate::lists::{CompileFault, Progress, Provenance};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A place for what is too much for memory: a temporary file.
pub trait Spill: Read + Write + Seek {}

impl<T: Read + Write + Seek> Spill for T {}

/// A table file that has just been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub names: u64,
    pub bytes: u64,
    pub generation: u64,
}

/// Takes every key of a table in order, then writes the file.
pub(in crate::lists) struct Writer<'s> {
    spill: &'s mut dyn Spill,
    lists: Vec<String>,
    digest: Digest,
    packer: Packer,
    hashes: Vec<u64>,
    kinds: Numbering,
    asked: Asked,
    patterns: BTreeMap<(Within, String), Vec<u16>>,
    room: Room,
}

impl<'s> Writer<'s> {
    /// `spill` is empty, and takes the names while they come. `lists`: the name of each source, by its number.
    pub fn new(spill: &'s mut dyn Spill, lists: Vec<String>) -> Self {
        Self {
            spill,
            lists,
            digest: Digest::new(),
            packer: Packer::default(),
            hashes: Vec::new(),
            kinds: Numbering::default(),
            asked: Asked::default(),
            patterns: BTreeMap::new(),
            room: Room::default(),
        }
    }

    /// Adds a key with everything that is said of it. Keys come sorted, each once; `said` is sorted, each as
    /// [`saying`](super::header::saying) has it.
    ///
    /// # Errors
    /// [`CompileFault`]: the spill fails, or there is more than a table can hold.
    pub fn push(&mut self, key: &[u8], said: &[u16]) -> Result<(), CompileFault> {
        match Form::of(key) {
            Form::Host(labels) => self.asked.most_labels = self.asked.most_labels.max(labels),
            Form::Page => self.asked.pages += 1,
            Form::RangeV4(length) => self.asked.ranges_v4 |= 1 << (length & 31),
            Form::RangeV6(length) => self.asked.ranges_v6 |= 1 << (length & 127),
        }
        self.hashes.push(name_hash(key));
        let kind = self.kind(said)?;
        self.packer.push(key, kind);
        if let Some(blocks) = self.packer.blocks(CHECKED) {
            self.digest.add(&blocks);
            self.spill.write_all(&blocks).map_err(unspilled)?;
        }
        if u32::try_from(self.packer.blocks_length()).is_err() || self.packer.names() > u64::from(u32::MAX) {
            return Err(CompileFault::TooMuch);
        }
        Ok(())
    }

    fn kind(&mut self, said: &[u16]) -> Result<u32, CompileFault> {
        self.kinds.number(said).ok_or_else(|| {
            let most = self.kinds.most_mixed().and_then(|list| self.lists.get(usize::from(list.0)));
            CompileFault::TooManyKinds { list: most.cloned().unwrap_or_default() }
        })
    }

    /// Adds a pattern; the same one of another source is one with it. `false`: there is no room for it.
    pub fn pattern(&mut self, within: Within, text: &str, said: u16) -> bool {
        let row = match self.patterns.entry((within, text.to_owned())) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) if self.room.take(text) => free.insert(Vec::new()),
            Entry::Vacant(_) => return false,
        };
        if let Err(place) = row.binary_search(&said) {
            row.insert(place, said);
        }
        true
    }

    /// Writes the whole file. `lists` is what became of each source, by its number.
    ///
    /// # Errors
    /// [`CompileFault`]: the spill or `to` fails, or there is more than a table can hold.
    pub fn finish(
        mut self,
        lists: &[Provenance],
        to: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Written, CompileFault> {
        let names = self.packer.names();
        progress(Progress::Filtering { names });
        let mut patterns = Vec::with_capacity(self.patterns.len());
        for ((within, text), said) in std::mem::take(&mut self.patterns) {
            patterns.push(Pattern { within, kind: self.kind(&said)?, text });
        }
        let (last, in_block) = self.packer.finish();
        self.digest.add(&last);
        self.spill.write_all(&last).map_err(unspilled)?;
        let blocks = self.digest.length();

        let kinds = self.kinds.finish();
        let fuse = fuse::build(&self.hashes, &in_block);
        drop((self.hashes, in_block));
        let kept = [fuse.hints, kinds, fuse.filter];
        if kept.iter().any(|s| u32::try_from(s.len()).is_err()) {
            return Err(CompileFault::TooMuch);
        }
        let mut sections = [(0, 0); SECTIONS];
        sections[0] = (0, blocks);
        for (section, bytes) in sections[1..].iter_mut().zip(&kept) {
            self.digest.add(padding(self.digest.length()));
            *section = (self.digest.length(), bytes.len() as u64);
            self.digest.add(bytes);
        }
        let body = self.digest.length();
        let (sums, content) = self.digest.finish();
        let psl = suffixes::version().to_owned();
        let (lists, asked, filter) = (lists.to_vec(), self.asked, fuse.shape);
        let mut header = Header { generation: 0, names, asked, psl, lists, patterns, filter, sections };
        let before = header.write(&sums, content, body);

        let mut out = |bytes: &[u8]| to.write_all(bytes).map_err(unwritten);
        out(&before)?;
        copy(self.spill, blocks, &mut out)?;
        let mut written = blocks;
        for bytes in &kept {
            let padding = padding(written);
            out(padding)?;
            out(bytes)?;
            written += (padding.len() + bytes.len()) as u64;
        }
        Ok(Written { names, bytes: before.len() as u64 + body, generation: header.generation })
    }
}

fn unspilled(error: io::Error) -> CompileFault {
    CompileFault::Write { what: "a temporary file for the names", error }
}

fn unwritten(error: io::Error) -> CompileFault {
    CompileFault::Write { what: "the table", error }
}

/// Zeros up to the next section.
fn padding(length: u64) -> &'static [u8] {
    &[0; ALIGNED][..(length.next_multiple_of(ALIGNED as u64) - length) as usize]
}

/// Copies the names from where they were kept.
fn copy(spill: &mut dyn Spill, length: u64, out: &mut dyn FnMut(&[u8]) -> Result<(), CompileFault>) -> Result<(), CompileFault> {
    spill.seek(SeekFrom::Start(0)).map_err(unspilled)?;
    let mut buffer = vec![0; CHECKED];
    let mut left = length;
    while left > 0 {
        let piece = &mut buffer[..left.min(CHECKED as u64) as usize];
        spill.read_exact(piece).map_err(unspilled)?;
        out(piece)?;
        left -= piece.len() as u64;
    }
    Ok(())
}
