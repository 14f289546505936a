//! What stands before the names: which format, which categories, which sources, how to check the rest.
//!
//! All numbers little-endian. `magic 8 · version 4 · header length 4 · file length 8 · generation 8 · …` as [`Header::write`]
//! has it, and at its end the CRC-32 of all of it. The body follows at the next multiple of 64 bytes, in [`SECTIONS`].

use super::TableFault;
use super::bytes::{Reader, Writer};
use super::{fuse, hash};
use crate::lists::parse::Within;
use crate::lists::provenance::{MemberRead, Row};
use crate::lists::source::{About, Says};
use crate::lists::{Broken, Format, ListId, Provenance, Reject, Rejects};
use crate::words::Category;
use std::ops::Range;

pub(super) const MAGIC: &[u8; 8] = b"sgtable\n";
/// Raised with every change of this file, of the names' coding, of the hash, or of the order of [`Reject`], [`Broken`] and
/// [`Says`].
pub(super) const VERSION: u32 = 8;
/// Bytes of body under one checksum: small enough to say where a card is bad, large enough that the sums are few.
pub(super) const CHECKED: usize = 1 << 16;
/// Blocks, which are written first because they alone are too many to be kept until the end; then the hints, kinds and the
/// filter.
pub(in crate::lists) const SECTIONS: usize = 4;
/// Where the generation stands.
const GENERATION_AT: usize = 24;
/// Body and sections begin at a multiple of this: a cache line.
pub(super) const ALIGNED: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lists) struct Header {
    pub generation: u64,
    /// Keys: names, addresses, ranges and pages.
    pub names: u64,
    pub asked: Asked,
    /// The Public Suffix List it was made with.
    pub psl: String,
    pub lists: Vec<Provenance>,
    pub patterns: Vec<Pattern>,
    pub filter: fuse::Shape,
    /// Offset in the body and length of each.
    pub sections: [(u64, u64); SECTIONS],
}

/// What a look-up needs to ask for: what the table has none of, is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::lists) struct Asked {
    /// Labels of the longest entry: a host's longer parents need not be asked for.
    pub most_labels: u8,
    /// Entries that are a page of a host.
    pub pages: u64,
    /// Lengths of ranges that occur, a bit each.
    pub ranges_v4: u32,
    pub ranges_v6: u128,
}

/// A regular expression of one or more lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lists) struct Pattern {
    pub within: Within,
    pub kind: u32,
    pub text: String,
}

impl Header {
    /// The file up to the body, with checksums and generation worked out. `content` is a number of the body's content.
    pub fn write(&mut self, sums: &[u32], content: u64, body: u64) -> Vec<u8> {
        self.generation = 0;
        let mut bytes = self.bytes(sums, body);
        // 0 is left for 'no generation', should a reader need one.
        self.generation = hash::of_bytes(content, &bytes).max(1);
        bytes[GENERATION_AT..GENERATION_AT + 8].copy_from_slice(&self.generation.to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(ALIGNED), 0);
        bytes
    }

    /// The header's bytes, without its checksum.
    fn bytes(&self, sums: &[u32], body: u64) -> Vec<u8> {
        let mut to = Writer::default();
        to.raw(MAGIC);
        to.u32(VERSION);
        to.u32(0); // header length, below
        to.u64(0); // file length, below
        to.u64(self.generation);
        to.u64(self.names);
        to.u8(self.asked.most_labels);
        to.u64(self.asked.pages);
        to.u32(self.asked.ranges_v4);
        to.raw(&self.asked.ranges_v6.to_le_bytes());
        to.text(&self.psl);
        to.u8(Category::FIXED.len() as u8);
        for category in Category::FIXED {
            to.u8(category.bit());
            to.text(category.id().unwrap_or_default());
        }
        to.u32(self.lists.len() as u32);
        self.lists.iter().for_each(|list| write_provenance(&mut to, list));
        to.u32(self.patterns.len() as u32);
        for pattern in &self.patterns {
            to.u8(pattern.within as u8);
            to.u32(pattern.kind);
            to.text(&pattern.text);
        }
        to.u32(self.filter.segment);
        to.u32(self.filter.segments);
        to.u8(self.filter.hint_bits);
        to.u32(self.filter.seeds.len() as u32);
        self.filter.seeds.iter().for_each(|seed| to.u64(*seed));
        for (offset, length) in self.sections {
            to.u64(offset);
            to.u64(length);
        }
        to.u32(sums.len() as u32);
        sums.iter().for_each(|sum| to.u32(*sum));
        let mut bytes = to.finish();
        let length = bytes.len() + 4;
        bytes[12..16].copy_from_slice(&(length as u32).to_le_bytes());
        let file = length.next_multiple_of(ALIGNED) as u64 + body;
        bytes[16..24].copy_from_slice(&file.to_le_bytes());
        bytes
    }

