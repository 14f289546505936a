//! Records of a segment as bytes.
//!
//! ```text
//! [len][crc] [seq][ring][position][kind] body
//! ```
//! What comes from a ring in one piece is written as it stands there: a body of the kind [`RUN`] holds the ring's own frames, of
//! which each has its checksum, and the checksum before it is that of the fields alone. Where there is time for it, what several
//! rings hold is packed in the order in which it happened, a body of the kind [`TOGETHER`] (see [`super::packed`]): a card wears out
//! by what is written to it. Such a record is whole or it is not there.
//!
//! What was synced is never written to again, not even its last page: the first record after a sync begins with a page, and what is
//! before it is zero. No power cut while one is written harms those before, and a card writes each page once.

use super::super::event::Event;
use super::super::gap::Gap;
use super::super::record::{self, BadRecord};
use super::super::ring::{self, RingId, Run};
use super::packed::{self, Noted};
use std::io::{self, Read};

/// What a disk writes at least. A page that was synced is not written again: the first record after that begins with the next one.
pub(super) const PAGE: u64 = 4096;
/// Length and checksum, which the length does not count.
pub(super) const PREFIX: usize = 8;
/// Seq, ring, position, kind.
pub(super) const FIXED: usize = 25;

/// What a record is: in the file, one byte.
const EVENT: u8 = 0;
const GAP: u8 = 1;
/// Events in the frames of their ring; seq and position are the first one's.
const RUN: u8 = 2;
/// A run, packed as gates before this one did it: how long its frames are, and they, deflated.
const PACKED: u8 = 3;
/// Events of several rings, packed; ring and position are 0.
const TOGETHER: u8 = 4;

/// Longest run, and longest of what is packed.
pub const MAX_RUN: usize = 256 << 10;
const _: () = assert!(MAX_RUN > record::MAX_BODY);

/// One record of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub seq: u64,
    pub ring: RingId,
    pub position: u64,
    kind: u8,
    body: &'a [u8],
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, read and passed on; nearly all are events")]
pub enum What<'a> {
    Event(Event<'a>),
    Gap(Gap),
}

impl<'a> Record<'a> {
    pub fn what(&self) -> Result<What<'a>, BadRecord> {
        match self.kind {
            EVENT => record::decode(self.body).map(What::Event),
            GAP => Gap::decode(self.body).map(What::Gap),
            _ => Err(BadRecord::Field("kind")),
        }
    }

    /// When an event was: see [`record::moment`].
    pub(super) fn moment(&self) -> Option<(i64, u64)> {
        record::moment(self.body).filter(|_| self.kind == EVENT)
    }

    /// What is the same of every question that is the same.
    pub fn question(&self) -> Option<[&'a [u8]; 4]> {
        if self.kind == EVENT { record::question(self.body) } else { None }
    }

    /// The record at the start of `bytes`, and how long it is; the first of a run stands for all. `None`: there is no whole one.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let word = |at: usize| bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b));
        let prefix = word(0)?;
        let (len, crc) = (prefix as u32 as usize, (prefix >> 32) as u32);
        let kind = *bytes.get(PREFIX + FIXED - 1)?;
        let most = if matches!(kind, RUN | PACKED | TOGETHER) { MAX_RUN } else { record::MAX_BODY };
        if !(FIXED..=FIXED + most).contains(&len) {
            return None;
        }
        let (fixed, body) = bytes.get(PREFIX..PREFIX + len)?.split_at(FIXED);
        let summed = if kind == RUN { fixed } else { &bytes[PREFIX..PREFIX + len] };
        if crc32fast::hash(summed) != crc {
            return None;
        }
        let record = Self { seq: word(8)?, ring: word(16)?, position: word(24)?, kind, body };
        (kind != RUN || record.frames().last()?.1 == body.len()).then_some((record, PREFIX + len))
    }

    /// The events of a run, each with the offset of its end.
    fn frames(self) -> impl Iterator<Item = (Self, usize)> {
        let (mut seq, mut at) = (self.seq, 0);
        std::iter::from_fn(move || {
            let position = self.position + at as u64;
            let (body, len) = ring::frame(self.body.get(at..)?, position)?;
            let record = Self { seq, position, kind: EVENT, body, ..self };
            (seq, at) = (seq + 1, at + len);
            Some((record, at))
        })
    }
}

/// The whole records at the start of `bytes`, in which nothing is packed.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = 0;
    let parsed = std::iter::from_fn(move || {
        let (record, len) = Record::parse(bytes.get(at..)?)?;
        at += len;
        Some(record)
    });
    parsed.flat_map(|record| {
        let (frames, single) = if record.kind == RUN { (Some(record.frames()), None) } else { (None, Some(record)) };
        single.into_iter().chain(frames.into_iter().flatten().map(|(frame, _)| frame))
    })
}

/// The records at the start of some bytes of a segment, with nothing packed any more.
pub struct Unpacked {
    pub bytes: Vec<u8>,
    /// How long they are in the segment.
    pub taken: usize,
    pub records: u64,
}

