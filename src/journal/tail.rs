//! What was answered and waits in the segments for its week file: read from there by whoever looks, so that a week file need not be
//! written to for them.
//!
//! The segments are read first, then what the week files have, and of these nothing that they get later: so nothing is missed, and
//! nothing is there twice, however the writer goes on meanwhile.

use super::names::{self, Names};
use super::opened::{Opened, Unopened};
use super::read::{Events, Filter, Newest, ReadFault, Stored, Week, weeks};
use super::time::{BootId, Clocks, boot_ms};
use super::week::IsoWeek;
use super::{alike, segment, writer};
use crate::seal::Opener;
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A part of the journal: a week's file, or what waits for it.
pub enum Part {
    File(Box<Week>),
    Tail(Tail),
}

/// Rows that are in no week file yet, in the order of their seqs.
pub struct Tail {
    dir: PathBuf,
    rows: Vec<Stored>,
    names: RefCell<HashMap<u32, Rc<Names>>>,
    /// What opens what is sealed, once somebody has signed in.
    opened: Option<Opened>,
}

/// The journal of a folder as it is now, the oldest part first, what waits last; of one week alone if that is said.
///
/// # Errors
/// [`ReadFault`]: the folder or a file in it cannot be read.
pub fn parts(dir: &Path, zone: &TimeZone, now_ms: i64, only: Option<IsoWeek>) -> Result<Vec<Part>, ReadFault> {
    parts_of(dir, zone, now_ms, Wanted { only, ..Wanted::default() })
}

/// The same for who is done with it within seconds: week files stay for them as they are, and their logs grow as long.
///
/// # Errors
/// As [`parts`].
pub fn held(dir: &Path, zone: &TimeZone, now_ms: i64, only: Option<IsoWeek>) -> Result<Vec<Part>, ReadFault> {
    parts_of(dir, zone, now_ms, Wanted { only, hold: true, ..Wanted::default() })
}

/// The newest parts: what waits, this week's file, and last week's for a Monday.
///
/// # Errors
/// As [`parts`].
pub fn newest(dir: &Path, now_ms: i64) -> Result<Vec<Part>, ReadFault> {
    parts_of(dir, &TimeZone::UTC, now_ms, Wanted { files: 2, hold: true, ..Wanted::default() })
}

/// Which parts.
struct Wanted {
    only: Option<IsoWeek>,
    /// The newest files, so many.
    files: usize,
    hold: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { only: None, files: usize::MAX, hold: false }
    }
}

fn parts_of(dir: &Path, zone: &TimeZone, now_ms: i64, wanted: Wanted) -> Result<Vec<Part>, ReadFault> {
    let waiting = waiting(&dir.join("segments")).map_err(|source| ReadFault::Folder { path: dir.to_owned(), source })?;
    let mut of_week = weeks(dir)?;
    of_week.retain(|file| wanted.only.is_none_or(|only| only == file.week));
    of_week.drain(..of_week.len().saturating_sub(wanted.files));
    let mut files = Vec::new();
    for file in of_week {
        let opened = Week::open(&file.path)?;
        if wanted.hold {
            opened.hold()?;
        }
        files.push(opened);
    }
    let mut booked = Vec::new();
    for file in &files {
        booked.extend(file.booked()?);
    }
    let upto = booked.iter().map(|(_, last)| *last).max().unwrap_or(0);
    let clocks = Clocks { now_ms, boot_ms: boot_ms(), boot: BootId::present() };
    let mut rows = Vec::new();
    for (boot, unpacked) in &waiting {
        let (mut of_segment, _) = writer::rows(&unpacked.bytes, *boot, &clocks);
        of_segment.retain(|row| !booked.iter().any(|(first, last)| (first..=last).contains(&&row.seq)));
        let merged = alike::merge(&of_segment).into_iter().map(|entry| {
            let event = super::Event { boot_ms: 0, ..entry.event().into_owned() };
            Stored { seq: entry.row.seq, dated: entry.row.dated, event }
        });
        rows.extend(merged);
    }
    rows.retain(|row| wanted.only.is_none_or(|week| IsoWeek::of(row.event.when_ms, zone) == week));
    rows.sort_by_key(|row| row.seq);
    let mut parts: Vec<_> = files.into_iter().map(|file| Part::File(Box::new(file.upto(upto)))).collect();
    if !rows.is_empty() {
        parts.push(Part::Tail(Tail { dir: dir.to_owned(), rows, names: RefCell::default(), opened: None }));
    }
    Ok(parts)
}

