//! The file of the school's own entries (`DATA/entries.toml`), with one more or one less: text in, text out.
//!
//! Whoever writes it back reads the whole configuration with the new text first: a group that does not exist is told there.

use super::MAX_ENTRIES;
use super::entries::{self, LAST_GIVEN, WrittenEntry};
use super::fault::{Faults, Placed, Text};
use super::file::{Reader, Section};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write;

const HEADER: &str = "\
# The school's own entries, as `schoolgate allow`, `schoolgate block` and `schoolgate entries remove` write them.
# The file is written anew each time, without other comments. A number is given once and never again.
";

/// Why the file of the entries cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    #[error("there is no entry {0} in the file the commands write; `schoolgate entries list` shows them")]
    Unknown(u32),
    #[error("the file of the entries is full ({} MiB): remove some with `schoolgate entries remove`", MAX_ENTRIES >> 20)]
    Full,
}

/// The file of the school's own entries, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFile {
    next_id: u32,
    /// In the order of the file.
    pub entries: Vec<WrittenEntry>,
}

impl Default for EntryFile {
    fn default() -> Self {
        Self { next_id: 1, entries: Vec::new() }
    }
}

impl EntryFile {
    /// Reads the file. Times without a zone are the school's.
    ///
    /// # Errors
    /// [`Faults`] of the file alone: whether its groups exist is told by [`super::read`].
    pub fn read(text: &Text, zone: &TimeZone) -> Result<Self, Faults> {
        let reader = Reader::new(std::slice::from_ref(text));
        let root = reader.root([0], "the entries");
        let written = next_id(&root).map_or(1, |n| n.value);
        let entries: Vec<_> = entries::read(&root, zone, true).into_iter().map(|r| r.entry).collect();
        root.end();
        drop(root);
        if !reader.is_faultless() {
            return Err(reader.faults());
        }
        let after = entries.iter().map(|e| e.id + 1).max().unwrap_or(1);
        Ok(Self { next_id: written.max(after), entries })
    }

    /// Adds entries, each under a new number, which it is given back with; the numbers they come with are not looked at.
    ///
    /// # Errors
    /// [`EntryFault::Full`]; nothing is added then.
    pub fn add(&mut self, new: Vec<WrittenEntry>) -> Result<Vec<WrittenEntry>, EntryFault> {
        let after = u32::try_from(new.len()).ok().and_then(|n| self.next_id.checked_add(n)).filter(|n| *n <= LAST_GIVEN + 1);
        let after = after.ok_or(EntryFault::Full)?;
        let numbered: Vec<_> = (self.next_id..after).zip(new).map(|(id, entry)| WrittenEntry { id, ..entry }).collect();
        self.next_id = after;
        self.entries.extend(numbered.iter().cloned());
        Ok(numbered)
    }

    /// Takes an entry out, and says what it was.
    ///
    /// # Errors
    /// [`EntryFault::Unknown`].
    pub fn remove(&mut self, id: u32) -> Result<WrittenEntry, EntryFault> {
        let place = self.entries.iter().position(|e| e.id == id).ok_or(EntryFault::Unknown(id))?;
        Ok(self.entries.remove(place))
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`EntryFault::Full`], if it would not be read again.
    pub fn write(&self) -> Result<String, EntryFault> {
        let text = format!("{HEADER}\nnext_id = {}\n{}", self.next_id, text_of(&self.entries));
        if text.len() > MAX_ENTRIES { Err(EntryFault::Full) } else { Ok(text) }
    }
}

/// These entries as the file has them.
pub(super) fn text_of(entries: &[WrittenEntry]) -> String {
    let mut out = String::new();
    for entry in entries {
        // Writing into a String cannot fail.
        let _ = write_entry(&mut out, entry);
    }
    out
}

/// The number the next entry gets: kept in the file, so that the number of a removed entry is not given again.
pub(super) fn next_id(root: &Section) -> Option<Placed<u32>> {
    root.value("next_id", |item| item.number(1..=LAST_GIVEN + 1))
}

