//! Segments: files that are only ever appended to, where events are from the ring on until a week file has them.
//!
//! ```text
//! header:  magic, layout, checksum, first seq, boot
//! records: see [`records`]
//! ```
//! A segment is named by its first seq, so that their order is that of their names.

mod packed;
mod records;

pub use packed::Noted;
pub use records::{Batch, MAX_RUN, Unpacked, What, records, unpack};

use super::ring::{RingId, Run};
use super::time::BootId;
use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A segment that has grown to this is closed, and deleted once week files have what is in it: as much as a start reads again
/// after a crash, and that takes well under a second on a Raspberry Pi.
const SEGMENT_BYTES: u64 = 8 << 20;
/// One that has grown to this is closed as soon as week files have all of it: whoever looks for what waits reads it whole.
const TURNED_BYTES: u64 = 256 << 10;
/// How much of a segment goes into one transaction: some 20,000 questions. The rings wait meanwhile, some 100 ms, several hundred
/// on a Raspberry Pi, and have room for longer; each transaction is an fsync.
const MAX_UNPACKED: usize = 7 << 19;
/// As many bytes of a segment are read for that.
pub const SLICE_BYTES: u64 = MAX_UNPACKED as u64;
const _: () = assert!(MAX_UNPACKED > records::PREFIX + records::FIXED + MAX_RUN);

const MAGIC: [u8; 8] = *b"SGSEG\0\r\n";
const LAYOUT: u32 = 4;
/// Layouts before, which are read: the same without room before a page and what is packed of several rings, without what is packed, and without runs.
const EARLIER: [u32; 3] = [3, 2, 1];
const HEADER: usize = 40;

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

    /// Appends what a ring holds in one piece, whole or not at all.
    pub fn append_run(&mut self, ring: RingId, run: &Run, boot: BootId) -> io::Result<()> {
        self.write(&[&records::front(self.next_seq, ring, run), run.bytes], run.records, boot)
    }

    /// Appends events of several rings in this order, packed; of one ring, in the order of their positions. Whole or not at all,
    /// where they are [`Noted::fit`].
    pub fn append_together(&mut self, noted: &[Noted], boot: BootId) -> io::Result<()> {
        self.write(&[&records::together(self.next_seq, noted)?], noted.len() as u64, boot)
    }

    fn write(&mut self, parts: &[&[u8]], records: u64, boot: BootId) -> io::Result<()> {
        if let Some(last) = self.list.back_mut() {
            last.trim()?;
            let turns = last.good >= TURNED_BYTES && last.is_booked();
            if last.boot != boot || last.good >= SEGMENT_BYTES || turns {
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
        let mut end = if last.dirty { last.good } else { last.good.next_multiple_of(records::PAGE) };
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
        let len = (end.min(segment.good) - segment.booked).min(SLICE_BYTES);
        let mut bytes = vec![0; len as usize];
        File::open(&segment.path)?.read_exact_at(&mut bytes, segment.booked)?;
        Ok(Some(Slice { records: unpack(&bytes, segment.booked, MAX_UNPACKED), boot: segment.boot, doubtful: segment.doubtful }))
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
            let keep = !segment.is_booked() || (segment.open.is_some() && !all);
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
        let unpacked = unpack(&bytes[HEADER..], HEADER as u64, usize::MAX);
        let (good, mut last) = (HEADER + unpacked.taken, (0, 0));
        for record in records(&unpacked.bytes) {
            self.segments.next_seq = self.segments.next_seq.max(record.seq + 1);
            last = record.moment().unwrap_or(last);
            if let Ok(what) = record.what() {
                let mark = self.marks.entry(record.ring).or_default();
                *mark = mark.with(record.position, &what);
            }
        }
        let mut segment = Segment { unbooked: unpacked.records, ..Segment::found(path, boot, good as u64) };
        let rest = &bytes[good..];
        let is_room = rest.len() <= good.next_multiple_of(records::PAGE as usize) - good && rest.iter().all(|octet| *octet == 0);
        if !is_room {
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
    Some((header(bytes)?, unpack(bytes.get(HEADER..)?, HEADER as u64, usize::MAX)))
}

/// The boot of a segment, if its header is whole.
fn header(bytes: &[u8]) -> Option<BootId> {
    let mut header: [u8; HEADER] = *bytes.first_chunk()?;
    let crc = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    header[12..16].fill(0);
    let layout = EARLIER.iter().chain([&LAYOUT]).any(|known| header[8..12] == known.to_le_bytes());
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

    /// Whether week files have all of it.
    fn is_booked(&self) -> bool {
        self.booked >= self.good && self.held.is_none() && !self.torn
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
        // What is left of the page is written with it: a file that grows from within one has that page written once more. Where this
        // fails, the next record begins with a page all the same.
        let room = (self.good.next_multiple_of(records::PAGE) - self.good) as usize;
        let _ = file.write_all_at(&[0; records::PAGE as usize][..room], self.good);
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
