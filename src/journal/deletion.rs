//! What was deleted because its time was up: a line a file, never changed, told in the report.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// One file that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    pub when_ms: i64,
    /// Its name, below the data folder.
    pub file: String,
    /// What it was of: `2026-W47`.
    pub week: String,
    /// How many events it had; `None`: it could not be read any more, or had none of its own.
    pub events: Option<u64>,
    /// The first and the last of the numbers that were given to its events: they are in no file any more.
    #[serde(default)]
    pub numbers: Option<(u64, u64)>,
    /// The rule: `single visits, 90 days after the end of their week`.
    pub rule: String,
}

fn file(journal: &Path) -> PathBuf {
    journal.join("deleted.jsonl")
}

/// Writes it down, on the disk when this returns: before the file goes.
///
/// # Errors
/// As the file system says.
pub fn record(journal: &Path, deletion: &Deletion) -> io::Result<()> {
    let mut line = serde_json::to_vec(deletion)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file(journal))?;
    // A power cut may have left half of one: this one has a line of its own.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
    file.sync_data()
}

/// Whether the deletion of this file, with this in it, is written down already: the gate was killed before the file went.
pub fn is_recorded(journal: &Path, deletion: &Deletion) -> bool {
    let same = |one: &Deletion| (&one.file, one.events, one.numbers) == (&deletion.file, deletion.events, deletion.numbers);
    all(journal).is_ok_and(|all| all.iter().any(same))
}

/// What was deleted in a span of time. A line that cannot be read is passed over.
///
/// # Errors
/// Any but 'not found'.
pub fn between(journal: &Path, from_ms: i64, until_ms: i64) -> io::Result<Vec<Deletion>> {
    Ok(all(journal)?.into_iter().filter(|d| (from_ms..until_ms).contains(&d.when_ms)).collect())
}

/// All that was ever deleted.
///
/// # Errors
/// Any but 'not found'.
pub fn all(journal: &Path) -> io::Result<Vec<Deletion>> {
    let file = match File::open(file(journal)) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let lines = BufReader::new(file).lines();
    Ok(lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).collect())
}
