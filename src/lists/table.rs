//! The table file: opened, checked, and looked up in.
//!
//! Comes in: the bytes of a file (a memory map, usually), then hosts. Goes out: [`Found`].
//! Always holds: a look-up allocates nothing and never panics, whatever the bytes; a name that no list holds touches the
//! filter only (but for 1 in 65,536), and a match is made on the stored name itself.
//!
//! - [`ahead`]   a look-up in steps, so that the waits of many are one
//! - [`header`]  format, categories, provenance, kinds, checksums
//! - [`fuse`]    the filter: may this name be stored? And the hints: in which block?
//! - [`names`]   the names: sorted, front-coded in blocks
//! - [`pages`]   pages of a host, and patterns
//! - [`kinds`]   which sources say what, once for all names of which the same is said
//! - [`write`]   sorted keys → the file
//! - [`recheck`] the file read again, while the table is in force
//! - [`digest`]  checksums of the body, while it is written
//! - [`hash`]    what the filter asks by
//! - [`bytes`]   numbers and texts, written and read back

mod ahead;
pub(in crate::lists) mod bytes;
mod digest;
mod fuse;
pub(in crate::lists) mod hash;
pub(in crate::lists) mod header;
mod kinds;
mod names;
mod pages;
mod recheck;
pub(in crate::lists) mod write;

use ahead::Maybe;
pub use ahead::{Ahead, touch};
pub use recheck::ReadAt;

use super::key::Key;
use super::source::{Says, Stands};
use super::{Found, KindId, ListId, Match, Provenance, Reach};
use crate::words::{Category, CategorySet, Host};
use header::{CHECKED, Header};
use kinds::Rows;
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
    #[error("the table's {part} cannot be read near byte {offset} ({why}): check the disk, then run `schoolgate lists compile`")]
    Unreadable { part: &'static str, offset: u64, why: String },
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
    /// The file they are a map of.
    file: Option<Box<dyn ReadAt>>,
    header: Header,
    /// Of everything before the body, as it was when it was opened.
    header_sum: u32,
    kinds: Vec<Kind>,
    patterns: pages::Patterns,
    sums: Vec<u32>,
    body: Range<usize>,
    sections: [Range<usize>; header::SECTIONS],
}

