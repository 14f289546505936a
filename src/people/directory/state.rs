//! How the last sync went: kept in a file, so that it is known after a restart.

use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Longest file that is read.
const MOST: u64 = 64 * 1024;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// When the register last was as the directory has it, in milliseconds since 1970.
    pub at_ms: Option<i64>,
    /// How many it gave then.
    pub people: usize,
    /// What changed then, in words.
    pub changed: String,
    /// Entries that could not be taken.
    pub faulty: usize,
    /// What waits for a person to say that it is meant.
    pub waits: Option<String>,
    /// Why the last try came to nothing.
    pub fault: Option<String>,
}

impl State {
    pub fn file_in(data: &Path) -> PathBuf {
        data.join("directory.json")
    }

    /// What was written last; nothing, if that cannot be read.
    pub fn read(data: &Path) -> Self {
        let mut text = String::new();
        let read = std::fs::File::open(Self::file_in(data)).and_then(|file| file.take(MOST).read_to_string(&mut text));
        read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, data: &Path) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let (path, next) = (Self::file_in(data), data.join("directory.json.new"));
        let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o640).open(&next)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        std::fs::rename(next, path)
    }
}
