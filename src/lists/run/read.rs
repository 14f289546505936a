//! Run → entries.

use super::entries::Decoder;
use super::tail::Tail;
use super::{FOOT, MAGIC, Pattern, Recipe};
use crate::lists::Provenance;
use crate::lists::source::Says;
use std::io::{self, Read, Seek, SeekFrom};

/// Most bytes of a tail: patterns are the large part of it, and a source has at most 8 MiB of them.
const MOST_TAIL: usize = 32 << 20;

/// Why bytes are no run, or no longer. Whoever has the file adds its path, and makes it again from its source.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    #[error("it is not a run of this version")]
    NotARun,
    #[error("it is cut short or has something behind it")]
    Cut,
    #[error("it is damaged near byte {offset}")]
    Damaged { offset: u64 },
    #[error("it contradicts itself in {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Read(io::Error),
}

impl RunFault {
    pub(super) fn reading(fault: io::Error) -> Self {
        if fault.kind() == io::ErrorKind::UnexpectedEof { Self::Cut } else { Self::Read(fault) }
    }
}

/// Where a run is read from.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A run whose tail was read and checked; its entries follow as a stream.
pub struct Run<'a> {
    from: Box<dyn ReadSeek + 'a>,
    tail: Tail,
    decoder: Decoder,
}

impl<'a> Run<'a> {
    /// Reads and checks the tail.
    ///
    /// # Errors
    /// [`RunFault`]: make it again from its source.
    pub fn open(from: impl ReadSeek + 'a) -> Result<Self, RunFault> {
        let mut from: Box<dyn ReadSeek + 'a> = Box::new(from);
        let length = from.seek(SeekFrom::End(0)).map_err(RunFault::reading)?;
        let mut magic = [0; MAGIC.len()];
        from.rewind().and_then(|()| from.read_exact(&mut magic)).map_err(RunFault::reading)?;
        if magic != *MAGIC {
            return Err(RunFault::NotARun);
        }
        let foot_at = length.checked_sub(FOOT as u64).filter(|at| *at >= MAGIC.len() as u64).ok_or(RunFault::Cut)?;
        let mut foot = [0; FOOT];
        from.seek(SeekFrom::Start(foot_at)).and_then(|_| from.read_exact(&mut foot)).map_err(RunFault::reading)?;
        let number = |at: usize| u32::from_le_bytes([foot[at], foot[at + 1], foot[at + 2], foot[at + 3]]);
        let (size, sum) = (number(0) as usize, number(4));
        if foot[16..] != *MAGIC || u64::from(number(8)) | u64::from(number(12)) << 32 != length {
            return Err(RunFault::Cut);
        }
        let tail_at = foot_at.checked_sub(size as u64).filter(|_| size <= MOST_TAIL).ok_or(RunFault::Cut)?;
        let mut bytes = vec![0; size];
        from.seek(SeekFrom::Start(tail_at)).and_then(|_| from.read_exact(&mut bytes)).map_err(RunFault::reading)?;
        if crc32fast::hash(&bytes) != sum {
            return Err(RunFault::Damaged { offset: tail_at });
        }
        let tail = Tail::read(&bytes).ok_or(RunFault::Malformed("what it was made of"))?;
        if tail.entries.bytes != tail_at - MAGIC.len() as u64 {
            return Err(RunFault::Malformed("its length"));
        }
        from.seek(SeekFrom::Start(MAGIC.len() as u64)).map_err(RunFault::reading)?;
        Ok(Self { from, tail, decoder: Decoder::default() })
    }

    pub fn recipe(&self) -> &Recipe {
        &self.tail.recipe
    }

    pub fn provenance(&self) -> &Provenance {
        &self.tail.provenance
    }

    /// This source could not be read again, or was refused, and stays in force as it was: for whoever reads the table's header.
    pub fn kept_because(&mut self, why: String) {
        self.tail.provenance.refused = Some(why);
    }

    pub(in crate::lists) fn patterns(&self) -> &[Pattern] {
        &self.tail.patterns
    }

    /// Entries that are to come, before any was read.
    pub(in crate::lists) fn entries(&self) -> u64 {
        self.tail.entries.count
    }

    /// Goes to the next entry; `false` at the end, when all of it was right.
    pub(in crate::lists) fn advance(&mut self) -> Result<bool, RunFault> {
        if self.decoder.advance(&mut *self.from)? {
            return match Says::ALL.get(usize::from(self.decoder.mark())) {
                Some(_) => Ok(true),
                None => Err(RunFault::Malformed("what it says of a name")),
            };
        }
        if self.decoder.totals() == self.tail.entries { Ok(false) } else { Err(RunFault::Malformed("its entries")) }
    }

    pub(in crate::lists) fn key(&self) -> &[u8] {
        self.decoder.key()
    }

    /// What the source says of the key.
    pub(in crate::lists) fn says(&self) -> Says {
        Says::ALL[usize::from(self.decoder.mark()) % Says::ALL.len()]
    }
}
