//! What is on disk of one list: DATA/lists/fetched/NAME/, with the body (`list`, or `list.tar.gz`), the body before it
//! (`list.before`), `meta.json`, and, while its last fetch is one that failed, `failed.json`.

use crate::config::PublicList;
use crate::net::fetch::Sink;
use crate::ops::files;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// How much of a body's beginning is looked at: heads of real lists are 500 to 1,500 bytes.
const HEAD: usize = 4096;

/// Longest version that is repeated.
const MAX_VERSION: usize = 64;

/// What is known of a body that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// The URL it came from, or the file.
    pub url: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// When it came, milliseconds since 1970.
    pub fetched_ms: i64,
    /// When its keeper last said that there is no other.
    pub checked_ms: i64,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// What the list calls this version of itself.
    pub version: Option<String>,
    pub licence: String,
    /// The minisign key that it was checked with.
    pub signed_by: Option<String>,
    /// When it was signed, as the signature itself says, in seconds since 1970.
    pub signed_at_s: Option<u64>,
}

impl Meta {
    /// Whether this is an earlier edition than that one: signed before it by the same key, or, where signatures do not say, of an
    /// earlier date by the lists' own versions. What cannot be compared is not earlier.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        match (self.signed_at_s, other.signed_at_s) {
            (Some(this), Some(other_at)) if self.signed_by == other.signed_by => this < other_at,
            _ => {
                let dates = (self.version.as_deref().and_then(date_of), other.version.as_deref().and_then(date_of));
                matches!(dates, (Some(this), Some(other)) if is_of_form(&this, &other) && this < other)
            }
        }
    }
}

/// The numbers of a version that begins with a year and holds nothing but numbers: `2025.0616.2358.04`, `2026112001`.
fn date_of(version: &str) -> Option<Vec<&str>> {
    let plain = version.bytes().all(|c| c.is_ascii_digit() || b".-:TZ ".contains(&c));
    let numbers: Vec<&str> = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let year = numbers.first()?.get(..4)?;
    (plain && ("1990".."2100").contains(&year)).then_some(numbers)
}

/// Whether both have as many numbers, each of as many digits: then they sort as text.
fn is_of_form(one: &[&str], other: &[&str]) -> bool {
    one.iter().map(|number| number.len()).eq(other.iter().map(|number| number.len()))
}

/// The folder of a list.
pub fn folder(data: &Path, list: &PublicList) -> PathBuf {
    data.join("lists/fetched").join(list.file_name())
}

/// The file of a list's body, whether it is there or not.
pub fn body(data: &Path, list: &PublicList) -> PathBuf {
    folder(data, list).join(if list.inside.is_some() { "list.tar.gz" } else { "list" })
}

/// What is known of the body that is there; `None`: none is.
pub fn meta(data: &Path, list: &PublicList) -> Option<Meta> {
    if !body(data, list).is_file() {
        return None;
    }
    serde_json::from_slice(&fs::read(meta_file(data, list)).ok()?).ok()
}

/// A fetch that failed, until one does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Milliseconds since 1970.
    pub when_ms: i64,
    pub why: String,
}

/// The last fetch of a list, if it failed.
pub fn failed(data: &Path, list: &PublicList) -> Option<Failed> {
    serde_json::from_slice(&fs::read(failed_file(data, list)).ok()?).ok()
}

/// Writes down what became of a fetch: why it failed, or, with none, that it did not.
pub(super) fn note_outcome(data: &Path, list: &PublicList, failed: Option<&Failed>) -> io::Result<()> {
    let path = failed_file(data, list);
    match failed {
        Some(failed) => files::replace(&path, &serde_json::to_vec_pretty(failed)?),
        None if path.exists() => fs::remove_file(&path),
        None => Ok(()),
    }
}

fn failed_file(data: &Path, list: &PublicList) -> PathBuf {
    folder(data, list).join("failed.json")
}

fn meta_file(data: &Path, list: &PublicList) -> PathBuf {
    folder(data, list).join("meta.json")
}

/// Writes what is known of the body that is there.
pub(super) fn note(data: &Path, list: &PublicList, meta: &Meta) -> io::Result<()> {
    files::replace(&meta_file(data, list), &serde_json::to_vec_pretty(meta)?)
}

/// A body that is coming, beside the one that is there.
pub(super) struct Coming<'a> {
    path: PathBuf,
    file: File,
    digest: Context,
    head: Vec<u8>,
    bytes: u64,
    moved: u64,
    total: Option<u64>,
    watch: &'a (dyn Fn(u64, Option<u64>) + Sync),
}

impl<'a> Coming<'a> {
    /// # Errors
    /// As the file system says.
    pub fn new(data: &Path, list: &PublicList, watch: &'a (dyn Fn(u64, Option<u64>) + Sync)) -> io::Result<Self> {
        let folder = folder(data, list);
        files::make_folder(&folder)?;
        let path = folder.join("list.new");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        files::belongs_to_folder(&file, &folder)?;
        Ok(Self { path, file, digest: Context::new(&SHA256), head: Vec::new(), bytes: 0, moved: 0, total: None, watch })
    }