    /// Reads and checks a header, and finds the body and its checksums.
    pub fn read(file: &[u8]) -> Result<(Self, Range<usize>, Vec<u32>), TableFault> {
        let mut start = Reader(file);
        if start.raw(8) != Some(MAGIC) {
            return Err(TableFault::NotATable);
        }
        let version = start.u32().ok_or(TableFault::NotATable)?;
        if version != VERSION {
            return Err(TableFault::OtherVersion { found: version, read: VERSION });
        }
        let cut = || TableFault::Cut { is: file.len() as u64 };
        let length = start.u32().ok_or_else(cut)? as usize;
        let (header, sum) = file.get(..length).and_then(|h| h.split_last_chunk::<4>()).ok_or_else(cut)?;
        if crc32fast::hash(header) != u32::from_le_bytes(*sum) {
            return Err(TableFault::Damaged { part: "header", offset: 0 });
        }
        let (header, file_length, sums) = Self::parse(header)?;
        if file_length != file.len() as u64 {
            return Err(TableFault::Cut { is: file.len() as u64 });
        }
        let body = length.next_multiple_of(ALIGNED);
        if body > file.len() {
            return Err(cut());
        }
        Ok((header, body..file.len(), sums))
    }

    fn parse(header: &[u8]) -> Result<(Self, u64, Vec<u32>), TableFault> {
        let malformed = || TableFault::Malformed("its header");
        let mut from = Reader(header.get(16..).ok_or_else(malformed)?);
        let file_length = from.u64().ok_or_else(malformed)?;
        let generation = from.u64().ok_or_else(malformed)?;
        let names = from.u64().ok_or_else(malformed)?;
        let asked = read_asked(&mut from).ok_or_else(malformed)?;
        let psl = from.text().ok_or_else(malformed)?.to_owned();
        check_categories(&mut from)?;
        let lists = read_all(&mut from, read_provenance).ok_or_else(malformed)?;
        let patterns = read_all(&mut from, read_pattern).ok_or_else(malformed)?;
        let tail = |from: &mut Reader| {
            let (segment, segments, hint_bits) = (from.u32()?, from.u32()?, from.u8()?);
            let filter = fuse::Shape { segment, segments, hint_bits, seeds: read_all(from, Reader::u64)? };
            let mut sections = [(0, 0); SECTIONS];
            for section in &mut sections {
                *section = (from.u64()?, from.u64()?);
            }
            let sums = read_all(from, Reader::u32)?;
            from.0.is_empty().then_some((filter, sections, sums))
        };
        let (filter, sections, sums) = tail(&mut from).ok_or_else(malformed)?;
        Ok((Self { generation, names, asked, psl, lists, patterns, filter, sections }, file_length, sums))
    }
}

/// So many of something as a number in front says. Nothing is made room for that is not there.
fn read_all<'a, T>(from: &mut Reader<'a>, one: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
    let count = from.u32()?;
    (0..count).map(|_| one(from)).collect()
}

fn read_asked(from: &mut Reader) -> Option<Asked> {
    let (most_labels, pages, ranges_v4) = (from.u8()?, from.u64()?, from.u32()?);
    let ranges_v6 = u128::from(from.u64()?) | u128::from(from.u64()?) << 64;
    Some(Asked { most_labels, pages, ranges_v4, ranges_v6 })
}

fn read_pattern(from: &mut Reader) -> Option<Pattern> {
    let within = match from.u8()? {
        0 => Within::Host,
        1 => Within::Url,
        _ => return None,
    };
    Some(Pattern { within, kind: from.u32()?, text: from.text()?.to_owned() })
}

