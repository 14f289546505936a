//! One door thread's ring: where an event is before its answer leaves.
//!
//! A file of fixed size on tmpfs, mapped by the one thread that writes it and by the journal's writer. Positions count bytes
//! since the ring was made and never go back; a record's position is part of its checksum and tells it from every other, so
//! that a record which is in a segment already is known when the ring of a killed process is read again.
//!
//! ```text
//! header (one page): magic, layout, capacity, ring, boot, checksum · head · tail · lost · taken · closed
//! data (capacity):   records, each [len][crc][position][body], on 8 bytes, whole: what would cross the end begins at the start
//! ```

use super::event::Event;
use super::gap::Gap;
use super::memory::Memory;
use super::record;
use super::time::BootId;
use nix::fcntl::{FallocateFlags, fallocate};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of one ring's records. An event of a DNS question takes about 130 bytes: 8 MiB hold 64,000 of them, six seconds at
/// 10,000 a second on one thread, which is longer than a worn SD card takes for an fsync, and a fifth of one at 300,000, which is
/// longer than a busy core lets the writer wait; ten threads' rings are 80 MiB of a Raspberry Pi's memory.
pub const RING_BYTES: u64 = 8 << 20;

/// Most rings at once: 512 MiB of memory. A gate has one for each DNS worker and each thread of its runtime: ten, or twenty.
pub const MAX_RINGS: usize = 64;

const MAGIC: [u8; 8] = *b"SGRING\r\n";
const LAYOUT: u32 = 1;
/// Length, checksum, position.
const FRAME: usize = 16;
/// In place of a length: the rest of the data, up to its end, is empty.
const WRAP: u32 = u32::MAX;

/// Where things are in the file. Head and tail have cache lines of their own: two threads write them.
mod at {
    pub const FIXED: usize = 48;
    pub const HEAD: usize = 128;
    pub const TAIL: usize = 256;
    pub const LOST: usize = 384;
    pub const FIRST_MS: usize = 392;
    pub const FIRST_BOOT: usize = 400;
    pub const LAST_MS: usize = 408;
    pub const LAST_BOOT: usize = 416;
    pub const TAKEN: usize = 512;
    pub const CLOSED: usize = 640;
    pub const DATA: usize = 4096;
}

/// A ring's number: random, so that rings of different processes are never taken for one another.
pub type RingId = u64;

/// The ring itself, held by its producer and by the journal's writer.
pub struct Ring {
    pub id: RingId,
    pub boot: BootId,
    pub path: PathBuf,
    /// Whether it was left by a process that is gone.
    pub leftover: bool,
    capacity: u64,
    memory: Memory,
}

/// Why what a ring holds at a position cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ring is damaged")]
pub struct Damaged;

impl Ring {
    /// Makes a ring with room for `capacity` bytes (a power of two), all of it reserved now.
    pub fn create(path: &Path, id: RingId, boot: BootId, capacity: u64) -> io::Result<Self> {
        assert!(capacity.is_power_of_two() && capacity as usize >= 2 * (FRAME + record::MAX_BODY));
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        let made = reserve(&mut file, at::DATA as u64 + capacity)
            .and_then(|()| Self::write_header(&mut file, id, boot, capacity))
            .and_then(|()| Memory::map(&file, at::DATA + capacity as usize));
        match made {
            Ok(memory) => Ok(Self { id, boot, path: path.to_owned(), leftover: false, capacity, memory }),
            Err(fault) => {
                let _ = std::fs::remove_file(path);
                Err(fault)
            }
        }
    }

