//! Sorted entries, front-coded, in checksummed blocks.
//!
//! An entry is `bytes shared with the key before · bytes of its own · those · mark`, a block `length 4 · CRC-32 4 · entries`. A block
//! of no length ends them.

use super::RunFault;
use std::io::{self, Read, Write};

/// Bytes after which a block is full: a reader holds one block of each run it merges.
const BLOCK: usize = 32 << 10;
/// Most that one entry adds to a block that was not full.
const LONGEST: usize = 3 + u8::MAX as usize;

/// Takes entries in order and writes them.
pub(in crate::lists) struct Entries {
    block: Vec<u8>,
    before: Vec<u8>,
    count: u64,
    bytes: u64,
    sums: crc32fast::Hasher,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::lists) struct Totals {
    pub count: u64,
    pub bytes: u64,
    /// CRC-32 of the checksums of all blocks: no block is missing, and none is another run's.
    pub checksum: u32,
}

impl Entries {
    pub fn new() -> Self {
        let block = Vec::with_capacity(BLOCK + LONGEST);
        Self { block, before: Vec::new(), count: 0, bytes: 0, sums: crc32fast::Hasher::new() }
    }

    /// Adds an entry. Keys come sorted and are 1 to 255 bytes; the same key may come again.
    pub fn push(&mut self, key: &[u8], mark: u8, to: &mut dyn Write) -> io::Result<()> {
        let shared = self.before.iter().zip(key).take_while(|(a, b)| a == b).count();
        self.block.extend([shared as u8, (key.len() - shared) as u8]);
        self.block.extend_from_slice(&key[shared..]);
        self.block.push(mark);
        self.before.truncate(shared);
        self.before.extend_from_slice(&key[shared..]);
        self.count += 1;
        if self.block.len() >= BLOCK { self.flush(to) } else { Ok(()) }
    }

    fn flush(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let sum = crc32fast::hash(&self.block).to_le_bytes();
        to.write_all(&(self.block.len() as u32).to_le_bytes())?;
        to.write_all(&sum)?;
        to.write_all(&self.block)?;
        self.sums.update(&sum);
        self.bytes += 8 + self.block.len() as u64;
        self.block.clear();
        Ok(())
    }

    pub fn finish(mut self, to: &mut dyn Write) -> io::Result<Totals> {
        if !self.block.is_empty() {
            self.flush(to)?;
        }
        to.write_all(&[0; 8])?;
        Ok(Totals { count: self.count, bytes: self.bytes + 8, checksum: self.sums.finalize() })
    }
}

/// Reads entries back, a block at a time.
#[derive(Default)]
pub(in crate::lists) struct Decoder {
    block: Vec<u8>,
    at: usize,
    key: Vec<u8>,
    mark: u8,
    totals: Totals,
    sums: crc32fast::Hasher,
    ended: bool,
}

impl Decoder {
    /// Goes to the next entry; `false` at the end. `from` stands where the last block that was read ends.
    pub fn advance(&mut self, from: &mut dyn Read) -> Result<bool, RunFault> {
        if self.wants_block() && (self.ended || !self.load(from)?) {
            return Ok(false);
        }
        self.decode().ok_or(RunFault::Malformed("its entries"))?;
        self.totals.count += 1;
        Ok(true)
    }

    /// Whether the next entry is in another block: whoever shares the reader must put it in its place first.
    pub fn wants_block(&self) -> bool {
        self.at == self.block.len()
    }

    pub fn key(&self) -> &[u8] {
        &self.key
    }

    pub fn mark(&self) -> u8 {
        self.mark
    }

    /// What was read so far.
    pub fn totals(&self) -> Totals {
        Totals { checksum: self.sums.clone().finalize(), ..self.totals }
    }

    fn load(&mut self, from: &mut dyn Read) -> Result<bool, RunFault> {
        let offset = self.totals.bytes;
        let mut head = [0; 8];
        from.read_exact(&mut head).map_err(RunFault::reading)?;
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        self.totals.bytes += 8 + length as u64;
        if length == 0 {
            self.ended = true;
            return if sum == [0; 4] { Ok(false) } else { Err(RunFault::Damaged { offset }) };
        }
        if length > BLOCK + LONGEST {
            return Err(RunFault::Damaged { offset });
        }
        self.block.resize(length, 0);
        self.at = length;
        from.read_exact(&mut self.block).map_err(RunFault::reading)?;
        if crc32fast::hash(&self.block) != u32::from_le_bytes(sum) {
            return Err(RunFault::Damaged { offset });
        }
        self.sums.update(&sum);
        self.at = 0;
        Ok(true)
    }

    /// `None`: it is cut, or does not come after the one before.
    fn decode(&mut self) -> Option<()> {
        let (&[shared, own], rest) = self.block.get(self.at..)?.split_first_chunk::<2>()?;
        let (own, rest) = rest.split_at_checked(own.into())?;
        let (&mark, rest) = rest.split_first()?;
        let shared = usize::from(shared);
        let rises = match (self.key.get(shared), own.first()) {
            (Some(before), Some(own)) => before < own,
            (None, Some(_)) => shared == self.key.len(),
            // The same key again.
            (None, None) => shared == self.key.len() && shared > 0 && self.mark <= mark,
            (Some(_), None) => false,
        };
        if !rises || shared + own.len() > u8::MAX.into() {
            return None;
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(own);
        self.mark = mark;
        self.at = self.block.len() - rest.len();
        Some(())
    }
}
