//! What happened? Written before the answer leaves, kept through kill -9, found again by person, by name, by week.
//!
//! Comes in: an [`Event`] from a door's thread. Goes out: the rows of week files, read back or exported.
//! Always holds: a door never waits for the journal; an event that was noted is in exactly one week file, once, however
//! often the process is killed, as a row or in the count of one; what was lost is counted and leaves a gap; `seq` grows and is
//! never given twice.
//!
//! ```text
//! door's thread ─▶ ring (tmpfs) ─▶ segment (an fsync a second) ─▶ 2026-W47.db (every five minutes, what is alike in one row)
//! ```
//!
//! What is written
//! - [`event`]      one thing that happened at a door
//! - [`names`]      what the ids of a policy version were called
//! - [`gap`]        what was lost, and when
//! - [`time`]       which moments to believe; the date of what happened before the clock was set
//! - [`week`]       the school's ISO weeks
//!
//! The way in
//! - [`handle`]     [`Journal`]: what the doors hold
//! - [`sealing`]    what was typed, sealed to the DSL's key
//! - [`record`]     an event as bytes
//! - [`memory`]     shared memory, the one unsafe file
//! - [`ring`]       one thread's ring
//! - [`rings`]      all threads' rings, and those a killed process left
//! - [`gathered`]   what several rings hold, in the order in which it happened
//! - [`segment`]    appended files between ring and week file
//! - [`shared`]     what doors and writer both see
//! - [`writer`]     the one writer
//! - [`schema`]     the tables of a week file
//! - [`book`]       the week files, open for writing
//! - [`check`]      whether the pages of a week file are as they were written
//! - [`alike`]      questions that share a row of a week file
//! - [`why`], [`interned`]  what many rows have in common, stored once
//! - [`room`]       what is kept when the disk is nearly full
//! - [`rollup`]     what a week comes to, kept as events arrive
//! - [`retention`]  how long they are kept
//! - [`hold`]       what is kept longer
//! - [`deletion`]   what was deleted
//! - [`fault`]      what can go wrong at the start, and how often it is said
//! - [`point`]      where tests kill the writer
//!
//! The way out
//! - [`filter`]     which events are asked for
//! - [`read`]       weeks, events by filter, gaps, names
//! - [`tail`]       what waits in the segments for its week file, and all parts of the journal together
//! - [`rows`], [`wide`]  a row of a week file as an event: of this version's files, and of those before
//! - [`opened`]     what is sealed, for a reader who has signed in
//! - [`verify`]     whether every number that was given is somewhere
//! - [`export`]     one event as JSON, CSV, squid's log line

// The table of contents is for who works in this room: it links to private files too.
#![allow(rustdoc::private_intra_doc_links, reason = "the table of contents names rooms that are nobody else's business")]

mod alike;
mod book;
mod check;
pub mod deletion;
pub mod event;
pub mod export;
mod fault;
mod filter;
mod gap;
mod gathered;
mod handle;
pub mod hold;
mod interned;
mod memory;
pub mod names;
mod opened;
mod point;
pub mod read;
mod record;
mod retention;
mod ring;
mod rings;
pub mod rollup;
mod room;
mod rows;
mod schema;
mod sealing;
mod segment;
mod shared;
pub mod tail;
pub mod time;
pub mod verify;
pub mod week;
mod why;
mod wide;
mod writer;

pub use event::{ATTEMPT_MS, Decrypted, Door, Event, Intent, Span};
pub use fault::JournalFault;
pub use handle::Journal;
pub use names::Names;
pub use opened::{Taken, Unopened};
pub use time::Dated;
pub use week::{BadWeek, IsoWeek};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time: milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Where the journal lives and how it dates what it writes.
#[derive(Clone)]
pub struct Settings {
    /// `DATA/journal`: segments and week files.
    pub dir: PathBuf,
    /// Where the rings are: a folder on tmpfs, else under the data folder. Several journals may share one.
    pub run: PathBuf,
    /// The school's time zone: weeks are cut at Monday 00:00 there.
    pub zone: jiff::tz::TimeZone,
    /// The gate's clock: says whether the time has been set, and which weeks are past their time. Events bring their own.
    pub now: Clock,
    /// `DATA`, where the keys are that path and search are sealed with; `None`: they are kept in the clear.
    pub seal: Option<PathBuf>,
    /// Days that single visits are kept after the end of their week.
    pub detail_days: u32,
    /// How long a start looks through week files; what it has no time for is looked through afterwards.
    pub check_at_start: Duration,
    /// Bytes of a thread's ring, a power of two; `None`: as many as a gate needs. Tests take fewer.
    pub ring_bytes: Option<u64>,
}

impl Settings {
    /// With the system's clock.
    pub fn new(dir: impl Into<PathBuf>, run: impl Into<PathBuf>, zone: jiff::tz::TimeZone) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
        Self {
            dir: dir.into(),
            run: run.into(),
            zone,
            now: Arc::new(now),
            seal: None,
            detail_days: retention::DETAIL_DAYS,
            check_at_start: check::AT_START,
            ring_bytes: None,
        }
    }

    /// With a clock that someone else moves.
    #[must_use]
    pub fn with_clock(self, now: Clock) -> Self {
        Self { now, ..self }
    }

    /// With path and search sealed by the keys in this data folder, as soon as there are any.
    #[must_use]
    pub fn sealed_by(self, data: impl Into<PathBuf>) -> Self {
        Self { seal: Some(data.into()), ..self }
    }

    /// Single visits are kept so many days after the end of their week.
    #[must_use]
    pub fn keeping(self, detail_days: u32) -> Self {
        Self { detail_days, ..self }
    }
}

/// What becomes of what was typed: paths, queries and searches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// No keys have been made.
    #[default]
    Clear,
    Sealed,
    /// The school's keys cannot be used: it is left out, and nobody will ever read it.
    Withheld,
}

/// What the journal has done since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records written to segments: events, and a gap for each loss.
    pub written: u64,
    /// Events that found no room: `schoolgate_events_dropped_total`.
    pub dropped: u64,
    /// Events found in the rings of a killed process.
    pub replayed: u64,
    /// Events that wait for the clock to be set.
    pub undated: u64,
    /// Week files that could not be read and were set aside.
    pub broken: u64,
    /// Week files whose pages have not been looked through since the start.
    pub unchecked: u64,
    /// The disk refuses at the moment.
    pub stalled: bool,
    /// There is little room on the disk: paths and searches of what was allowed are left out.
    pub left_out: bool,
    /// There is next to none: what was allowed is kept as sums alone.
    pub summed: bool,
    /// What becomes of what was typed.
    pub detail: Kept,
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