    fn write_header(file: &mut File, id: RingId, boot: BootId, capacity: u64) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        let mut header = Vec::with_capacity(at::FIXED);
        header.extend(MAGIC);
        header.extend(LAYOUT.to_le_bytes());
        header.extend([0; 4]);
        header.extend(capacity.to_le_bytes());
        header.extend(id.to_le_bytes());
        header.extend(boot.0);
        let crc = crc32fast::hash(&header);
        header[12..16].copy_from_slice(&crc.to_le_bytes());
        file.write_all_at(&header, 0)
    }

    /// Opens the ring of a process that is gone. `None`: it was killed before the ring was made; nothing was ever noted in it.
    pub fn leftover(path: &Path) -> io::Result<Option<Self>> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut header = [0; at::FIXED];
        if file.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let crc = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
        header[12..16].fill(0);
        let word = |at: usize| header[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        let (capacity, layout) = (word(16), word(8) as u32);
        if header[..8] != MAGIC || crc != crc32fast::hash(&header) || layout != LAYOUT || !capacity.is_power_of_two() {
            return Ok(None);
        }
        let memory = match Memory::map(&file, at::DATA + capacity as usize) {
            Ok(memory) => memory,
            Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let boot = BootId(*header[32..].first_chunk().unwrap_or(&[0; 16]));
        let ring = Self { id: word(24), boot, path: path.to_owned(), leftover: true, capacity, memory };
        ring.counter(at::CLOSED).store(1, Ordering::Release);
        Ok(Some(ring))
    }

    fn counter(&self, offset: usize) -> &AtomicU64 {
        self.memory.counter(offset)
    }

    /// Up to where it is written.
    pub fn head(&self) -> u64 {
        self.counter(at::HEAD).load(Ordering::Acquire)
    }

    /// Up to where it is in a segment.
    pub fn tail(&self) -> u64 {
        self.counter(at::TAIL).load(Ordering::Acquire)
    }

    /// Gives the room below this position back to the producer. Consumer only.
    pub fn release(&self, tail: u64) {
        self.counter(at::TAIL).store(tail, Ordering::Release);
    }

    /// Whether its thread has ended. Ask before [`Ring::head`]: what was noted before the end is then seen.
    pub fn is_closed(&self) -> bool {
        self.counter(at::CLOSED).load(Ordering::Acquire) != 0
    }

    /// Whether more than one part in so many of it is full.
    pub fn is_filling(&self, part: u64) -> bool {
        self.head().saturating_sub(self.tail()) > self.capacity / part
    }

    /// Whether everything in it, gaps too, is in a segment.
    pub fn is_drained(&self) -> bool {
        self.tail() == self.head()
            && self.counter(at::TAKEN).load(Ordering::Acquire) == self.counter(at::LOST).load(Ordering::Acquire)
    }

    /// Appends the body of the record at `from` to `out`, and says its own position and where the next one starts.
    /// `None`: there is none before `head`. Consumer only.
    pub fn read(&self, from: u64, head: u64, out: &mut Vec<u8>) -> Result<Option<(u64, u64)>, Damaged> {
        let start = out.len();
        let mut at = from;
        loop {
            if at == head {
                return Ok(None);
            }
            if at > head || !at.is_multiple_of(8) || head - at > self.capacity {
                return Err(Damaged);
            }
            let offset = at & (self.capacity - 1);
            let frame = self.copy::<FRAME>(offset, out);
            let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
            if len == WRAP {
                at += self.capacity - offset;
                continue;
            }
            let need = frame_size(len as usize);
            if len as usize > record::MAX_BODY || need > self.capacity - offset || need > head - at {
                return Err(Damaged);
            }
            // SAFETY: below `head`, loaded with Acquire, and not yet released: the producer does not write here.
            unsafe { self.memory.read(at::DATA + offset as usize + FRAME, len as usize, out) };
            let crc = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
            if frame[8..] != at.to_le_bytes() || crc != checksum(at, &out[start..]) {
                out.truncate(start);
                return Err(Damaged);
            }
            return Ok(Some((at, at + need)));
        }
    }

    /// The records from `from` on that lie together, as they stand in the ring: up to `head`, to the ring's end, or to `most` bytes.
    /// `None`: there is none before `head`. Consumer only.
    pub fn run(&self, from: u64, head: u64, most: usize) -> Result<Option<Run<'_>>, Damaged> {
        let mut start = from;
        let bytes = loop {
            if start == head {
                return Ok(None);
            }
            if start > head || !start.is_multiple_of(8) || head - start > self.capacity {
                return Err(Damaged);
            }
            let offset = start & (self.capacity - 1);
            let together = (head - start).min(self.capacity - offset);
            // SAFETY: below `head`, loaded with Acquire, and not yet released: the producer does not write here.
            let bytes = unsafe { self.memory.slice(at::DATA + offset as usize, together as usize) };
            if length(bytes) != Some(WRAP) {
                break bytes;
            }
            start += self.capacity - offset;
        };
        let (mut end, mut records) = (0, 0);
        while let Some(len) = length(&bytes[end..]).filter(|len| *len != WRAP) {
            let need = frame_size(len as usize) as usize;
            let whole = len as usize <= record::MAX_BODY && need <= bytes.len() - end;
            if !whole || bytes[end + 8..end + FRAME] != (start + end as u64).to_le_bytes() {
                if records == 0 {
                    return Err(Damaged);
                }
                break;
            }
            if end + need > most && records > 0 {
                break;
            }
            (end, records) = (end + need, records + 1);
        }
        Ok(Some(Run { position: start, records, bytes: &bytes[..end] }))
    }

    /// A frame's head at an offset; at the very end of the data, where only a wrap's 8 bytes may fit, the rest is zero.
    fn copy<const N: usize>(&self, offset: u64, scratch: &mut Vec<u8>) -> [u8; N] {
        let (start, len) = (scratch.len(), N.min((self.capacity - offset) as usize));
        // SAFETY: as in `read`.
        unsafe { self.memory.read(at::DATA + offset as usize, len, scratch) };
        let mut copy = [0; N];
        copy[..len].copy_from_slice(&scratch[start..]);
        scratch.truncate(start);
        copy
    }

    /// What was lost since the last call of [`Ring::take_gap`] that was confirmed. Consumer only.
    pub fn gap(&self) -> Option<Gap> {
        let total = self.counter(at::LOST).load(Ordering::Acquire);
        let taken = self.counter(at::TAKEN).load(Ordering::Acquire);
        (total > taken).then(|| Gap {
            lost: total - taken,
            from_ms: self.counter(at::FIRST_MS).load(Ordering::Acquire) as i64,
            from_boot: self.counter(at::FIRST_BOOT).load(Ordering::Acquire),
            until_ms: self.counter(at::LAST_MS).load(Ordering::Acquire) as i64,
            until_boot: self.counter(at::LAST_BOOT).load(Ordering::Acquire),
            total,
        })
    }

    /// The gap up to this total is in a segment. Consumer only.
    pub fn take_gap(&self, total: u64) {
        self.counter(at::TAKEN).store(total, Ordering::Release);
    }

    /// Counts an event that found no room. Producer only.
    fn lose(&self, event: &Event) {
        let lost = self.counter(at::LOST).load(Ordering::Relaxed);
        if self.counter(at::TAKEN).load(Ordering::Acquire) == lost {
            self.counter(at::FIRST_MS).store(event.when_ms as u64, Ordering::Release);
            self.counter(at::FIRST_BOOT).store(event.boot_ms, Ordering::Release);
        }
        self.counter(at::LAST_MS).store(event.when_ms as u64, Ordering::Release);
        self.counter(at::LAST_BOOT).store(event.boot_ms, Ordering::Release);
        self.counter(at::LOST).store(lost + u64::from(event.count), Ordering::Release);
    }
}