    /// Where it is while it comes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its first bytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// SHA-256 of all that has come.
    pub fn sha256(&self) -> String {
        let digest = self.digest.clone().finish();
        digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// To read what has come from its beginning.
    pub fn again(&mut self) -> io::Result<impl Read + '_> {
        self.file.rewind()?;
        Ok(&mut self.file)
    }

    /// Puts it in the place of the body that was there, which is kept as the one before: after a power cut there is one or the
    /// other.
    pub fn put(self, data: &Path, list: &PublicList, meta: &Meta) -> io::Result<()> {
        self.file.sync_all()?;
        let (body, folder) = (body(data, list), folder(data, list));
        if body.is_file() {
            let (beside, before) = (folder.join("before.new"), folder.join("list.before"));
            let _ = fs::remove_file(&beside);
            fs::hard_link(&body, &beside)?;
            fs::rename(&beside, &before)?;
        }
        fs::rename(&self.path, &body)?;
        File::open(&folder)?.sync_all()?;
        note(data, list, meta)
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        // Gone already if it was put in its place.
        let _ = fs::remove_file(&self.path);
    }
}

impl Sink for Coming<'_> {
    fn begin(&mut self, total: Option<u64>) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.digest, self.bytes, self.moved, self.total) = (Context::new(&SHA256), 0, 0, total);
        self.head.clear();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        let more = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..more]);
        self.file.write_all(bytes)
    }

    fn moved(&mut self, bytes: u64) {
        self.moved += bytes;
        (self.watch)(self.moved, self.total);
    }
}

/// What a list says of its own version in its head: `! Version: 2025.0617`, `# Last modified: 17 Jun 2025`.
pub(super) fn version(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let comments = || text.lines().filter_map(|line| line.strip_prefix(['#', '!', ';'])).map(str::trim);
    let said = |key: &str| {
        comments().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(key).then(|| value.trim().to_owned()).filter(|v| !v.is_empty())
        })
    };
    let keys = ["version", "last modified", "last updated", "updated", "date"];
    let shown = |text: String| text.chars().filter(|c| !c.is_control()).take(MAX_VERSION).collect();
    keys.into_iter().find_map(said).map(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_before_another_by_its_signature_else_by_a_version_that_is_a_date() {
        let meta = |version: &str, key: &str, signed: Option<u64>| Meta {
            url: String::new(),
            etag: None,
            last_modified: None,
            fetched_ms: 0,
            checked_ms: 0,
            bytes: 1,
            sha256: String::new(),
            version: Some(version.to_owned()),
            licence: String::new(),
            signed_by: Some(key.to_owned()),
            signed_at_s: signed,
        };
        for (this, other, before) in [
            (meta("2026.1", "a", Some(7)), meta("2025.1", "a", Some(8)), true),
            (meta("2025.1", "a", Some(8)), meta("2026.1", "a", Some(8)), false),
            (meta("2025.1", "a", Some(7)), meta("2024.1", "b", Some(8)), false),
            (meta("2025.0616.2358.04", "a", None), meta("2025.0617.0001.00", "a", Some(8)), true),
            (meta("2025.0617.0001.00", "a", None), meta("2025.0616.2358.04", "a", None), false),
            (meta("2026-11-19T08:00:00Z", "a", None), meta("2026-11-20T07:00:00Z", "a", None), true),
            (meta("2026112001", "a", None), meta("2026112002", "a", None), true),
            (meta("2026.9", "a", None), meta("2026.10", "a", None), false),
            (meta("7", "a", None), meta("8", "a", None), false),
            (meta("19 Nov 2026", "a", None), meta("20 Nov 2026", "a", None), false),
        ] {
            assert_eq!(this.is_before(&other), before, "{this:?} {other:?}");
        }
    }

    #[test]
    fn a_list_says_its_version_in_its_head() {
        for (head, version_said) in [
            (
                "# Title: x\n# Last modified: 16 Jun 2025 23:58 UTC\n# Version: 2025.0616.2358.04\na.example\n",
                Some("2025.0616.2358.04"),
            ),
            ("! Last modified: 2 Jan 2026\n||a.example^\n", Some("2 Jan 2026")),
            ("# Date: 09 October 2025 18:24:42 (UTC)\n", Some("09 October 2025 18:24:42 (UTC)")),
            ("# Version:\na.example\nversion: 7\n", None),
            ("", None),
        ] {
            assert_eq!(version(head.as_bytes()).as_deref(), version_said, "{head}");
        }
        assert_eq!(version(format!("# version: {}\u{1b}[2J", "x".repeat(500)).as_bytes()).map(|v| v.len()), Some(MAX_VERSION));
    }
}
