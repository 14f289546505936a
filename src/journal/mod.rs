pub mod event;
pub mod names;
pub use event::{Door, Event, Intent};
pub use names::Names;

use std::path::PathBuf;

/// Where the journal lives and how it dates what it writes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DATA/journal`: segments and week files.
    pub dir: PathBuf,
    /// Where the rings are: a folder on tmpfs, else under the data folder.
    pub run: PathBuf,
    /// The school's time zone: weeks are cut at Monday 00:00 there.
    pub zone: jiff::tz::TimeZone,
}

/// What the journal has done since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub written: u64,
    pub dropped: u64,
    pub replayed: u64,
    /// Events that wait for the clock to be set.
    pub undated: u64,
}

/// The doors' side of the journal.
pub struct Journal;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalFault(pub String);

impl Journal {
    pub fn start(_settings: Settings) -> Result<Self, JournalFault> {
        todo!()
    }
    /// Writes the event to the calling thread's ring. Never blocks, never fails: what finds no room is counted.
    pub fn note(&self, _event: &Event) {
        todo!()
    }
    /// Stores what the ids of a version are called, before the first event of that version.
    pub fn name(&self, _version: u32, _names: &Names) -> Result<(), JournalFault> {
        todo!()
    }
    /// The version these names have: the last one's if nothing changed, else the next.
    pub fn version_of(&self, _names: &Names) -> Result<u32, JournalFault> {
        todo!()
    }
    pub fn tally(&self) -> Tally {
        todo!()
    }
    /// Waits until everything noted before the call is in a week file.
    pub fn settle(&self) {
        todo!()
    }
    /// Moves everything to week files and ends the writer.
    pub fn stop(&self) {
        todo!()
    }
}
