//! Segments: files that are only ever appended to, where events are from the ring on until a week file has them.
//!
//! ```text
//! header:  magic, layout, checksum, first seq, boot
//! records: each [len][crc] [seq][ring][position][kind] body
//! ```
//! What comes from a ring in one piece is written as it stands there: a body of the kind [`RUN`] holds the ring's own frames, of
//! which each has its checksum, and the checksum before it is that of the fields alone. Where there is time for it, the frames are
//! packed: a body of the kind [`PACKED`] is how long they are, and they, deflated (RFC 1951); a card wears out by what is written to
//! it. A run is whole or it is not there.
//!
//! A segment is named by its first seq, so that their order is that of their names.

use super::event::Event;
use super::gap::Gap;
use super::record::{self, BadRecord};
use super::ring::{self, RingId, Run};
use super::time::BootId;
use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A segment that has grown to this is closed, and deleted once week files have what is in it: as much as a start reads again
/// after a crash, and that takes well under a second on a Raspberry Pi.
const SEGMENT_BYTES: u64 = 8 << 20;
/// How much of a segment goes into one transaction: some 20,000 questions. The rings wait meanwhile, some 100 ms, several hundred
/// on a Raspberry Pi, and have room for longer; each transaction is an fsync.
const MAX_UNPACKED: usize = 5 << 19;
/// As many bytes of a segment are read for that.
pub const SLICE_BYTES: u64 = MAX_UNPACKED as u64;

const MAGIC: [u8; 8] = *b"SGSEG\0\r\n";
const LAYOUT: u32 = 3;
/// Layouts before, which are read: the same without what is packed, and without runs.
const EARLIER: [u32; 2] = [2, 1];
const HEADER: usize = 40;
/// Length and checksum, which the length does not count.
const PREFIX: usize = 8;
/// Seq, ring, position, kind.
const FIXED: usize = 25;

/// What a record is: in the file, one byte.
const EVENT: u8 = 0;
const GAP: u8 = 1;
/// Events in the frames of their ring; seq and position are the first one's.
const RUN: u8 = 2;
/// A run, packed.
const PACKED: u8 = 3;

/// Longest run.
pub const MAX_RUN: usize = 256 << 10;
/// Shorter ones are not packed: there is nothing to gain.
const LEAST_PACKED: usize = 512;
const _: () = assert!(SLICE_BYTES as usize > PREFIX + FIXED + MAX_RUN && MAX_RUN > record::MAX_BODY);

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

    /// What is the same of every question that is the same.
    pub fn question(&self) -> Option<[&'a [u8]; 4]> {
        if self.kind == EVENT { record::question(self.body) } else { None }
    }

    /// The record at the start of `bytes`, and how long it is; the first of a run stands for all. `None`: there is no whole one.
    fn parse(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let word = |at: usize| bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b));
        let prefix = word(0)?;
        let (len, crc) = (prefix as u32 as usize, (prefix >> 32) as u32);
        let kind = *bytes.get(PREFIX + FIXED - 1)?;
        let most = if matches!(kind, RUN | PACKED) { MAX_RUN } else { record::MAX_BODY };
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

/// Unpacks the whole records at the start of `bytes`, until they come to `most` bytes.
pub fn unpack(bytes: &[u8], most: usize) -> Unpacked {
    let mut out = Unpacked { bytes: Vec::with_capacity(bytes.len()), taken: 0, records: 0 };
    while out.bytes.len() < most
        && let Some((record, len)) = bytes.get(out.taken..).and_then(Record::parse)
    {
        let start = out.bytes.len();
        if record.kind == PACKED {
            let Some(frames) = inflated(record.body) else { break };
            push(&mut out.bytes, record.seq, record.ring, record.position, RUN, &frames);
            // What was packed has its own checksum; of what came of it, each record has.
            if Record::parse(&out.bytes[start..]).is_none() {
                out.bytes.truncate(start);
                break;
            }
        } else {
            out.bytes.extend_from_slice(&bytes[out.taken..out.taken + len]);
        }
        out.records += records(&out.bytes[start..]).count() as u64;
        out.taken += len;
    }
    out
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

fn deflated(frames: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = (frames.len() as u32).to_le_bytes().to_vec();
    let mut encoder = flate2::write::DeflateEncoder::new(&mut out, flate2::Compression::fast());
    encoder.write_all(frames)?;
    encoder.finish()?;
    Ok(out)
}

/// Appends a record, with its checksum: of a run, of the fields alone.
fn push(out: &mut Vec<u8>, seq: u64, ring: RingId, position: u64, kind: u8, body: &[u8]) {
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
    bytes: Vec<u8>,
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

/// Up to where the records of a ring are in segments or week files: what is not above is not taken again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// The position of its last record.
    pub position: Option<u64>,
    /// How many it had lost at its last gap.
    pub lost: u64,
}

impl Mark {
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { position: self.position.max(other.position), lost: self.lost.max(other.lost) }
    }

    /// The mark with this record in it.
    #[must_use]
    pub fn with(self, position: u64, what: &What) -> Self {
        match what {
            What::Event(_) => self.or(Self { position: Some(position), lost: 0 }),
            What::Gap(gap) => self.or(Self { position: None, lost: gap.total }),
        }
    }
}

