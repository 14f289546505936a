//! Entries → run.

use super::entries::Entries;
use super::tail::Tail;
use super::{FOOT, MAGIC, Pattern, Recipe};
use crate::lists::Provenance;
use crate::lists::source::Says;
use std::io::{self, Write};

/// Writes a run from its beginning to its end.
pub(in crate::lists) struct RunWriter<'w> {
    to: &'w mut dyn Write,
    entries: Entries,
}

impl<'w> RunWriter<'w> {
    pub fn new(to: &'w mut dyn Write) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, entries: Entries::new() })
    }

    /// Adds an entry. They come sorted by key, then by [`Says`], each once.
    pub fn push(&mut self, key: &[u8], says: Says) -> io::Result<()> {
        self.entries.push(key, says as u8, self.to)
    }

    pub fn finish(self, recipe: &Recipe, provenance: &Provenance, patterns: Vec<Pattern>) -> io::Result<()> {
        let entries = self.entries.finish(self.to)?;
        let tail = Tail { recipe: recipe.clone(), provenance: provenance.clone(), patterns, entries }.bytes();
        let length = MAGIC.len() as u64 + entries.bytes + tail.len() as u64 + FOOT as u64;
        self.to.write_all(&tail)?;
        self.to.write_all(&(tail.len() as u32).to_le_bytes())?;
        self.to.write_all(&crc32fast::hash(&tail).to_le_bytes())?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(MAGIC)?;
        self.to.flush()
    }
}

/// Writes the run of a source that is not used: what was read of it without its entries, and why.
///
/// # Errors
/// What the file system says.
pub fn write_refused(recipe: &Recipe, read: &Provenance, why: String, to: &mut dyn Write) -> io::Result<()> {
    let unused = Provenance { entries: 0, duplicates: 0, refused: Some(why), ..read.clone() };
    RunWriter::new(to)?.finish(recipe, &unused, Vec::new())
}
