//! What was kept in other files before there was a casebook: read in once, in the order of their times, and put away as `.old`.

use super::chain::{Entry, Kind};
use super::look_ups;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Look-ups and changes, a JSON object a line.
const FILES: [&str; 2] = ["look-ups.jsonl", "changes.jsonl"];

/// Most bytes of one that are read: years of a large school.
const MAX_BYTES: u64 = 256 << 20;

/// What the files hold.
pub struct Earlier {
    pub entries: Vec<(i64, Entry)>,
    /// Each file with how much of it that is.
    pub files: Vec<(&'static str, u64)>,
}

#[derive(Deserialize)]
struct LookUpLine {
    when_ms: i64,
    who: String,
    what: String,
    purpose: String,
}

#[derive(Deserialize)]
struct ChangeLine {
    when_ms: i64,
    who: String,
    what: String,
    why: String,
}

pub fn is_there(data: &Path) -> bool {
    FILES.iter().any(|file| data.join(file).exists())
}

/// What of them is not in the casebook yet, and a record that says that they were read in.
///
/// # Errors
/// As the file system says.
pub fn read(data: &Path, db: &Connection) -> io::Result<Earlier> {
    let mut read = Earlier { entries: Vec::new(), files: Vec::new() };
    let mut told = Vec::new();
    for file in FILES {
        let mut text = Vec::new();
        let mut opened = match std::fs::File::open(data.join(file)) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        // One that was read in, and could not be put away.
        let sql = "SELECT bytes FROM taken_in WHERE file = ?1";
        let known = db.query_row(sql, [file], |row| row.get::<_, i64>(0)).optional().map_err(io::Error::other)?;
        let known = known.unwrap_or(0).max(0) as u64;
        opened.seek(SeekFrom::Start(known))?;
        let new = opened.take(MAX_BYTES).read_to_end(&mut text)? as u64;
        read.files.push((file, known + new));
        let lines: Vec<_> = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
        let understood = lines.iter().filter_map(|line| entry(file, line));
        let before = read.entries.len();
        read.entries.extend(understood);
        let taken = read.entries.len() - before;
        if !lines.is_empty() {
            told.push(match lines.len() - taken {
                0 => format!("{file}: {taken} lines"),
                lost => format!("{file}: {taken} lines, and {lost} that cannot be read"),
            });
        }
    }
    read.entries.sort_by_key(|(when_ms, _)| *when_ms);
    if let Some((newest, _)) = read.entries.last().cloned() {
        let told = format!("read in what was kept before: {}", told.join("; "));
        read.entries.push((newest, Entry::new(Kind::Casebook, "the gate", told)));
    }
    Ok(read)
}

fn entry(file: &str, line: &[u8]) -> Option<(i64, Entry)> {
    if file == FILES[0] {
        let LookUpLine { when_ms, who, what, purpose } = serde_json::from_slice(line).ok()?;
        return Some((when_ms, look_ups::entry(&who, &what, &purpose)));
    }
    let ChangeLine { when_ms, who, what, why } = serde_json::from_slice(line).ok()?;
    Some((when_ms, Entry::new(Kind::Change, &who, what).why(&why)))
}

/// Gives it another name, one that no file has. Whether it was still there.
///
/// # Errors
/// As the file system says.
pub fn put_away(data: &Path, file: &str) -> io::Result<bool> {
    let free = (1..).map(|n| if n == 1 { format!("{file}.old") } else { format!("{file}.old{n}") });
    let Some(aside) = free.map(|name| data.join(name)).find(|path| !path.exists()) else { return Ok(false) };
    match std::fs::rename(data.join(file), aside) {
        Ok(()) => Ok(true),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}