/// One segment, as far as it has got.
pub struct Segment {
    path: PathBuf,
    pub boot: BootId,
    /// `None`: nothing more is appended.
    open: Option<File>,
    /// Up to where it holds whole records.
    good: u64,
    /// Bytes may stand behind `good` which a failed write left.
    torn: bool,
    /// Up to where week files have it, but for what is held; and how many records they do not have.
    booked: u64,
    unbooked: u64,
    /// From where on events wait to be dated, and how many there are.
    held: Option<(u64, u64)>,
    /// Week files may have some of it already: it was there at the start, or a transaction failed.
    pub doubtful: bool,
    /// Written since the last fsync; the folder too, if the file is new.
    dirty: bool,
    fresh: bool,
}

/// A part of a segment that week files do not have yet.
pub struct Slice {
    pub records: Unpacked,
    pub boot: BootId,
    pub doubtful: bool,
}

/// What waits in segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub bytes: u64,
    pub records: u64,
}

/// All segments, the oldest first.
pub struct Segments {
    dir: PathBuf,
    list: VecDeque<Segment>,
    /// The seq of the next record.
    pub next_seq: u64,
}

/// What was found at the start.
pub struct Recovered {
    pub segments: Segments,
    pub marks: HashMap<RingId, Mark>,
    /// For each segment whose end a power cut took: when its last whole event was, and since which boot time.
    pub torn: Vec<(i64, u64)>,
}

