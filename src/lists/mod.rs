//! What is it? Public and own lists, compiled into one table file, and the look-up in it.
//!
//! Comes in: lists as bytes (the caller opens the files), what is known of platforms and canaries, a host to look up.
//! Goes out: the bytes of a table with the [`Provenance`] of each source; for a host, everything the lists [`Found`].
//! Always holds: the same sources give the same bytes; a match is always made on the stored name, never on a hash; a table
//! that is cut, damaged or made for other categories is refused with a reason; nothing here opens a file.
//!
//! From lists to a table:
//! - [`source`]     a list and what is known of it: category, format, who keeps it
//! - [`members`]    the files that a list is made of, in a folder or an archive
//! - [`archive`]    an archive as a stream, within limits
//! - [`parse`]      a line in, rules or a reason out: a file a format, and telling which is which
//! - [`known`]      `platforms.txt` and `canaries.txt`: what no list may do by mistake
//! - [`compile`]    a source → its run, and all runs → the table
//! - [`run`]        one source, read and judged, kept so that it is not read again
//! - [`suffixes`]   which Public Suffix List entries are judged by
//! - [`provenance`] what became of each source: entries, duplicates, rejects by reason
//! - [`guard`]      whether a source is used as it is now, or its last good version kept
//!
//! From a table to an answer:
//! - [`table`]      the file, opened and looked up in
//! - [`found`]      the answer to a look-up
//! - `key`          a host with its labels turned round, a page, a range: how a table is sorted
//! - [`pattern`]      regular expressions: looked at, and matched
//! - `path`         the path of a URL in one spelling
//! - [`search`]     the line of a list that an entry came from
//! - [`overlap`]    what a list says that no other of its category does
//!
//! Beside the table:
//! - [`locked`]     the sealed lists of the locked tier: hashes, never names
//!
//! From words to a worry:
//! - [`private`]    `never-inside.txt`: hosts whose TLS is never looked into
//! - [`phrases`]    terms by theme, found in a text in chunks

pub mod archive;
pub mod compile;
pub mod found;
pub mod guard;
mod key;
pub mod known;
pub mod locked;
pub mod members;
pub mod overlap;
pub mod parse;
mod path;
pub mod pattern;
pub mod phrases;
pub mod private;
pub mod provenance;
pub mod run;
pub mod search;
pub mod source;
pub mod suffixes;
pub mod table;

pub use compile::{CompileFault, Compiled, ListText, Progress, Reading, compile, compile_texts, merge, read};
pub use found::{Found, KindId, ListId, LockedEntry, Match};
pub use guard::Refusal;
pub use known::{Canaries, Known, KnownFault, Platforms};
pub use locked::Locked;
pub use parse::Reject;
pub use provenance::{Broken, MemberRead, Provenance, Rejects};
pub use run::{Recipe, Run, RunFault, write_refused};
pub use search::{Line, find_entry, find_in_members, find_lines, scan_lines};
pub use source::{About, Format, Member, Members, Origin, Reach, Single, Source};
pub use table::write::{Spill, Written};
pub use table::{Ahead, KindSource, ReadAt, Stats, Table, TableFault, touch};
