//! Sorted names → the table file.

use super::fuse;
use super::hash::name_hash;
use super::header::{Header, KindRow, SECTIONS};
use super::names::{Packed, Packer};
use crate::lists::key::labels_of;
use crate::lists::parse::Within;
use crate::lists::{CompileFault, Progress, Provenance};
use std::collections::HashMap;
use std::io::{Read, Seek, Write};

/// Where something too large for memory is put while it is made: an empty file, that nobody else uses.
pub trait Spill: Read + Write + Seek {}

impl<T: Read + Write + Seek> Spill for T {}

/// A table that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub names: u64,
    pub bytes: u64,
    pub generation: u64,
}

/// Takes sorted names and writes the file.
pub(in crate::lists) struct Writer<'s> {
    _spill: &'s mut dyn Spill,
    packer: Packer,
    hashes: Vec<u64>,
    most_labels: u8,
    number: HashMap<KindRow, u32>,
    kinds: Vec<KindRow>,
}

impl<'s> Writer<'s> {
    /// `spill` takes the names while they come: blocks are the large part.
    pub fn new(spill: &'s mut dyn Spill) -> Self {
        let (number, kinds) = (HashMap::new(), Vec::new());
        Self { _spill: spill, packer: Packer::default(), hashes: Vec::new(), most_labels: 0, number, kinds }
    }

    /// Keys come sorted, each once; `said` is sorted, as `saying(source, says)`.
    pub fn push(&mut self, key: &[u8], said: &[u16]) -> Result<(), CompileFault> {
        let kind = match self.number.get(said) {
            Some(kind) => *kind,
            None => {
                let kind = self.kinds.len() as u32;
                self.number.insert(said.to_vec(), kind);
                self.kinds.push(said.to_vec());
                kind
            }
        };
        self.most_labels = self.most_labels.max(labels_of(key));
        self.hashes.push(name_hash(key));
        self.packer.push(key, kind);
        Ok(())
    }

    pub fn pattern(&mut self, _within: Within, _text: &str, _said: u16) {}

    /// Writes the whole file.
    pub fn finish(
        self,
        lists: &[Provenance],
        to: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Written, CompileFault> {
        let names = self.packer.names();
        progress(Progress::Filtering { names });
        let filter = fuse::build(self.hashes);
        let Packed { sample_at, samples, group_at, groups, block_at, blocks } = self.packer.finish();
        let sections = [filter.bytes, sample_at, samples, group_at, groups, block_at, blocks];
        if sections.iter().any(|s| u32::try_from(s.len()).is_err()) {
            return Err(CompileFault::TooMuch);
        }
        let header = Header {
            generation: 0,
            names,
            most_labels: self.most_labels,
            lists: lists.to_vec(),
            kinds: self.kinds,
            filter: filter.shape,
            sections: [(0, 0); SECTIONS],
        };
        let bytes = header.write(&sections);
        to.write_all(&bytes).map_err(|error| CompileFault::Write { what: "the table", error })?;
        let generation = super::Table::open(Box::new(bytes.clone())).map_or(0, |t| t.generation());
        Ok(Written { names, bytes: bytes.len() as u64, generation })
    }
}
