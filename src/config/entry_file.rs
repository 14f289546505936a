//! The file of the school's own entries (`DATA/entries.toml`), with one more or one less: text in, text out.
//!
//! Whoever writes it back reads the whole configuration with the new text first: a group that does not exist is told there.

use super::MAX_TEXT;
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
    #[error("{0}")]
    Wrong(#[from] Faults),
    #[error("there is no entry {0} in the file the commands write; `schoolgate entries list` shows them")]
    Unknown(u32),
    #[error("the file of the entries is full ({} KiB): remove some with `schoolgate entries remove`", MAX_TEXT / 1024)]
    Full,
}

/// Every entry of the file, in its order. Times without a zone are the school's.
///
/// # Errors
/// [`Faults`] of the file alone: whether its groups exist is told by [`super::read`].
pub fn list_entries(text: &Text, zone: &TimeZone) -> Result<Vec<WrittenEntry>, Faults> {
    Ok(Kept::read(Some(text), zone)?.entries)
}

/// The file with one entry more, and the id it was given; the entry's own `id` is not looked at. `None`: there is no file yet.
///
/// # Errors
/// [`EntryFault`]: the file is wrong as it is, or full.
pub fn add_entry(text: Option<&Text>, zone: &TimeZone, entry: WrittenEntry) -> Result<(String, u32), EntryFault> {
    let mut kept = Kept::read(text, zone)?;
    let id = kept.next_id;
    if id > LAST_GIVEN {
        return Err(EntryFault::Full);
    }
    kept.next_id += 1;
    kept.entries.push(WrittenEntry { id, ..entry });
    let text = kept.write();
    if text.len() > MAX_TEXT { Err(EntryFault::Full) } else { Ok((text, id)) }
}

/// The file without the entry of this id, and what that said.
///
/// # Errors
/// [`EntryFault`]: the file is wrong as it is, or has no such entry.
pub fn remove_entry(text: &Text, zone: &TimeZone, id: u32) -> Result<(String, WrittenEntry), EntryFault> {
    let mut kept = Kept::read(Some(text), zone)?;
    let place = kept.entries.iter().position(|e| e.id == id).ok_or(EntryFault::Unknown(id))?;
    let removed = kept.entries.remove(place);
    Ok((kept.write(), removed))
}

/// The number the next entry gets: kept in the file, so that the number of a removed entry is not given again.
pub(super) fn next_id(root: &Section) -> Option<Placed<u32>> {
    root.value("next_id", |item| item.number(1..=LAST_GIVEN + 1))
}

struct Kept {
    next_id: u32,
    entries: Vec<WrittenEntry>,
}

impl Kept {
    fn read(text: Option<&Text>, zone: &TimeZone) -> Result<Self, Faults> {
        let texts: Vec<Text> = text.cloned().into_iter().collect();
        let reader = Reader::new(&texts);
        let root = reader.root(0..texts.len(), "the entries");
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

    fn write(&self) -> String {
        let mut out = format!("{HEADER}\nnext_id = {}\n", self.next_id);
        for entry in &self.entries {
            // Writing into a String cannot fail.
            let _ = write_entry(&mut out, entry);
        }
        out
    }
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
        let (text, first) = add_entry(None, &TimeZone::UTC, full.clone()).expect("added");
        let (text, second) = add_entry(Some(&file(text)), &TimeZone::UTC, block.clone()).expect("added");
        assert_eq!((first, second), (1, 2));
        let read = list_entries(&file(text), &TimeZone::UTC).expect("read");
        assert_eq!(read, [WrittenEntry { id: 1, ..full }, WrittenEntry { id: 2, ..block }]);
    }

    #[test]
    fn a_number_is_never_given_again() {
        let (text, _) = add_entry(None, &TimeZone::UTC, entry("a.example")).expect("added");
        let (text, id) = add_entry(Some(&file(text)), &TimeZone::UTC, entry("b.example")).expect("added");
        let (text, removed) = remove_entry(&file(text), &TimeZone::UTC, id).expect("removed");
        assert_eq!(removed.host.as_str(), "b.example");
        assert_eq!(remove_entry(&file(text.clone()), &TimeZone::UTC, id), Err(EntryFault::Unknown(id)));
        let (text, next) = add_entry(Some(&file(text)), &TimeZone::UTC, entry("c.example")).expect("added");
        assert_eq!(next, 3);
        assert!(text.starts_with("# The school's own entries"), "{text}");
    }

    #[test]
    fn a_wrong_file_is_told_and_not_written_over() {
        let wrong = file("[[entry]]\nid = 1\nhost = \"a b\"\naction = \"allow\"\n".into());
        let fault = add_entry(Some(&wrong), &TimeZone::UTC, entry("a.example"));
        assert!(matches!(&fault, Err(EntryFault::Wrong(f)) if f.len() == 1), "{fault:?}");
    }

    #[test]
    fn a_full_file_takes_no_more() {
        let (mut text, _) = add_entry(None, &TimeZone::UTC, entry("a.example")).expect("added");
        let _ = write!(text, "#{}", "x".repeat(MAX_TEXT));
        // Comments are not kept: there is room again.
        assert!(add_entry(Some(&file(text)), &TimeZone::UTC, entry("b.example")).is_ok());
        let long = WrittenEntry { reason: "x".repeat(MAX_TEXT), ..entry("c.example") };
        assert_eq!(add_entry(None, &TimeZone::UTC, long), Err(EntryFault::Full));
    }
}