/// Unpacks the whole records at the start of `bytes`, which stand at this offset of the segment, until they come to `most` bytes.
pub fn unpack(bytes: &[u8], offset: u64, most: usize) -> Unpacked {
    let mut out = Unpacked { bytes: Vec::with_capacity(bytes.len()), taken: 0, records: 0 };
    let mut next_seq = None;
    while out.bytes.len() < most
        && let Some((record, len, room)) = next(&bytes[out.taken..], offset + out.taken as u64)
    {
        // Where a page is missing that was to be written with the next one, room is what it looks like.
        if room > 0 && next_seq.is_some_and(|seq| seq != record.seq) {
            break;
        }
        let start = out.bytes.len();
        let whole = match record.kind {
            PACKED => inflated(record.body).is_some_and(|frames| {
                push(&mut out.bytes, record.seq, record.ring, record.position, RUN, &frames);
                // What was packed has its own checksum; of what came of it, each record has.
                Record::parse(&out.bytes[start..]).is_some()
            }),
            TOGETHER => {
                let mut seq = record.seq..;
                packed::each(record.body, |noted| {
                    seq.next().into_iter().for_each(|seq| push_event(&mut out.bytes, seq, &noted));
                })
                .is_some()
            }
            _ => {
                out.bytes.extend_from_slice(&bytes[out.taken + room..out.taken + room + len]);
                true
            }
        };
        if !whole {
            out.bytes.truncate(start);
            break;
        }
        let records = records(&out.bytes[start..]).count() as u64;
        next_seq = Some(record.seq + records);
        out.records += records;
        out.taken += room + len;
    }
    out
}

/// The record at the start of `bytes`, or at the start of the next page where nothing is before; how long it is, and that room.
fn next(bytes: &[u8], offset: u64) -> Option<(Record<'_>, usize, usize)> {
    if let Some((record, len)) = Record::parse(bytes) {
        return Some((record, len, 0));
    }
    let room = (offset.next_multiple_of(PAGE) - offset) as usize;
    let (record, len) = Record::parse(bytes.get(room..)?)?;
    bytes[..room].iter().all(|octet| *octet == 0).then_some((record, len, room))
}

fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    let (len, deflated) = body.split_first_chunk()?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > MAX_RUN {
        return None;
    }
    let mut frames = vec![0; len];
    flate2::read::DeflateDecoder::new(deflated).read_exact(&mut frames).ok()?;
    Some(frames)
}

/// Appends a record, with its checksum: of a run, of the fields alone.
pub(super) fn push(out: &mut Vec<u8>, seq: u64, ring: RingId, position: u64, kind: u8, body: &[u8]) {
    let start = out.len();
    out.extend([0; PREFIX]);
    [seq, ring, position].iter().for_each(|n| out.extend(n.to_le_bytes()));
    out.push(kind);
    out.extend_from_slice(body);
    let summed = if kind == RUN { &out[start + PREFIX..start + PREFIX + FIXED] } else { &out[start + PREFIX..] };
    let (len, crc) = ((FIXED + body.len()) as u32, crc32fast::hash(summed));
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Records on their way into a segment, all of one boot.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    pub records: u64,
}

impl Batch {
    /// Most bytes written at once.
    const FULL: usize = 256 << 10;

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() >= Self::FULL
    }

    pub fn event(&mut self, seq: u64, ring: RingId, position: u64, body: &[u8]) {
        push(&mut self.bytes, seq, ring, position, EVENT, body);
        self.records += 1;
    }

    pub fn gap(&mut self, seq: u64, ring: RingId, gap: &Gap) {
        let mut body = Vec::new();
        gap.encode(&mut body);
        push(&mut self.bytes, seq, ring, 0, GAP, &body);
        self.records += 1;
    }
}

/// Appends the record of one event.
fn push_event(out: &mut Vec<u8>, seq: u64, noted: &Noted) {
    push(out, seq, noted.ring, noted.position, EVENT, noted.body);
}

/// Events of several rings as one record; as one each, where that is shorter.
pub(super) fn together(first_seq: u64, noted: &[Noted]) -> io::Result<Vec<u8>> {
    let singly: usize = noted.iter().map(|noted| PREFIX + FIXED + noted.body.len()).sum();
    let packed = packed::pack(noted)?;
    let mut out = Vec::new();
    if PREFIX + FIXED + packed.len() < singly && packed.len() <= MAX_RUN {
        push(&mut out, first_seq, 0, 0, TOGETHER, &packed);
    } else {
        (first_seq..).zip(noted).for_each(|(seq, noted)| push_event(&mut out, seq, noted));
    }
    Ok(out)
}

/// What stands before the frames of a run.
pub(super) fn front(seq: u64, ring: RingId, run: &Run) -> Vec<u8> {
    let mut front = Vec::with_capacity(PREFIX + FIXED);
    push(&mut front, seq, ring, run.position, RUN, &[]);
    front[..4].copy_from_slice(&((FIXED + run.bytes.len()) as u32).to_le_bytes());
    front
}
