//! The table file: opened, checked, and looked up in.
//!
//! Comes in: the bytes of a file (a memory map, usually), then hosts. Goes out: [`Found`].
//! Always holds: a look-up allocates nothing and never panics, whatever the bytes; a name that no list holds touches the
//! filter only (but for 1 in 65,536), and a match is made on the stored name itself.
//!
//! - [`header`]  format, categories, provenance, kinds, checksums
//! - [`fuse`]    the filter: may this name be stored?
//! - [`names`]   the names: sorted, front-coded, under a sampled index
//! - [`hash`]    what the filter asks by
//! - [`bytes`]   numbers and texts, written and read back
//! - [`write`]   sorted names → the file

pub(in crate::lists) mod bytes;
pub(in crate::lists) mod fuse;
pub(in crate::lists) mod hash;
pub(in crate::lists) mod header;
pub(in crate::lists) mod names;
pub(in crate::lists) mod write;

use super::key::Key;
use super::source::Stands;
use super::{Found, KindId, ListId, Match, Provenance, Reach};
use crate::words::{Category, CategorySet, Host};
use header::{CHECKED, Header, said};
use names::Names;
use std::fmt;
use std::ops::Range;

/// Why bytes are not a table that can be looked up in. Whoever has the file adds its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    #[error("it is not a Schoolgate table: make one with `schoolgate lists compile`")]
    NotATable,
    #[error("it is a table of format {found}, and this version reads format {read}: run `schoolgate lists compile`")]
    OtherVersion { found: u32, read: u32 },
    #[error("the table is cut short or has something behind it ({is} bytes): run `schoolgate lists compile`")]
    Cut { is: u64 },
    #[error("the table's {part} is damaged near byte {offset}: check the disk, then run `schoolgate lists compile`")]
    Damaged { part: &'static str, offset: u64 },
    #[error("the table was made for other categories (bit {bit} is `{id}` in it): run `schoolgate lists compile`")]
    OtherCategories { id: String, bit: u8 },
    #[error("the table knows {found} categories and this version {known}: run `schoolgate lists compile`")]
    FewerCategories { found: u8, known: u8 },
    #[error("the table contradicts itself in {0}: run `schoolgate lists compile`")]
    Malformed(&'static str),
}

/// A compiled table: bytes in, look-ups out.
pub struct Table {
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    header: Header,
    kinds: Vec<Kind>,
    sums: Vec<u32>,
    body: Range<usize>,
    sections: [Range<usize>; header::SECTIONS],
}

/// What a kind's sources say of a host, by how it [`Stands`] to the entry's name.
struct Kind {
    of: [CategorySet; 3],
    /// Some source makes an exception here to its own wider entries.
    excepts: bool,
}

/// One source of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindSource {
    pub list: ListId,
    pub category: Category,
    pub reach: Reach,
}

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Distinct names and addresses.
    pub names: u64,
    pub bytes: u64,
    /// Bytes of the filter, which should stay in memory.
    pub filter_bytes: u64,
    /// Distinct sets of sources.
    pub kinds: u64,
}

