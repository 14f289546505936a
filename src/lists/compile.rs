//! All sources → the bytes of a table, and what became of each source.
//!
//! Comes in: open sources, and what is known of platforms and canaries. Goes out: [`Compiled`].
//! Always holds: the same sources give the same bytes; a broken source adds nothing, and is said to be broken.
//!
//! - [`read`]     one source: its lines, judged
//! - [`gather`]   every entry of every source, sorted
//! - [`pack`]     sorted entries → table bytes

mod gather;
mod pack;
mod read;

use super::{Broken, Format, Known, Origin, Provenance, Reach, Single, Source};
use crate::words::Category;
use gather::Gathered;
use std::io;

/// A table that has just been made.
pub struct Compiled {
    /// What to write to the table file, and what [`super::Table::open`] reads.
    pub bytes: Vec<u8>,
    /// What became of each source, in the order they were given.
    pub lists: Vec<Provenance>,
}

impl Compiled {
    /// The sources that were not used, and why.
    pub fn broken(&self) -> impl Iterator<Item = (&Provenance, Broken)> {
        self.lists.iter().filter_map(|l| Some((l, l.broken?)))
    }
}

/// How far a compile is: for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Reading the source of this index; so many bytes of it so far.
    Reading { source: usize, bytes: u64 },
    /// Everything is read: so many entries are being sorted.
    Sorting { entries: u64 },
    /// So many of `total` names are packed.
    Packing { names: u64, total: u64 },
    /// The filter over all names is being made.
    Filtering { names: u64 },
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    #[error("list `{list}`: reading stopped after line {line}: {error}")]
    Read { list: String, line: u64, error: io::Error },
    #[error("a temporary file for the names: {0}")]
    Spill(#[source] io::Error),
    #[error("the table cannot be written: {0}")]
    Write(#[source] io::Error),
    #[error("{0} lists are more than a table can tell apart (8,191): join some of the same category")]
    TooManyLists(usize),
    #[error("the lists hold more than a table can: 4 GiB of names")]
    TooMuch,
}

/// Most sources of one table: a source's number and what it says share 16 bits, 13 and 3.
const MOST_LISTS: usize = 0x1fff;

/// Compiles the sources. Where one is broken the rest is still compiled; the caller decides whether to use the result.
///
/// Takes about 16 bytes of memory an entry on top of the names themselves.
///
/// # Errors
/// [`CompileFault`]: a reader that fails, or more than a table can hold.
pub fn compile(sources: &mut [Source<'_>], known: &Known, progress: &mut dyn FnMut(Progress)) -> Result<Compiled, CompileFault> {
    if sources.len() > MOST_LISTS {
        return Err(CompileFault::TooManyLists(sources.len()));
    }
    let mut gathered = Gathered::default();
    let mut lists = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter_mut().enumerate() {
        lists.push(read::read(source, index as u16, known, &mut gathered, progress)?);
    }
    progress(Progress::Sorting { entries: gathered.len() as u64 });
    gathered.sort();
    let bytes = pack::pack(&gathered, &lists, progress)?;
    Ok(Compiled { bytes, lists })
}

/// A list whose text is in memory: one made up, or small.
#[derive(Debug, Clone, Copy)]
pub struct ListText<'a> {
    pub name: &'a str,
    pub category: Category,
    pub format: Format,
    pub origin: Origin,
    pub reach: Reach,
    pub text: &'a [u8],
}

/// Compiles lists that are in memory.
///
/// # Errors
/// As [`compile`].
pub fn compile_texts(texts: &[ListText<'_>], known: &Known) -> Result<Compiled, CompileFault> {
    let mut readers: Vec<&[u8]> = texts.iter().map(|t| t.text).collect();
    let mut members: Vec<_> = texts.iter().zip(&mut readers).map(|(t, reader)| Single::new(t.format, reader)).collect();
    let mut sources: Vec<Source> = texts
        .iter()
        .zip(&mut members)
        .map(|(t, members)| Source { name: t.name.to_owned(), category: t.category, origin: t.origin, reach: t.reach, members })
        .collect();
    compile(&mut sources, known, &mut |_| ())
}

#[cfg(test)]
mod tests;