/// What the segments hold, the oldest first. One that goes meanwhile is in a week file.
fn waiting(dir: &Path) -> io::Result<Vec<(BootId, segment::Unpacked)>> {
    let entries = match std::fs::read_dir(dir) {
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "seg"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        match std::fs::read(&path) {
            Ok(bytes) => found.extend(segment::read(&bytes)),
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

impl Tail {
    pub fn rows(&self) -> &[Stored] {
        &self.rows
    }

    fn meeting<'a>(&'a self, filter: &'a Filter) -> impl DoubleEndedIterator<Item = &'a Stored> {
        self.rows.iter().filter(|row| filter.matches(row.seq, &row.event))
    }

    fn newest(&self, filter: &Filter, limit: usize) -> Newest {
        let found: Vec<u64> = self.meeting(filter).rev().map(|row| row.seq).take(limit.saturating_add(1)).collect();
        let more = found.len() > limit;
        Newest { after: if more { found.last().copied() } else { filter.after }, count: found.len().min(limit), more }
    }
}

/// The events of a part that meet a filter.
pub enum Found<'a> {
    File(Events<'a>),
    Tail(std::vec::IntoIter<Stored>),
}

impl Iterator for Found<'_> {
    type Item = Result<Stored, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::File(events) => events.next(),
            Self::Tail(rows) => rows.next().map(Ok),
        }
    }
}

impl Part {
    /// From now on [`Part::events`] has what was typed: see [`Week::open_with`].
    pub fn open_with(&mut self, opener: Arc<Opener>) {
        match self {
            Self::File(week) => week.open_with(opener),
            Self::Tail(tail) => tail.opened = Some(Opened::new(opener)),
        }
    }

    /// What of the events read so far stayed sealed although it was to be opened.
    pub fn unopened(&self) -> Unopened {
        match self {
            Self::File(week) => week.unopened(),
            Self::Tail(tail) => tail.opened.as_ref().map(Opened::unopened).unwrap_or_default(),
        }
    }

    /// The events that meet a filter, in the order of their seq.
    pub fn events(&self, filter: &Filter) -> Found<'_> {
        match self {
            Self::File(week) => Found::File(week.events(filter)),
            Self::Tail(tail) => {
                let mut rows: Vec<_> = tail.meeting(filter).cloned().collect();
                if let Some(opened) = &tail.opened {
                    // Of what waits, the keys are in the journal's folder: no file is asked, and none can fail.
                    rows.iter_mut().for_each(|row| drop(opened.open(row, Some(&tail.dir), |_| Ok(None))));
                }
                Found::Tail(rows.into_iter())
            }
        }
    }

    /// Where the newest events that meet a filter begin.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn newest(&self, filter: &Filter, limit: usize) -> Result<Newest, ReadFault> {
        match self {
            Self::File(week) => week.newest(filter, limit),
            Self::Tail(tail) => Ok(tail.newest(filter, limit)),
        }
    }

    /// What the ids of a policy version were called; empty for a version that nobody named.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn names_of(&self, version: u32) -> Result<Rc<Names>, ReadFault> {
        match self {
            Self::File(week) => week.names_of(version),
            Self::Tail(tail) => {
                let read = || Rc::new(names::load(&tail.dir, version).unwrap_or_default());
                Ok(tail.names.borrow_mut().entry(version).or_insert_with(read).clone())
            }
        }
    }

    /// The same; `None`: nobody ever named that version.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn names(&self, version: u32) -> Result<Option<Names>, ReadFault> {
        match self {
            Self::File(week) => week.names(version),
            Self::Tail(tail) => Ok(names::load(&tail.dir, version)),
        }
    }

    /// The highest seq of the part; 0 if it has no events.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn last_seq(&self) -> Result<u64, ReadFault> {
        match self {
            Self::File(week) => week.last_seq(),
            Self::Tail(tail) => Ok(tail.rows.last().map_or(0, |row| row.seq)),
        }
    }

    /// What was lost, as far as a week file knows.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn gaps(&self) -> Result<Vec<super::read::StoredGap>, ReadFault> {
        match self {
            Self::File(week) => week.gaps(),
            Self::Tail(_) => Ok(Vec::new()),
        }
    }

    /// How many allowed events there was no room for a row of: see [`Week::summed`].
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn summed(&self) -> Result<u64, ReadFault> {
        match self {
            Self::File(week) => week.summed(),
            Self::Tail(_) => Ok(0),
        }
    }

    /// The newest events of a client that were blocked or warned of: see [`Week::stopped`].
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn stopped(&self, client: std::net::IpAddr, since_ms: i64, limit: usize) -> Result<Vec<Stored>, ReadFault> {
        match self {
            Self::File(week) => week.stopped(client, since_ms, limit),
            Self::Tail(tail) => {
                let filter = Filter { client: Some(client), since_ms: Some(since_ms), ..Filter::default() };
                Ok(tail.meeting(&filter).rev().filter(|row| row.is_stopped()).take(limit).cloned().collect())
            }
        }
    }
}