impl Segments {
    /// Reads the segments that an earlier process left; `present` is this run of the machine.
    pub fn recover(dir: &Path, present: BootId) -> io::Result<Recovered> {
        let mut paths: Vec<_> = std::fs::read_dir(dir)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "seg"));
        paths.sort();
        let mut found = Recovered {
            segments: Self { dir: dir.to_owned(), list: VecDeque::new(), next_seq: 1 },
            marks: HashMap::new(),
            torn: Vec::new(),
        };
        for path in paths {
            found.read(path, present)?;
        }
        Ok(found)
    }

    /// How many events wait to be dated.
    pub fn undated(&self) -> u64 {
        self.list.iter().filter_map(|s| s.held).map(|(_, count)| count).sum()
    }

    /// Appends a batch, whole or not at all.
    pub fn append(&mut self, batch: &Batch, boot: BootId) -> io::Result<()> {
        self.write(&[&batch.bytes], batch.records, boot)
    }

    /// Appends what a ring holds in one piece, whole or not at all; packed, if there is time for that.
    pub fn append_run(&mut self, ring: RingId, run: &Run, boot: BootId, pack: bool) -> io::Result<()> {
        let packed = if pack && run.bytes.len() >= LEAST_PACKED { Some(deflated(run.bytes)?) } else { None };
        if let Some(packed) = packed.filter(|packed| packed.len() < run.bytes.len()) {
            let mut record = Vec::with_capacity(PREFIX + FIXED + packed.len());
            push(&mut record, self.next_seq, ring, run.position, PACKED, &packed);
            return self.write(&[&record], run.records, boot);
        }
        let mut front = Vec::with_capacity(PREFIX + FIXED);
        push(&mut front, self.next_seq, ring, run.position, RUN, &[]);
        front[..4].copy_from_slice(&((FIXED + run.bytes.len()) as u32).to_le_bytes());
        self.write(&[&front, run.bytes], run.records, boot)
    }

    fn write(&mut self, parts: &[&[u8]], records: u64, boot: BootId) -> io::Result<()> {
        if let Some(last) = self.list.back_mut() {
            last.trim()?;
            if last.boot != boot || last.good >= SEGMENT_BYTES {
                last.sync(&self.dir)?;
                last.open = None;
            }
        }
        if self.list.back().is_none_or(|s| s.open.is_none()) {
            self.begin(boot)?;
        }
        let Some((last, file)) = self.list.back_mut().and_then(|s| s.open.take().map(|file| (s, file))) else {
            return Err(io::Error::other("a segment that was begun is not there"));
        };
        let mut end = last.good;
        let written = parts.iter().try_for_each(|part| {
            file.write_all_at(part, end)?;
            end += part.len() as u64;
            Ok(())
        });
        last.open = Some(file);
        match written {
            Ok(()) => {
                last.good = end;
                last.unbooked += records;
                last.dirty = true;
                self.next_seq += records;
                Ok(())
            }
            Err(fault) => {
                last.torn = true;
                let _ = last.trim();
                Err(fault)
            }
        }
    }

    /// Begins an empty segment. Its name keeps the seq, also when everything else has been deleted.
    pub fn begin(&mut self, boot: BootId) -> io::Result<()> {
        let path = self.dir.join(format!("{:016x}.seg", self.next_seq));
        if let Some(same) = self.list.iter_mut().find(|s| s.path == path) {
            // Nothing was appended to it since the seq has not moved: another header would be the same one.
            if same.boot == boot && same.good == HEADER as u64 {
                same.open = Some(OpenOptions::new().write(true).open(&path)?);
                return Ok(());
            }
        }
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(LAYOUT.to_le_bytes());
        header.extend([0; 4]);
        header.extend(self.next_seq.to_le_bytes());
        header.extend(boot.0);
        let crc = crc32fast::hash(&header);
        header[12..16].copy_from_slice(&crc.to_le_bytes());
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        if let Err(fault) = file.write_all_at(&header, 0) {
            let _ = std::fs::remove_file(&path);
            return Err(fault);
        }
        self.list.retain(|s| s.path != path);
        self.list.push_back(Segment {
            open: Some(file),
            dirty: true,
            fresh: true,
            doubtful: false,
            ..Segment::found(path, boot, HEADER as u64)
        });
        Ok(())
    }

    /// What has been appended is on the disk when this returns.
    pub fn sync(&mut self) -> io::Result<()> {
        self.list.iter_mut().try_for_each(|s| s.sync(&self.dir))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.list.len()
    }

    /// What week files do not have yet, but for what is held: bytes and records.
    pub fn waiting(&self) -> Waiting {
        let bytes = self.list.iter().map(|s| s.good.saturating_sub(s.booked)).sum();
        Waiting { bytes, records: self.list.iter().map(|s| s.unbooked).sum() }
    }

    /// Up to where each is whole now: what a pass over them takes.
    pub fn ends(&self) -> Vec<u64> {
        self.list.iter().map(|s| s.good).collect()
    }

    /// The next part of a segment, up to `end`, that week files do not have.
    pub fn slice(&self, nth: usize, end: u64) -> io::Result<Option<Slice>> {
        let Some(segment) = self.list.get(nth).filter(|s| s.booked < end.min(s.good)) else { return Ok(None) };
        let len = (end.min(segment.good) - segment.booked).min(SLICE_BYTES.max((PREFIX + FIXED + record::MAX_BODY) as u64));
        let mut bytes = vec![0; len as usize];
        File::open(&segment.path)?.read_exact_at(&mut bytes, segment.booked)?;
        Ok(Some(Slice { records: unpack(&bytes, MAX_UNPACKED), boot: segment.boot, doubtful: segment.doubtful }))
    }

    /// Week files have these records, the next of a segment, but for `held` events that wait to be dated.
    pub fn booked(&mut self, nth: usize, records: &Unpacked, held: u64) {
        let Some(segment) = self.list.get_mut(nth) else { return };
        if held > 0 {
            let (from, before) = segment.held.unwrap_or((segment.booked, 0));
            segment.held = Some((from, before + held));
        }
        segment.booked += records.taken as u64;
        segment.unbooked = segment.unbooked.saturating_sub(records.records);
    }

    /// What follows at this place is no record, although it was one when it was written. It cannot be booked.
    pub fn give_up(&mut self, nth: usize) {
        if let Some(segment) = self.list.get_mut(nth) {
            segment.good = segment.booked;
            segment.unbooked = 0;
            segment.open = None;
        }
    }

    /// A transaction with a part of it failed: whether week files have it is not known.
    pub fn doubt(&mut self, nth: usize) {
        self.list.get_mut(nth).into_iter().for_each(|s| s.doubtful = true);
    }

    /// The clock has been set: what was held is gone through again.
    pub fn unhold(&mut self) {
        for segment in &mut self.list {
            if let Some((from, held)) = segment.held.take() {
                segment.booked = from;
                segment.unbooked += held;
                segment.doubtful = true;
            }
        }
    }

    /// Deletes the segments that week files have whole, the one that is being written too if `all`.
    pub fn sweep(&mut self, all: bool) {
        self.list.retain_mut(|segment| {
            let done = segment.booked >= segment.good && segment.held.is_none() && !segment.torn;
            let keep = !done || (segment.open.is_some() && !all);
            // One that cannot be deleted stays in the list, and nothing of it is booked again.
            keep || std::fs::remove_file(&segment.path).is_err_and(|e| e.kind() != io::ErrorKind::NotFound)
        });
    }
}

