//! Why the journal does not start, and how often it says that it cannot write.

use super::book::BookFault;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Why a journal did not start or did not take names.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    #[error("the journal's folder {path} cannot be used: {source}; it must belong to the user that the gate runs as")]
    Folder { path: PathBuf, source: io::Error },
    #[error("another Schoolgate is writing the journal in {path}: stop that one first, or give this one another data folder")]
    InUse { path: PathBuf },
    #[error(transparent)]
    Book(#[from] BookFault),
    #[error("the names of policy version {version} cannot be stored in {path}: {source}")]
    Names { version: u32, path: PathBuf, source: io::Error },
    #[error("the journal's writer did not start: {0}")]
    Writer(io::Error),
}

/// Says the same thing at most once a minute: a full disk must not be filled by what is said about it.
#[derive(Debug, Default)]
pub struct Complaint {
    last: Option<Instant>,
}

impl Complaint {
    const EVERY: Duration = Duration::from_secs(60);

    /// Whether it may be said now.
    pub fn may(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= Self::EVERY);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_fault_is_said_once_a_minute() {
        let (start, mut complaint) = (Instant::now(), Complaint::default());
        let said = (0..300).filter(|s| complaint.may(start + Duration::from_secs(*s))).collect::<Vec<_>>();
        assert_eq!(said, [0, 60, 120, 180, 240]);
    }
}
