//! A run: one source, read and judged once, and kept so that it need not be read again.
//!
//! Comes in: sorted entries, what they were made of and judged by ([`Recipe`]), what became of the source ([`Provenance`]). Goes
//! out: the same, as a stream that takes little memory however long it is. Always holds: a run that is cut, flipped or of another
//! version is refused with a reason, at the latest when the bad part is read; nothing here opens a file.
//!
//! - [`entries`] sorted entries, front-coded, in checksummed blocks; the compiler's spilled chunks are written so too
//! - [`recipe`]  what a run was made of and judged by: if that is the same, so is the run
//! - [`tail`]    what stands behind the entries, because it is known only after them
//! - [`write`]   entries → run
//! - [`read`]    run → entries
//!
//! `magic 8 · blocks of entries, the last of no length · tail · length of the tail 4 · its CRC-32 4 · length of the file 8 · magic 8`,
//! numbers little-endian.

pub(super) mod entries;
mod read;
mod recipe;
mod tail;
mod write;

pub use read::{ReadSeek, Run, RunFault};
pub use recipe::Recipe;
pub(super) use tail::Pattern;
pub(super) use write::RunWriter;
pub use write::write_refused;

/// The last byte is the version: raised with every change in this folder, and of the order of [`super::source::Says`].
const MAGIC: &[u8; 8] = b"sgrun\n\0\x02";
/// Length and checksum of the tail, length of the file, magic.
const FOOT: usize = 24;

#[cfg(test)]
mod tests;
