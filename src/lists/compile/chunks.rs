//! The entries of one source, sorted a chunk at a time: a full chunk is spilled, and all are merged at the end.
//!
//! A source of up to [`CHUNK`] entries, which is nearly every one, is never spilled.

use super::CompileFault;
use super::merge::first_of;
use crate::lists::run::RunFault;
use crate::lists::run::entries::{Decoder, Entries, Totals};
use crate::lists::table::write::Spill;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io::SeekFrom;

/// Entries of a chunk: 16 bytes each and some 20 of a key, so about 40 MB.
pub(super) const CHUNK: usize = 1 << 20;
/// Bytes of keys of a chunk, an entry of it: real lists have 15 to 25.
const KEY_BYTES: usize = 32;

/// Takes an entry: its key and its mark.
pub(super) type Each<'e> = dyn FnMut(&[u8], u8) -> Result<(), CompileFault> + 'e;

pub(super) struct Chunks<'s> {
    spill: &'s mut dyn Spill,
    most: usize,
    arena: Vec<u8>,
    entries: Vec<Entry>,
    spilled: Vec<u64>,
    end: u64,
    total: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    first: u64,
    start: u32,
    len: u8,
    mark: u8,
}

const _: () = assert!(size_of::<Entry>() == 16);

impl<'s> Chunks<'s> {
    /// `most`: entries of a chunk.
    pub fn new(spill: &'s mut dyn Spill, most: usize) -> Self {
        Self { spill, most, arena: Vec::new(), entries: Vec::new(), spilled: Vec::new(), end: 0, total: 0 }
    }

    /// Adds an entry: a key of 1 to 255 bytes, and what is said of it as a number that sorts.
    pub fn add(&mut self, key: &[u8], mark: u8) -> Result<(), CompileFault> {
        if self.entries.len() >= self.most || self.arena.len() >= self.most.saturating_mul(KEY_BYTES) {
            self.flush()?;
        }
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(key);
        self.entries.push(Entry { first: first_of(key), start, len: key.len() as u8, mark });
        self.total += 1;
        Ok(())
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Hands over all entries in order: by key, then by mark.
    pub fn merged(mut self, each: &mut Each<'_>) -> Result<(), CompileFault> {
        if self.spilled.is_empty() {
            self.sort();
            return self.entries.iter().try_for_each(|e| each(key(&self.arena, e), e.mark));
        }
        self.flush()?;
        (self.arena, self.entries) = (Vec::new(), Vec::new());
        let mut chunks: Vec<Chunk> = self.spilled.iter().map(|at| Chunk { at: *at, decoder: Decoder::default() }).collect();
        let mut heap = BinaryHeap::with_capacity(chunks.len());
        for (number, chunk) in chunks.iter_mut().enumerate() {
            if chunk.advance(self.spill)? {
                heap.push(Reverse(chunk.head(number, Vec::new())));
            }
        }
        while let Some(Reverse(head)) = heap.pop() {
            each(&head.key, head.mark)?;
            let chunk = &mut chunks[head.chunk];
            if chunk.advance(self.spill)? {
                heap.push(Reverse(chunk.head(head.chunk, head.key)));
            }
        }
        Ok(())
    }

    fn sort(&mut self) {
        let Self { arena, entries, .. } = self;
        let compare =
            |a: &Entry, b: &Entry| a.first.cmp(&b.first).then_with(|| key(arena, a).cmp(key(arena, b))).then(a.mark.cmp(&b.mark));
        entries.sort_unstable_by(compare);
    }

    fn flush(&mut self) -> Result<(), CompileFault> {
        self.sort();
        self.spilled.push(self.end);
        let written = self.spill.seek(SeekFrom::Start(self.end)).and_then(|_| {
            let mut to = Entries::new();
            for entry in &self.entries {
                to.push(key(&self.arena, entry), entry.mark, &mut self.spill)?;
            }
            to.finish(&mut self.spill)
        });
        let Totals { bytes, .. } = written.map_err(|error| CompileFault::Write { what: "what does not fit in memory", error })?;
        self.end += bytes;
        self.entries.clear();
        self.arena.clear();
        Ok(())
    }
}

fn key<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let start = entry.start as usize;
    &arena[start..start + usize::from(entry.len)]
}

/// One spilled chunk, and how far it was read.
struct Chunk {
    at: u64,
    decoder: Decoder,
}

impl Chunk {
    fn advance(&mut self, spill: &mut dyn Spill) -> Result<bool, CompileFault> {
        let unread = |fault: RunFault| CompileFault::Write {
            what: "what does not fit in memory",
            error: std::io::Error::other(format!("it cannot be read back: {fault}")),
        };
        if self.decoder.wants_block() {
            // The other chunks use the same file.
            let place = SeekFrom::Start(self.at + self.decoder.totals().bytes);
            spill.seek(place).map_err(|fault| unread(RunFault::Read(fault)))?;
        }
        let mut from: &mut dyn Spill = spill;
        self.decoder.advance(&mut from).map_err(unread)
    }

    /// `key` is room to write the key into.
    fn head(&self, chunk: usize, mut key: Vec<u8>) -> Head {
        self.decoder.key().clone_into(&mut key);
        Head { first: first_of(&key), key, mark: self.decoder.mark(), chunk }
    }
}

/// The next entry of a chunk.
#[derive(PartialEq, Eq)]
struct Head {
    first: u64,
    key: Vec<u8>,
    mark: u8,
    chunk: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.first.cmp(&other.first).then_with(|| self.key.cmp(&other.key));
        by_key.then(self.mark.cmp(&other.mark)).then(self.chunk.cmp(&other.chunk))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