/// Takes the room from the file system now, so that a full one is an error here and not a signal later.
fn reserve(file: &mut File, len: u64) -> io::Result<()> {
    match fallocate(&*file, FallocateFlags::empty(), 0, len as i64) {
        Ok(()) => Ok(()),
        Err(nix::errno::Errno::EOPNOTSUPP | nix::errno::Errno::ENOSYS) => {
            let zeros = [0; 64 << 10];
            let mut left = len;
            while left > 0 {
                let part = left.min(zeros.len() as u64);
                file.write_all(&zeros[..part as usize])?;
                left -= part;
            }
            Ok(())
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Records that lie together in a ring, whole, each in its frame.
pub struct Run<'a> {
    /// Of the first.
    pub position: u64,
    pub records: u64,
    pub bytes: &'a [u8],
}

impl Run<'_> {
    /// Where the next one begins.
    pub fn next(&self) -> u64 {
        self.position + self.bytes.len() as u64
    }
}

/// The body of the frame at the start of `bytes`, which was made at this position, and how long the frame is. `None`: there is none
/// that is whole and as it was made.
pub fn frame(bytes: &[u8], position: u64) -> Option<(&[u8], usize)> {
    let len = length(bytes)? as usize;
    let need = frame_size(len) as usize;
    if len > record::MAX_BODY || need > bytes.len() || bytes[8..FRAME] != position.to_le_bytes() {
        return None;
    }
    let crc = u32::from_le_bytes(*bytes[4..].first_chunk()?);
    // Position and body, as they stand.
    (crc32fast::hash(&bytes[8..FRAME + len]) == crc).then(|| (&bytes[FRAME..FRAME + len], need))
}

/// The length that a frame begins with.
fn length(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|len| u32::from_le_bytes(*len))
}