impl Recovered {
    fn read(&mut self, path: PathBuf, present: BootId) -> io::Result<()> {
        let bytes = std::fs::read(&path)?;
        let Some(boot) = header(&bytes) else {
            // Killed while it was begun, before any event: nothing to keep. Otherwise it is kept for whoever can read it.
            // Where the disk has become read-only it stays as it is: the doors open all the same.
            if bytes.len() <= HEADER {
                let _ = std::fs::remove_file(&path);
                return Ok(());
            }
            let aside = path.with_extension("seg.broken");
            let moved = std::fs::rename(&path, &aside).is_ok();
            tracing::error!(file = %path.display(), moved, "a segment of the journal cannot be read and is set aside as .seg.broken; its events are missing");
            return Ok(());
        };
        let unpacked = unpack(&bytes[HEADER..], usize::MAX);
        let (good, mut last) = (HEADER + unpacked.taken, (0, 0));
        for record in records(&unpacked.bytes) {
            self.segments.next_seq = self.segments.next_seq.max(record.seq + 1);
            last = record::moment(record.body).filter(|_| record.kind == EVENT).unwrap_or(last);
            if let Ok(what) = record.what() {
                let mark = self.marks.entry(record.ring).or_default();
                *mark = mark.with(record.position, &what);
            }
        }
        let mut segment = Segment { unbooked: unpacked.records, ..Segment::found(path, boot, good as u64) };
        if good < bytes.len() {
            // Killed within a write: the ring still has what the segment has not. After a power cut there is no ring.
            if boot != present {
                let bytes = bytes.len() - good;
                tracing::warn!(file = %segment.path.display(), bytes, "the end of a segment was lost in a power cut");
                self.torn.push(last);
            }
            segment.torn = true;
            segment.open = OpenOptions::new().write(true).open(&segment.path).ok();
            let _ = segment.trim();
            segment.open = None;
            segment.torn = false;
        }
        if let Some(first) = bytes.get(16..).and_then(|b| b.first_chunk()) {
            self.segments.next_seq = self.segments.next_seq.max(u64::from_le_bytes(*first));
        }
        self.segments.list.push_back(segment);
        Ok(())
    }
}

/// The records of a segment's file that week files may not have, for whoever reads while the gate writes. `None`: it is none.
pub fn read(bytes: &[u8]) -> Option<(BootId, Unpacked)> {
    Some((header(bytes)?, unpack(bytes.get(HEADER..)?, usize::MAX)))
}

/// The boot of a segment, if its header is whole.
fn header(bytes: &[u8]) -> Option<BootId> {
    let mut header: [u8; HEADER] = *bytes.first_chunk()?;
    let crc = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    header[12..16].fill(0);
    let [a, b] = EARLIER;
    let layout = [LAYOUT, a, b].iter().any(|known| header[8..12] == known.to_le_bytes());
    let good = header[..8] == MAGIC && layout && crc == crc32fast::hash(&header);
    good.then(|| header[24..].first_chunk().map(|b| BootId(*b)))?
}

impl Segment {
    fn found(path: PathBuf, boot: BootId, good: u64) -> Self {
        Self {
            path,
            boot,
            open: None,
            good,
            torn: false,
            booked: HEADER as u64,
            unbooked: 0,
            held: None,
            doubtful: true,
            dirty: false,
            fresh: false,
        }
    }

    /// Takes away what a failed write left. Until that succeeds nothing more is written: a reader must not find it twice.
    fn trim(&mut self) -> io::Result<()> {
        if let Some(file) = self.open.as_ref().filter(|_| self.torn) {
            file.set_len(self.good)?;
            self.torn = false;
        }
        Ok(())
    }

    fn sync(&mut self, dir: &Path) -> io::Result<()> {
        let Some(file) = self.open.as_ref().filter(|_| self.dirty) else { return Ok(()) };
        file.sync_data()?;
        if self.fresh {
            File::open(dir)?.sync_all()?;
        }
        (self.dirty, self.fresh) = (false, false);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
