//! What was changed in the school's own entries: one line a change, never changed itself, shown in the report.
//!
//! The file of the entries says what holds now. Who opened a name on Monday and closed it on Friday is to be seen, too.

use super::files;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// One change that came into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub when_ms: i64,
    /// The login name of whoever did it.
    pub who: String,
    /// `allow quiz.example for secondary`.
    pub what: String,
    pub why: String,
}

/// Writes down a change.
///
/// # Errors
/// As the file system says.
pub fn record(data: &Path, change: &Change) -> io::Result<()> {
    files::append_line(&file(data), &serde_json::to_vec(change)?)
}

/// The changes of a span of time. A line that cannot be read is passed over.
///
/// # Errors
/// Any but 'not found'.
pub fn between(data: &Path, from_ms: i64, until_ms: i64) -> io::Result<Vec<Change>> {
    let text = files::read_or_empty(&file(data))?;
    let changes = text.lines().filter_map(|line| serde_json::from_str::<Change>(line).ok());
    Ok(changes.filter(|c| (from_ms..until_ms).contains(&c.when_ms)).collect())
}

fn file(data: &Path) -> PathBuf {
    data.join("changes.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_stays_written_down_and_a_broken_line_hides_no_other() {
        let dir = tempfile::tempdir().expect("a folder");
        let change = |when_ms, what: &str| Change { when_ms, who: "root".into(), what: what.into(), why: "a\nlesson".into() };
        record(dir.path(), &change(10, "allow a.example")).expect("recorded");
        files::append_line(&file(dir.path()), b"half a li").expect("written");
        record(dir.path(), &change(20, "take back: allow a.example")).expect("recorded");
        record(dir.path(), &change(30, "later")).expect("recorded");
        let seen = between(dir.path(), 10, 30).expect("read");
        assert_eq!(seen, [change(10, "allow a.example"), change(20, "take back: allow a.example")]);
    }
}
