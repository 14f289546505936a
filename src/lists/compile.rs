//! A source → its run, and all runs → the table, in little memory however much that is.
//!
//! Comes in: open sources, what is known of platforms and canaries, files to spill into. Goes out: runs, then a table.
//! Always holds: the same sources give the same bytes, whether their runs were kept or are new, and however small the chunks; a
//! broken source adds nothing, and is said to be broken.
//!
//! - [`read`]       one source: its members and their lines
//! - `judge`        what a line says, and whether this source may say it
//! - `chunks`       entries, sorted a chunk at a time, spilled and merged
//! - `exceptions`   what the source's own exceptions take away again
//! - `version`      what a list's first lines tell of it
//! - [`merge`]      runs, merged into a table

mod chunks;
mod exceptions;
mod judge;
mod merge;
mod read;
mod version;

pub use merge::merge;
pub use read::{Reading, read};

use super::run::{Recipe, Run, RunFault};
use super::source::About;
use super::{Broken, Format, Known, Origin, Provenance, Reach, Single, Source};
use crate::words::Category;
use std::io::{self, Cursor};

/// A table that has just been made, in memory.
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
    /// A source is read: so many entries of it are being sorted.
    Sorting { entries: u64 },
    /// So many names are packed, of at most `total`.
    Packing { names: u64, total: u64 },
    /// The filter over all names is being made.
    Filtering { names: u64 },
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    #[error("list `{list}`: reading stopped after line {line}: {error}")]
    Read { list: String, line: u64, error: io::Error },
    #[error("{what} cannot be written: {error}")]
    Write { what: &'static str, error: io::Error },
    #[error("what was read of list `{list}` cannot be read again: {fault}")]
    Run { number: usize, list: String, fault: RunFault },
    #[error("{0} lists are more than a table can tell apart (8,191): join some of the same category")]
    TooManyLists(usize),
    #[error("the lists hold more than a table can: 4 GiB of names")]
    TooMuch,
    #[error(
        "the lists share their names in more ways than a table can tell apart (65,536), and `{list}` has part in most of them: \
         leave it out, and tell its keeper"
    )]
    TooManyKinds { list: String },
}

/// Most sources of one table: a source's number and what it says share 16 bits, 13 and 3.
const MOST_LISTS: usize = 0x1fff;

/// Compiles sources in memory, by the same two stages. Where one is broken the rest is still compiled; the caller decides
/// whether to use the result.
///
/// # Errors
/// [`CompileFault`]: a reader that fails, or more than a table can hold.
pub fn compile(sources: &mut [Source<'_>], known: &Known, progress: &mut dyn FnMut(Progress)) -> Result<Compiled, CompileFault> {
    compile_in(sources, known, chunks::CHUNK, progress)
}

fn compile_in(
    sources: &mut [Source<'_>],
    known: &Known,
    chunk: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileFault> {
    let mut runs = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter_mut().enumerate() {
        let recipe = Recipe::new(source, known.checksum(), b"");
        let reading = Reading { index, known, recipe: &recipe, chunk };
        let mut run = Vec::new();
        read(source, reading, &mut Cursor::new(Vec::new()), &mut run, progress)?;
        let list = || source.name.clone();
        let run = Run::open(Cursor::new(run)).map_err(|fault| CompileFault::Run { number: index, list: list(), fault })?;
        runs.push(run);
    }
    let mut bytes = Vec::new();
    let (_, lists) = merge::merged(&mut runs, &mut Cursor::new(Vec::new()), &mut bytes, progress)?;
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
    compile_texts_in(texts, known, chunks::CHUNK)
}

fn compile_texts_in(texts: &[ListText<'_>], known: &Known, chunk: usize) -> Result<Compiled, CompileFault> {
    let mut readers: Vec<&[u8]> = texts.iter().map(|t| t.text).collect();
    let mut members: Vec<_> = texts.iter().zip(&mut readers).map(|(t, reader)| Single::new(t.format, reader)).collect();
    let mut sources: Vec<Source> = texts
        .iter()
        .zip(&mut members)
        .map(|(t, members)| Source {
            name: t.name.to_owned(),
            category: t.category,
            origin: t.origin,
            reach: t.reach,
            about: About::default(),
            members,
        })
        .collect();
    compile_in(&mut sources, known, chunk, &mut |_| ())
}

#[cfg(test)]
mod tests;
