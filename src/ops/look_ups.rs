//! Who looked at whom: one line a look-up, never changed, shown in the report.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Longest purpose that is kept: a sentence or two.
const MAX_PURPOSE: usize = 500;

/// One look-up of what shows a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    pub when_ms: i64,
    /// The login name of whoever looked.
    pub who: String,
    /// What was asked for: `log of p0904`, `people list`.
    pub what: String,
    pub purpose: String,
}

/// Writes down a look-up before anything is shown.
///
/// # Errors
/// An empty purpose, or as the file system says: what cannot be recorded is not shown.
pub fn record(data: &Path, what: &str, purpose: &str, now_ms: i64) -> io::Result<()> {
    record_of(data, &super::files::user_name(nix::unistd::getuid().as_raw()), what, purpose, now_ms)
}

/// [`record`] for somebody who asked this process, not who runs it.
///
/// # Errors
/// As [`record`].
pub fn record_of(data: &Path, who: &str, what: &str, purpose: &str, now_ms: i64) -> io::Result<()> {
    let purpose: String = purpose.trim().chars().filter(|c| !c.is_control()).take(MAX_PURPOSE).collect();
    if purpose.is_empty() {
        let said = "this shows people: say in a few words why you look, --purpose 'a parent asked'. The report shows it";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, said));
    }
    let line = serde_json::to_vec(&LookUp { when_ms: now_ms, who: who.to_owned(), what: what.to_owned(), purpose })?;
    super::files::append_line(&file(data), &line)
}

/// The look-ups of a span of time. A line that cannot be read is passed over.
///
/// # Errors
/// Any but 'not found'.
pub fn between(data: &Path, from_ms: i64, until_ms: i64) -> io::Result<Vec<LookUp>> {
    let file = match File::open(file(data)) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let lines = BufReader::new(file).lines();
    let look_ups = lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<LookUp>(&line).ok());
    Ok(look_ups.filter(|l| (from_ms..until_ms).contains(&l.when_ms)).collect())
}

fn file(data: &Path) -> PathBuf {
    data.join("look-ups.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_look_up_is_written_down_with_its_purpose_or_not_allowed() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(record(dir.path(), "people list", " \n", 5).is_err());
        record(dir.path(), "log of p1", "a parent asked\nus", 10).expect("recorded");
        record(dir.path(), "log of p2", "later", 20).expect("recorded");
        let mode = std::fs::metadata(file(dir.path())).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let seen = between(dir.path(), 10, 20).expect("read");
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].what.as_str(), seen[0].purpose.as_str()), ("log of p1", "a parent askedus"));
    }
}
