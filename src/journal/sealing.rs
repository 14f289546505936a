//! What was typed, sealed at the door: before an event is anywhere but in this process.
//!
//! The rings are files too, and not always on tmpfs; what is in them goes to segments and week files as it stands. So path and search
//! are sealed before they are in a ring, and a replay, a backup or a copy of the disk has nothing to seal or to leave out.

use super::Kept;
use super::event::Event;
use super::fault::Complaint;
use super::record::{MAX_HOST, MAX_PATH, MAX_SEARCH, cut};
use super::shared::Shared;
use super::time::BUILT_MS;
use crate::seal::{self, DataKey, Keys, SealFault};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// How long a data key is used.
const KEY_MS: i64 = 24 * 3600 * 1000;

/// What becomes of path and search.
pub enum Sealing {
    /// No keys have been made: they are kept as they are.
    Clear,
    With(Box<DataKey>),
    /// They must not be kept in the clear and cannot be sealed: they are left out.
    Withheld,
}

impl Sealing {
    pub fn kept(&self) -> Kept {
        match self {
            Self::Clear => Kept::Clear,
            Self::With(_) => Kept::Sealed,
            Self::Withheld => Kept::Withheld,
        }
    }

    /// An event with something typed, as it may be written down.
    pub fn apply<'e>(&self, event: &'e Event<'e>) -> Cow<'e, Event<'e>> {
        let sealed = match self {
            Self::Clear => return Cow::Borrowed(event),
            Self::With(key) => {
                let (path, search) = (cut(&event.path, MAX_PATH), cut(&event.search, MAX_SEARCH));
                Some(Cow::Owned(key.seal(path, search, &bound(event))))
            }
            Self::Withheld => None,
        };
        Cow::Owned(Event { path: Cow::Borrowed(""), search: Cow::Borrowed(""), sealed, ..event.clone() })
    }
}

/// Whose an event is, and where: what is sealed in one does not open in another's place.
pub fn bound(event: &Event) -> Vec<u8> {
    let person = event.who.and_then(|who| who.person).map_or([0; 5], |person| {
        let [a, b, c, d] = person.0.to_le_bytes();
        [1, a, b, c, d]
    });
    [&person, cut(&event.host, MAX_HOST).as_bytes()].concat()
}

/// The folder of the sealed data keys, below the journal's.
fn folder(journal: &Path) -> PathBuf {
    journal.join("keys")
}

fn key_file(journal: &Path, id: u32) -> PathBuf {
    folder(journal).join(format!("{id:08x}.key"))
}

/// The sealed data key of an id, if it is there.
pub fn sealed_key(journal: &Path, id: u32) -> Option<Vec<u8>> {
    std::fs::read(key_file(journal, id)).ok()
}

/// Deletes the data keys that no week file which is still kept needs: those older than the oldest week. One that was made before the
/// clock was set stays: what was sealed with it may still wait to be dated.
pub fn forget(journal: &Path, before_ms: i64) {
    let made = |path: &Path| Some(std::fs::metadata(path).ok()?.mtime().saturating_mul(1000));
    let files = std::fs::read_dir(folder(journal)).into_iter().flatten().filter_map(|e| Some(e.ok()?.path()));
    for path in files.filter(|path| made(path).is_some_and(|at| (BUILT_MS..before_ms).contains(&at))) {
        if let Err(fault) = std::fs::remove_file(&path) {
            tracing::warn!(%fault, file = %path.display(), "a data key past its time cannot be deleted");
        }
    }
}

/// The file of the school's keys, as it was last seen.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Absent,
    /// Inode, time in seconds and nanoseconds, length.
    There(u64, i64, i64, u64),
}

/// Makes data keys, and sees when the school's keys are made or changed. The writer's.
pub struct Sealer {
    /// Where the school's keys are; `None`: in a journal that has none.
    data: Option<PathBuf>,
    journal: PathBuf,
    seen: Seen,
    made_ms: i64,
    complaint: Complaint,
}

impl Sealer {
    pub fn new(data: Option<PathBuf>, journal: &Path) -> Self {
        let (seen, complaint) = (Seen::Nothing, Complaint::default());
        Self { data, journal: journal.to_owned(), seen, made_ms: 0, complaint }
    }

    /// Looks whether the school's keys have changed and whether the data key is old, and puts a new one in force.
    pub fn tend(&mut self, shared: &Shared, now_ms: i64) {
        let Some(data) = self.data.clone() else { return };
        let seen = match std::fs::metadata(seal::file(&data)) {
            Ok(m) => Seen::There(m.ino(), m.mtime(), m.mtime_nsec(), m.len()),
            // Whoever cannot even look must not take that for leave to keep things in the clear.
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => Seen::There(0, 0, 0, 0),
            Err(_) => Seen::Absent,
        };
        let old = now_ms.abs_diff(self.made_ms) >= KEY_MS.unsigned_abs();
        let present = shared.sealing.load().kept();
        if seen == self.seen && (seen == Seen::Absent || present == Kept::Sealed && !old) {
            return;
        }
        match self.renewed(&data, &seen, present, now_ms) {
            Ok(sealing) => {
                shared.sealing.store(Arc::new(sealing));
                (self.seen, self.made_ms) = (seen, now_ms);
            }
            Err(fault) => {
                // What was in force goes on, if it seals.
                if present != Kept::Sealed {
                    shared.sealing.store(Arc::new(Sealing::Withheld));
                }
                if self.complaint.may(Instant::now()) {
                    let left_out = present != Kept::Sealed;
                    tracing::error!(%fault, left_out, "what pupils type cannot be sealed anew; without a key in use, paths and searches are left out of the journal");
                }
            }
        }
    }

    /// What is to be in force from now on.
    fn renewed(&self, data: &Path, seen: &Seen, present: Kept, now_ms: i64) -> Result<Sealing, SealFault> {
        let Some(keys) = Keys::read(data)? else {
            let gone = SealFault::Io { path: seal::file(data), source: io::ErrorKind::NotFound.into() };
            let ever = std::fs::read_dir(folder(&self.journal)).is_ok_and(|mut files| files.next().is_some());
            return match (present, seen) {
                // Somebody took the keys away: that does not make what is typed everybody's.
                (Kept::Clear, Seen::Absent) if !ever => Ok(Sealing::Clear),
                _ => Err(gone),
            };
        };
        let key = DataKey::make(keys.public(), now_ms)?;
        self.store(&key).map_err(|source| SealFault::Io { path: folder(&self.journal), source })?;
        Ok(Sealing::With(Box::new(key)))
    }

    /// On the disk when this returns: what is sealed with a key that is nowhere else could never be opened.
    fn store(&self, key: &DataKey) -> io::Result<()> {
        let folder = folder(&self.journal);
        super::handle::make(&folder)?;
        let path = key_file(&self.journal, key.id());
        if path.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a data key of this number is there already"));
        }
        let new = path.with_extension("key.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(key.sealed())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(&folder)?.sync_all()
    }
}