/// What a body takes in the ring.
pub fn frame_size(body: usize) -> u64 {
    (FRAME + body).next_multiple_of(8) as u64
}

/// The position is part of what is summed: bytes of an earlier round are never taken for a record of this one.
fn checksum(position: u64, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&position.to_le_bytes());
    crc.update(body);
    crc.finalize()
}

/// The writing end of a ring: one a thread.
pub struct Producer {
    ring: Arc<Ring>,
    head: u64,
    /// The tail as last seen: asked again only when the room seems to end.
    tail: u64,
    scratch: Vec<u8>,
}

impl Producer {
    /// The only producer of this ring: the caller knows that there is no other.
    pub fn of(ring: Arc<Ring>) -> Self {
        ring.counter(at::CLOSED).store(0, Ordering::Release);
        Self { head: ring.head(), tail: ring.tail(), scratch: Vec::with_capacity(FRAME + record::MAX_BODY), ring }
    }

    /// Writes the event. False: there was no room; it is counted as lost.
    pub fn push(&mut self, event: &Event) -> bool {
        self.scratch.clear();
        self.scratch.extend([0; FRAME]);
        record::encode(event, &mut self.scratch);
        let body = self.scratch.len() - FRAME;
        let (need, capacity) = (frame_size(body), self.ring.capacity);
        let to_end = capacity - (self.head & (capacity - 1));
        let skip = if need > to_end { to_end } else { 0 };
        if self.head + skip + need > self.tail + capacity {
            self.tail = self.ring.tail();
            if self.head + skip + need > self.tail + capacity {
                self.ring.lose(event);
                return false;
            }
        }
        let position = self.head + skip;
        self.scratch[..4].copy_from_slice(&(body as u32).to_le_bytes());
        self.scratch[8..FRAME].copy_from_slice(&position.to_le_bytes());
        let crc = crc32fast::hash(&self.scratch[8..]);
        self.scratch[4..8].copy_from_slice(&crc.to_le_bytes());
        let offset = |position: u64| at::DATA + (position & (capacity - 1)) as usize;
        // SAFETY: above the head, which the consumer does not read, and less than a capacity above the tail, which it has
        // released; there is no other producer.
        unsafe {
            if skip > 0 {
                self.ring.memory.write(offset(self.head), &u64::from(WRAP).to_le_bytes());
            }
            self.ring.memory.write(offset(position), &self.scratch);
        }
        self.head = position + need;
        self.ring.counter(at::HEAD).store(self.head, Ordering::Release);
        true
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.ring.counter(at::CLOSED).store(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