/// Where each section stands among [`header::SECTIONS`].
const BLOCKS: usize = 0;
const HINTS: usize = 1;
const KINDS: usize = 2;
const FILTER: usize = 3;

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
        let header_sum = crc32fast::hash((*bytes).as_ref().get(..body.start).unwrap_or_default());
        let (kinds, patterns) = (Vec::new(), pages::Patterns::default());
        let mut table = Self { bytes, file: None, header, header_sum, kinds, patterns, sums, body, sections };
        table.verify()?;
        table.check_sections()?;
        table.kinds = (0..table.rows().len() as u32).map(|kind| Kind::of(table.rows().row(kind), &table.header.lists)).collect();
        let patterns = pages::Patterns::of(&table.header, table.kinds.len());
        table.patterns = patterns.ok_or(TableFault::Malformed("its patterns"))?;
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
        let filter = &self.header.filter;
        if !filter.is_sound() || self.filter().len() as u64 != filter.filter_bytes() {
            return Err(TableFault::Malformed("its filter"));
        }
        if self.hints().len() as u64 != filter.hint_bytes() {
            return Err(TableFault::Malformed("its hints"));
        }
        if !self.names().is_sound(self.header.names) {
            return Err(TableFault::Malformed("its names"));
        }
        let rows = Rows::of(self.slice(&self.sections[KINDS]));
        if !rows.is_some_and(|rows| rows.is_sound(self.header.lists.len())) {
            return Err(TableFault::Malformed("its kinds"));
        }
        Ok(())
    }

    /// Everything the lists say of a host: every entry that is the host or a parent of it, the longest first; of an address,
    /// every range it lies in.
    pub fn lookup(&self, host: &Host) -> Found {
        let mut ahead = self.approach(host);
        self.ask_filter(&mut ahead);
        self.ask_hints(&mut ahead);
        self.lookup_after(host, &ahead)
    }

    /// The last step of a look-up. `ahead` is this table's, of this host, and has been through the others.
    pub fn lookup_after(&self, host: &Host, ahead: &Ahead) -> Found {
        let maybe = &ahead.maybe;
        let found = if maybe.parts == 0 { Found::NOTHING } else { self.confirm(host, maybe) };
        self.with_host_patterns(host, found)
    }

    /// Looks for the stored names themselves.
    fn confirm(&self, host: &Host, maybe: &Maybe) -> Found {
        let (key, names) = (Key::of(host), self.names());
        let mut found = Found::NOTHING;
        let mut excepting = 0u128;
        let mut left = maybe.parts;
        while left != 0 {
            // An address itself comes before the ranges around it, a name before its parents.
            let labels = if host.is_address() && left & ITSELF != 0 { 1 } else { 127 - left.leading_zeros() as u8 };
            left &= !(1 << labels);
            let hint = maybe.hint(labels);
            let Some(number) = with_part(host, &key, labels, |entry| names.find(entry, hint)) else { continue };
            let Some(kind) = self.kinds.get(number as usize) else { continue };
            let stands = stands(host, &key, labels);
            if kind.excepts {
                excepting |= 1 << (labels & 127);
            }
            let categories = match excepting {
                0 => kind.of[stands as usize],
                _ => self.not_excepted(number, stands, host, excepting),
            };
            if !categories.is_empty() {
                found.push(Match { categories, labels, at: 0, kind: KindId(number) });
            }
        }
        found
    }

    /// What the sources of a kind say of a host, but for those that make an exception at one of these parts of it. Few hosts
    /// come here, so each source's exceptions are looked for one by one, and nothing is kept.
    fn not_excepted(&self, kind: u32, stands_so: Stands, host: &Host, excepting: u128) -> CategorySet {
        let (rows, key) = (self.rows(), Key::of(host));
        let excepted = |list: ListId| {
            (1..=127u8).filter(|labels| excepting >> labels & 1 == 1).any(|labels| {
                let stands = stands(host, &key, labels);
                let kind = with_part(host, &key, labels, |name| self.kind_of(name, hash::name_hash(name)));
                kind.is_some_and(|kind| {
                    rows.row(kind).any(|(of, says)| of == list && says.is_exception() && says.reaches(stands))
                })
            })
        };
        let saying = rows.row(kind).filter(|(_, says)| !says.is_exception() && says.reaches(stands_so));
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
        self.rows()
            .row(kind.0)
            .filter_map(|(list, says)| Some(KindSource { list, category: self.list(list)?.category, reach: says.reach()? }))
    }

    /// For each kind, how many names are of it, and each of its sources: what lists have in common.
    pub fn counts(&self) -> impl Iterator<Item = (u64, impl Iterator<Item = ListId> + '_)> + '_ {
        let rows = self.rows();
        (0..rows.len() as u32).map(move |kind| {
            let sources = rows.row(kind).filter(|(_, says)| !says.is_exception()).map(|(list, _)| list);
            (rows.count(kind).into(), sources)
        })
    }

    /// The version of the Public Suffix List it was made with; each list's run is made again with another.
    pub fn psl(&self) -> &str {
        &self.header.psl
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
        self.slice(&self.sections[FILTER])
    }

    /// The kind of the name with this key and hash.
    fn kind_of(&self, key: &[u8], hash: u64) -> Option<u32> {
        self.names().find(key, self.header.filter.hint(self.hints(), hash))
    }

    fn names(&self) -> Names<'_> {
        Names(self.slice(&self.sections[BLOCKS]))
    }

    fn hints(&self) -> &[u8] {
        self.slice(&self.sections[HINTS])
    }

    fn rows(&self) -> Rows<'_> {
        Rows::of(self.slice(&self.sections[KINDS])).unwrap_or_default()
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        (*self.bytes).as_ref().get(range.clone()).unwrap_or_default()
    }
}

impl Kind {
    fn of(row: impl Iterator<Item = (ListId, Says)>, lists: &[Provenance]) -> Self {
        let mut kind = Self { of: [CategorySet::EMPTY; 3], excepts: false };
        for (list, says) in row {
            let Some(category) = lists.get(usize::from(list.0)).map(|list| list.category) else { continue };
            kind.excepts |= says.is_exception();
            for stands in [Stands::Same, Stands::Www, Stands::Below] {
                if !says.is_exception() && says.reaches(stands) {
                    kind.of[stands as usize].insert(category);
                }
            }
        }
        kind
    }
}

/// In a set of lengths of ranges: the address itself.
const ITSELF: u128 = 1 << 1;

/// The key of a part of an address: itself, or a range around it.
fn part_of(host: &Host, length: u8) -> Key {
    match host.address() {
        Some(address) if length > 1 => Key::of_range(address, length),
        _ => Key::of(host),
    }
}

/// Asks with the key of a part of a host: a parent of a name, a range around an address.
fn with_part<T>(host: &Host, key: &Key, labels: u8, ask: impl FnOnce(&[u8]) -> T) -> T {
    if host.is_address() { ask(part_of(host, labels).as_bytes()) } else { ask(key.of_labels(labels)) }
}

/// How a host stands to that part of it. An address is meant as much by a range as by itself.
fn stands(host: &Host, key: &Key, labels: u8) -> Stands {
    if host.is_address() { Stands::Same } else { Stands::of(key.as_bytes(), key.of_labels(labels)) }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("generation", &self.generation()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