fn write_entry(out: &mut String, entry: &WrittenEntry) -> std::fmt::Result {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    writeln!(out, "\n[[entry]]\nid = {}\nhost = \"{}\"\naction = \"{}\"", entry.id, entry.host, entry.act)?;
    if let Some(group) = &entry.group {
        writeln!(out, "group = {}", quoted(group))?;
    }
    if entry.firm {
        writeln!(out, "firm = true")?;
    }
    if !entry.despite.is_empty() {
        let words: Vec<_> = entry.despite.iter().map(|c| format!("\"{c}\"")).collect();
        writeln!(out, "despite = [{}]", words.join(", "))?;
    }
    for (key, ms) in [("until", entry.until_ms), ("made", entry.made_ms)] {
        if let Some(time) = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
            writeln!(out, "{key} = {}", time.strftime("%Y-%m-%dT%H:%M:%SZ"))?;
        }
    }
    for (key, text) in [("reason", &entry.reason), ("by", &entry.by)] {
        if !text.is_empty() {
            writeln!(out, "{key} = {}", quoted(text))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Act;
    use crate::words::{Category, CategorySet, Host};

    fn entry(host: &str) -> WrittenEntry {
        WrittenEntry {
            id: 0,
            host: Host::parse(host).expect("a host of the test"),
            act: Act::Allow,
            group: None,
            firm: false,
            despite: CategorySet::EMPTY,
            until_ms: None,
            reason: String::new(),
            by: String::new(),
            made_ms: None,
        }
    }

    fn file(text: String) -> Text {
        Text { path: "var/entries.toml".into(), text }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let full = WrittenEntry {
            group: Some("year \"9\" \\ and\u{1b} more".replace('\u{1b}', "")),
            despite: CategorySet::of(&[Category::MALWARE, Category::PHISHING]),
            until_ms: Some(1_800_000_000_000),
            reason: "asked for by 'Ms Grün'; a lesson = fun # no comment".into(),
            by: "root".into(),
            made_ms: Some(1_790_000_000_000),
            ..entry("xn--mnchen-3ya.de")
        };
        let block = WrittenEntry { act: Act::Block, firm: true, ..entry("192.0.2.7") };
        let mut kept = EntryFile::default();
        let ids: Vec<u32> = kept.add(vec![full.clone(), block.clone()]).expect("added").iter().map(|e| e.id).collect();
        assert_eq!(ids, [1, 2]);
        let read = EntryFile::read(&file(kept.write().expect("not full")), &TimeZone::UTC).expect("read").entries;
        assert_eq!(read, [WrittenEntry { id: 1, ..full }, WrittenEntry { id: 2, ..block }]);
    }

    #[test]
    fn a_number_is_never_given_again() {
        let mut kept = EntryFile::default();
        kept.add(vec![entry("a.example"), entry("b.example")]).expect("added");
        assert_eq!(kept.remove(2).expect("removed").host.as_str(), "b.example");
        assert_eq!(kept.remove(2), Err(EntryFault::Unknown(2)));
        let text = kept.write().expect("not full");
        assert!(text.starts_with("# The school's own entries"), "{text}");
        let mut kept = EntryFile::read(&file(text), &TimeZone::UTC).expect("read");
        assert_eq!(kept.add(vec![entry("c.example")]).expect("added")[0].id, 3);
    }

    #[test]
    fn a_wrong_file_is_told() {
        let wrong = file("[[entry]]\nid = 1\nhost = \"a b\"\naction = \"allow\"\n".into());
        let fault = EntryFile::read(&wrong, &TimeZone::UTC);
        assert!(matches!(&fault, Err(f) if f.len() == 1), "{fault:?}");
    }

    #[test]
    fn a_full_file_takes_no_more() {
        let long = WrittenEntry { reason: "x".repeat(MAX_ENTRIES), ..entry("c.example") };
        let mut kept = EntryFile::default();
        kept.add(vec![long]).expect("a number is left");
        assert_eq!(kept.write(), Err(EntryFault::Full));
        let mut kept = EntryFile { next_id: LAST_GIVEN, entries: Vec::new() };
        assert_eq!(kept.add(vec![entry("a.example"), entry("b.example")]), Err(EntryFault::Full));
        assert!(kept.add(vec![entry("a.example")]).is_ok() && kept.add(vec![entry("b.example")]).is_err());
    }
}