impl Table {
    /// Reads a table file's bytes (a memory map, usually) and checks all of them against their checksums.
    ///
    /// All at once and not when first looked at: at this moment the caller can still keep the table it had, and the file
    /// is read once from end to end, which leaves it in the page cache.
    ///
    /// # Errors
    /// [`TableFault`] says what is wrong and what to do.
    pub fn open(bytes: Box<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, TableFault> {
        let (header, body, sums) = Header::read((*bytes).as_ref())?;
        let sections = header.sections.map(|(offset, length)| {
            let from = body.start.saturating_add(usize::try_from(offset).unwrap_or(usize::MAX));
            from..from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX))
        });
        let kinds = header.kinds.iter().map(|row| Kind::of(row, &header.lists)).collect();
        let table = Self { bytes, header, kinds, sums, body, sections };
        table.verify()?;
        table.check_sections()?;
        Ok(table)
    }

    /// A table of no names: for a first start without lists, and for tests.
    pub fn empty() -> Self {
        let nothing = super::compile(&mut [], &super::Known::default(), &mut |_| ());
        nothing.map(|made| Self::of_bytes(made.bytes)).expect("no source can fail where there is none")
    }

    fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::open(Box::new(bytes)).expect("what the compiler makes is a table")
    }

    /// Checks the body against its checksums again: a card may go bad under a running gate.
    ///
    /// # Errors
    /// [`TableFault::Damaged`] with the place.
    pub fn verify(&self) -> Result<(), TableFault> {
        let body = self.slice(&self.body);
        if body.chunks(CHECKED).len() != self.sums.len() {
            return Err(TableFault::Malformed("its checksums"));
        }
        match body.chunks(CHECKED).zip(&self.sums).position(|(chunk, sum)| crc32fast::hash(chunk) != *sum) {
            None => Ok(()),
            Some(bad) => Err(TableFault::Damaged { part: "body", offset: (self.body.start + bad * CHECKED) as u64 }),
        }
    }

    fn check_sections(&self) -> Result<(), TableFault> {
        if self.sections.iter().any(|s| s.end > self.body.end) {
            return Err(TableFault::Malformed("its sections"));
        }
        let filter = self.header.filter;
        if !filter.is_sound() || self.slice(&self.sections[0]).len() as u64 != filter.places() * 2 {
            return Err(TableFault::Malformed("its filter"));
        }
        if !self.names().is_sound(self.header.names) {
            return Err(TableFault::Malformed("its index"));
        }
        Ok(())
    }

    /// Everything the lists say of a host: every entry that is the host or a parent of it, the longest first.
    pub fn lookup(&self, host: &Host) -> Found {
        let maybe = self.maybe(host);
        if maybe == 0 { Found::NOTHING } else { self.confirm(host, maybe) }
    }

    /// Which parents of the host may be stored, by their labels: bit 2 for `example.com`. Asks the filter only.
    fn maybe(&self, host: &Host) -> u128 {
        let (filter, shape) = (self.filter(), &self.header.filter);
        let mut labels = host.as_str().as_bytes().rsplit(|&c| c == b'.');
        if host.is_address() {
            // An address has no parents; which bit says so is no matter.
            return u128::from(shape.may_hold(filter, labels.fold(hash::START, hash::with_label)));
        }
        // One label is never an entry.
        let mut hash = hash::with_label(hash::START, labels.next().unwrap_or_default());
        let mut maybe = 0;
        for (count, label) in (2..=self.header.most_labels).zip(labels) {
            hash = hash::with_label(hash, label);
            maybe |= u128::from(shape.may_hold(filter, hash)) << (count & 127);
        }
        maybe
    }

    /// Looks for the stored names themselves.
    fn confirm(&self, host: &Host, mut maybe: u128) -> Found {
        let key = Key::of(host);
        let names = self.names();
        let mut found = Found::NOTHING;
        let mut excepting = 0u128;
        while maybe != 0 {
            let labels = 127 - maybe.leading_zeros() as u8;
            maybe &= !(1 << labels);
            let labels = if host.is_address() { 1 } else { labels };
            let entry = if host.is_address() { key.as_bytes() } else { key.of_labels(labels) };
            let Some(number) = names.find(entry) else { continue };
            let Some(kind) = self.kinds.get(number as usize) else { continue };
            let stands = Stands::of(key.as_bytes(), entry);
            if kind.excepts {
                excepting |= 1 << (labels & 127);
            }
            let categories = match excepting {
                0 => kind.of[stands as usize],
                _ => self.not_excepted(number, stands, &key, excepting),
            };
            if !categories.is_empty() {
                found.push(Match { categories, labels, kind: KindId(number) });
            }
        }
        found
    }

    /// What the sources of a kind say of a host, but for those that make an exception at a name with one of these counts of
    /// labels. Few hosts come here, so each source's exceptions are looked for one by one, and nothing is kept.
    fn not_excepted(&self, kind: u32, stands: Stands, key: &Key, excepting: u128) -> CategorySet {
        let names = self.names();
        let row = |kind: u32| self.header.kinds.get(kind as usize).map_or(&[][..], Vec::as_slice);
        let excepted = |list: ListId| {
            (1..=127u8).filter(|labels| excepting >> labels & 1 == 1).any(|labels| {
                let name = key.of_labels(labels);
                let stands = Stands::of(key.as_bytes(), name);
                let exception = |&s: &u16| said(s).0 == list && said(s).1.is_exception() && said(s).1.reaches(stands);
                names.find(name).is_some_and(|kind| row(kind).iter().any(exception))
            })
        };
        let saying = row(kind).iter().map(|s| said(*s)).filter(|(_, says)| !says.is_exception() && says.reaches(stands));
        saying.filter(|(list, _)| !excepted(*list)).filter_map(|(list, _)| Some(self.list(list)?.category)).collect()
    }

    /// The sources, by [`ListId`].
    pub fn lists(&self) -> &[Provenance] {
        &self.header.lists
    }

    pub fn list(&self, list: ListId) -> Option<&Provenance> {
        self.header.lists.get(usize::from(list.0))
    }

    /// The first source of this kind that says this category; one that reaches below before one that does not.
    pub fn list_of(&self, kind: KindId, category: Category) -> Option<ListId> {
        self.kind_sources(kind).filter(|s| s.category == category).min_by_key(|s| s.reach).map(|s| s.list)
    }

    /// Every source of this kind, in the order of the sources: who says what of a match.
    pub fn kind_sources(&self, kind: KindId) -> impl Iterator<Item = KindSource> + '_ {
        let row = self.header.kinds.get(kind.0 as usize).map_or(&[][..], Vec::as_slice);
        row.iter().filter_map(|&s| {
            let (list, says) = said(s);
            let category = self.list(list)?.category;
            Some(KindSource { list, category, reach: says.reach()? })
        })
    }

    /// A number of the table's content: another table, another number.
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    pub fn stats(&self) -> Stats {
        Stats {
            names: self.header.names,
            bytes: (*self.bytes).as_ref().len() as u64,
            filter_bytes: self.filter().len() as u64,
            kinds: self.kinds.len() as u64,
        }
    }

    /// The filter's bytes, to be locked in memory by whoever mapped the file: then a miss never touches the disk.
    pub fn filter(&self) -> &[u8] {
        self.slice(&self.sections[0])
    }

    fn names(&self) -> Names<'_> {
        let [_, sample_at, samples, group_at, groups, block_at, blocks] = self.sections.each_ref().map(|s| self.slice(s));
        Names { sample_at, samples, group_at, groups, block_at, blocks }
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        (*self.bytes).as_ref().get(range.clone()).unwrap_or_default()
    }
}

impl Kind {
    fn of(row: &[u16], lists: &[Provenance]) -> Self {
        let saying = |stands: Stands| {
            let wanted = row.iter().map(|s| said(*s)).filter(|(_, says)| !says.is_exception() && says.reaches(stands));
            wanted.filter_map(|(list, _)| Some(lists.get(usize::from(list.0))?.category)).collect()
        };
        let excepts = row.iter().any(|s| said(*s).1.is_exception());
        Self { of: [Stands::Same, Stands::Www, Stands::Below].map(saying), excepts }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("generation", &self.generation()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