/// A bit with another meaning would turn one category into another, silently: refused, whatever else is right.
fn check_categories(from: &mut Reader) -> Result<(), TableFault> {
    let malformed = || TableFault::Malformed("its categories");
    let count = from.u8().ok_or_else(malformed)?;
    for _ in 0..count {
        let bit = from.u8().ok_or_else(malformed)?;
        let id = from.text().ok_or_else(malformed)?;
        if Category::fixed(id).map(Category::bit) != Some(bit) {
            return Err(TableFault::OtherCategories { id: id.to_owned(), bit });
        }
    }
    if usize::from(count) != Category::FIXED.len() {
        return Err(TableFault::FewerCategories { found: count, known: Category::FIXED.len() as u8 });
    }
    Ok(())
}

/// What became of a source, as a table's header and a run's tail have it.
pub(in crate::lists) fn write_provenance(to: &mut Writer, list: &Provenance) {
    to.text(&list.name);
    to.u8(list.category.bit());
    to.text(list.format.word());
    // No version and an empty one are the same.
    to.text(list.version.as_deref().unwrap_or_default());
    list.about.write(to);
    to.u32(list.members.len() as u32);
    for member in &list.members {
        to.text(&member.name);
        to.text(member.format.word());
        to.u64(member.lines);
        to.u64(member.bytes);
        to.u32(member.checksum);
    }
    for count in [list.lines, list.bytes, list.entries, list.duplicates, list.cancelled, list.host_only] {
        to.u64(count);
    }
    to.u32(list.checksum);
    to.u8(list.broken.map_or(0, |b| b as u8 + 1));
    to.text(list.refused.as_deref().unwrap_or_default());
    to.u8(list.rejects.iter().count() as u8);
    for (why, count, first) in list.rejects.iter() {
        to.u8(why as u8);
        to.u64(count);
        to.u8(first.len() as u8);
        first.iter().for_each(|line| to.u64(*line));
    }
}

/// Back from [`write_provenance`].
pub(in crate::lists) fn read_provenance(from: &mut Reader) -> Option<Provenance> {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let name = from.text()?.to_owned();
    let category = Category::from_bit(from.u8()?)?;
    let format = Format::from_word(from.text()?)?;
    let version = said(from.text()?);
    let about = About::read(from)?;
    let member = |from: &mut Reader| {
        let (name, format) = (from.text()?.to_owned(), Format::from_word(from.text()?)?);
        Some(MemberRead { name, format, lines: from.u64()?, bytes: from.u64()?, checksum: from.u32()? })
    };
    let members = from.u32().and_then(|n| (0..n).map(|_| member(from)).collect::<Option<_>>())?;
    let mut counts = [0; 6];
    for count in &mut counts {
        *count = from.u64()?;
    }
    let [lines, bytes, entries, duplicates, cancelled, host_only] = counts;
    let checksum = from.u32()?;
    let broken = match from.u8()? {
        0 => None,
        n => Some(*Broken::ALL.get(usize::from(n) - 1)?),
    };
    let refused = said(from.text()?);
    let mut rejects = Rejects::default();
    for _ in 0..from.u8()? {
        let why = *Reject::ALL.get(usize::from(from.u8()?))?;
        let count = from.u64()?;
        let first = (0..from.u8()?).map(|_| from.u64()).collect::<Option<_>>()?;
        rejects.restore(why, Row { count, first });
    }
    Some(Provenance {
        name,
        category,
        format,
        version,
        about,
        members,
        lines,
        bytes,
        checksum,
        entries,
        duplicates,
        cancelled,
        host_only,
        rejects,
        broken,
        refused,
    })
}

/// A source and what it says, as a kind has it: the number · 8 and the place of [`Says`].
pub(in crate::lists) fn saying(source: u16, says: Says) -> u16 {
    source << 3 | says as u16
}

/// Back from [`saying`].
pub(super) fn said(said: u16) -> (ListId, Says) {
    (ListId(said >> 3), Says::ALL[usize::from(said & 7) % Says::ALL.len()])
}
