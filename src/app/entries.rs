//! The school's own entries changed: one more or one less, in force or not at all.

use super::entries_file;
use super::recorded::recorded;
use crate::casebook::{Entry, Kind};
use crate::config::{self, Config, EntryFile, FIRST_WORKED_OUT, WrittenEntry};
use crate::gate::Snapshot;
use crate::gate::control::{Import, NewEntry};
use crate::ops::files;
use crate::policy::{Act, OwnEntries};
use crate::reload;
use crate::words::{Category, CategorySet, Host, Url};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The file of the entries as it was last read or written, so that a change reads it again only if somebody else wrote it.
#[derive(Debug, Default)]
pub struct Kept {
    stamp: Option<Stamp>,
    file: EntryFile,
}

/// Which file it was: its inode, its length, when it was written.
type Stamp = (u64, u64, i64, i64);

/// Who makes a change, and when.
#[derive(Debug, Clone, Copy)]
pub struct Hand<'a> {
    pub by: &'a str,
    pub now_ms: i64,
}

/// Makes entries, and puts them in force with `enforce`, which is given all of the school's own entries as they are to be;
/// what it refuses is not written. What `undo` gets is what `enforce` gave, should the disk refuse.
///
/// # Errors
/// What is wrong with an entry, or why it cannot be in force.
pub fn add<T>(
    snapshot: &Snapshot,
    kept: &mut Kept,
    new: &NewEntry,
    hand: Hand,
    enforce: impl FnOnce(OwnEntries) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<u32, String> {
    let config = &snapshot.config;
    let entry = written(new, hand.by, hand.now_ms, &config.school.zone)?;
    let zone = &config.school.zone;
    let what = told(&entry, zone);
    let mut change = Changing::begin(config, kept, hand)?;
    let before = change.file.entries.iter().filter(|e| e.host == entry.host && e.group == entry.group);
    let before = before.map(|e| told(e, zone)).collect::<Vec<_>>().join("; ");
    let made = changed(hand, what.clone(), &entry.reason).about(&entry.host.to_string()).from_to(&before, &what);
    let ids = change.with(vec![entry])?;
    recorded(config, hand.now_ms, vec![made], || change.end(enforce, undo))?;
    ids.first().copied().ok_or_else(|| "no entry was made".into())
}

/// Takes one entry out, as [`add`] puts one in.
///
/// # Errors
/// There is no such entry, or what is left cannot be in force.
pub fn remove<T>(
    snapshot: &Snapshot,
    kept: &mut Kept,
    (id, reason): (u32, &str),
    hand: Hand,
    enforce: impl FnOnce(OwnEntries) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<WrittenEntry, String> {
    let config = &snapshot.config;
    let why = not_empty(reason)?.to_owned();
    let mut change = Changing::begin(config, kept, hand)?;
    let removed = change.without(id)?;
    let before = told(&removed, &config.school.zone);
    let made = changed(hand, format!("take back: {before}"), &why).about(&removed.host.to_string()).from_to(&before, "");
    recorded(config, hand.now_ms, vec![made], || change.end(enforce, undo))?;
    Ok(removed)
}

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Each line that makes an entry, with the entry in words.
    pub added: Vec<(u64, String)>,
    /// Each line that says what an entry says already.
    pub already: Vec<(u64, String)>,
    /// Each line that is refused, with why and what would be right.
    pub refused: Vec<(u64, String)>,
    /// Whether they are in force now, or in the file.
    pub done: bool,
}

/// Makes entries of a whole file as one change: all of them, or, if one is refused, none.
///
/// # Errors
/// Why nothing can be in force; a row that is refused is none: it is told in [`Imported`].
pub fn import<T>(
    snapshot: &Snapshot,
    kept: &mut Kept,
    import: &Import,
    hand: Hand,
    enforce: impl FnOnce(OwnEntries) -> Result<T, String>,
    undo: impl FnOnce(T),
) -> Result<Imported, String> {
    let config = &snapshot.config;
    let mut change = Changing::begin(config, kept, hand)?;
    let mut said = Imported::default();
    let mut seen = Seen::of(&change.file, config, hand.now_ms);
    let mut entries = Vec::new();
    for (line, row) in &import.rows {
        let entry = written(row, hand.by, hand.now_ms, &config.school.zone).and_then(|entry| {
            // A number of its own, for the one look.
            let alone = WrittenEntry { id: 1, ..entry.clone() };
            config::entries_of(config, &[alone], Some(hand.now_ms)).map_err(|faults| plain(&faults))?;
            Ok(entry)
        });
        match entry {
            Err(why) => said.refused.push((*line, why)),
            Ok(entry) => match seen.look(&entry, *line) {
                Look::New => {
                    said.added.push((*line, told(&entry, &config.school.zone)));
                    entries.push(entry);
                }
                Look::Same(where_) => said.already.push((*line, format!("{}: {where_}", entry.host))),
                Look::Opposite(where_) => said.refused.push((*line, format!("{}: {where_}", entry.host))),
            },
        }
    }
    if import.dry_run || entries.is_empty() || (!said.refused.is_empty() && !import.skip_bad) {
        return Ok(said);
    }
    let allows = entries.iter().filter(|e| e.act == Act::Allow).count();
    let what = format!("{} entries from {}: {allows} allow, {} block", entries.len(), import.file, entries.len() - allows);
    change.with(entries)?;
    let made = changed(hand, what, &format!("imported from {}", import.file));
    recorded(config, hand.now_ms, vec![made], || change.end(enforce, undo))?;
    said.done = true;
    Ok(said)
}

/// What is wrong with an entry, without the drawing of it: the line it came from is not the one it is written to.
fn plain(faults: &config::Faults) -> String {
    faults.iter().map(|(.., fault)| format!("{}: {}", fault.title(), fault.label())).collect::<Vec<_>>().join("; ")
}

/// What is said of which name for whom, so that nothing is said twice.
struct Seen(HashMap<(Host, Option<String>), (Act, String)>);

enum Look {
    New,
    Same(String),
    Opposite(String),
}

impl Seen {
    fn of(file: &EntryFile, config: &Config, now_ms: i64) -> Self {
        let lasting = |until: Option<i64>| until.is_none_or(|end| end > now_ms);
        let written = file.entries.iter().filter(|e| lasting(e.until_ms));
        let written = written.map(|e| ((e.host, e.group.clone()), (e.act, format!("entry {} says so already", e.id))));
        let groups = |e: &crate::policy::Entry| e.group.and_then(|g| config.policy.group(g)).map(|g| g.name.clone());
        let of_files = config.policy.own.iter().filter(|e| e.id >= FIRST_WORKED_OUT && lasting(e.until_ms));
        let of_files = of_files.map(|e| ((e.host, groups(e)), (e.act, "the configuration says so already".to_owned())));
        Self(written.chain(of_files).collect())
    }

    fn look(&mut self, entry: &WrittenEntry, line: u64) -> Look {
        match self.0.get(&(entry.host, entry.group.clone())) {
            Some((act, said)) if *act == entry.act => Look::Same(said.clone()),
            Some((act, said)) => {
                let by = said.strip_suffix(" says so already").unwrap_or(said);
                Look::Opposite(format!("{by} says to {act} it: one of the two must go"))
            }
            None => {
                let says = (entry.act, format!("line {line} says so already"));
                self.0.insert((entry.host, entry.group.clone()), says);
                Look::New
            }
        }
    }
}

/// One change of the file, from reading it to writing it.
struct Changing<'a> {
    config: &'a Config,
    kept: &'a mut Kept,
    now_ms: i64,
    file: EntryFile,
    own: OwnEntries,
}

impl<'a> Changing<'a> {
    fn begin(config: &'a Config, kept: &'a mut Kept, hand: Hand) -> Result<Self, String> {
        let stamp = stamp(&entries_file(config));
        let mut own = config.policy.own.clone();
        // Taken, not copied: a change that is given up reads the file again next time.
        let was = std::mem::take(kept);
        let mut file = was.file;
        if stamp.is_none() || stamp != was.stamp {
            file = read(config)?;
            // Somebody else may have written it since it came into force: all of it is taken as it is now.
            let now = config::entries_of(config, &file.entries, Some(hand.now_ms)).map_err(|f| f.render(false))?;
            own = own.only(|e| e.id >= FIRST_WORKED_OUT).with(now);
        }
        Ok(Self { config, file, kept, now_ms: hand.now_ms, own })
    }

    fn with(&mut self, new: Vec<WrittenEntry>) -> Result<Vec<u32>, String> {
        let numbered = self.file.add(new).map_err(|fault| fault.to_string())?;
        let entries = config::entries_of(self.config, &numbered, Some(self.now_ms)).map_err(|faults| plain(&faults))?;
        self.own = self.own.with(entries);
        Ok(numbered.iter().map(|e| e.id).collect())
    }

    fn without(&mut self, id: u32) -> Result<WrittenEntry, String> {
        let removed = self.file.remove(id).map_err(|fault| fault.to_string())?;
        self.own = self.own.only(|e| e.id != id);
        Ok(removed)
    }

    /// In force first, since that is what somebody waits for; then on the disk. Who is told that it is done is told after both.
    fn end<T>(self, enforce: impl FnOnce(OwnEntries) -> Result<T, String>, undo: impl FnOnce(T)) -> Result<(), String> {
        let path = entries_file(self.config);
        let before = enforce(self.own)?;
        // Nor does anybody wait until thousands of entries are put into words.
        let written = self
            .file
            .write()
            .map_err(|fault| fault.to_string())
            .and_then(|text| files::replace(&path, text.as_bytes()).map_err(|fault| format!("{}: {fault}", path.display())));
        if let Err(fault) = written {
            undo(before);
            return Err(fault);
        }
        *self.kept = Kept { stamp: stamp(&path), file: self.file };
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

/// An entry in the words of the report's list of changes.
fn told(entry: &WrittenEntry, zone: &TimeZone) -> String {
    let group = entry.group.as_ref().map_or_else(String::new, |g| format!(" for {g}"));
    let firm = if entry.firm { " (firm)" } else { "" };
    let despite: String = entry.despite.iter().map(|c| format!(" despite {c}")).collect();
    let until = entry.until_ms.map_or_else(String::new, |ms| format!(" until {}", end(ms, zone)));
    format!("{} {}{group}{firm}{despite}{until}", entry.act, entry.host)
}

/// When an entry ends, as people say it: the day through whose end it holds, or a time.
pub fn end(until_ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(until_ms).unwrap_or_default().to_zoned(zone.clone()).datetime();
    match at.date().yesterday() {
        Ok(last) if at.time() == Time::midnight() => last.to_string(),
        _ => at.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

/// A change that somebody made, as the casebook has it.
pub(super) fn changed(hand: Hand, what: String, why: &str) -> Entry {
    Entry::new(Kind::Change, hand.by, what).why(why)
}

pub(super) fn not_empty(reason: &str) -> Result<&str, String> {
    Some(reason.trim()).filter(|r| !r.is_empty()).ok_or_else(|| "--reason is empty: it stands in the log and the report".into())
}

/// Every entry of the file, with who made it, when and why.
///
/// # Errors
/// The file cannot be read or understood.
pub fn list(config: &Config) -> Result<Vec<WrittenEntry>, String> {
    Ok(read(config)?.entries)
}

fn read(config: &Config) -> Result<EntryFile, String> {
    match reload::read_entries(&config.data).map_err(|fault| fault.to_string())? {
        Some(text) => EntryFile::read(&text, &config.school.zone).map_err(|faults| faults.render(false)),
        None => Ok(EntryFile::default()),
    }
}

fn written(new: &NewEntry, by: &str, now_ms: i64, zone: &TimeZone) -> Result<WrittenEntry, String> {
    let host = Host::parse(&new.host).map_err(|why| {
        let meant = match Url::parse(new.host.strip_prefix("*.").unwrap_or(&new.host)) {
            Ok(url) => format!("did you mean {}? An entry is of a whole name, with everything below it", url.host),
            Err(_) => why.to_string(),
        };
        format!("'{}' is not a host: {meant}", new.host.escape_debug())
    })?;
    let reason = not_empty(&new.reason)?;
    let until_ms = new.until.as_deref().map(|text| end_ms(text, zone)).transpose()?;
    if until_ms.is_some_and(|end| end <= now_ms) {
        return Err(format!("--until {} is over already", new.until.as_deref().unwrap_or_default().escape_debug()));
    }
    let despite = match new.despite.as_deref() {
        None => CategorySet::EMPTY,
        Some("malware") => CategorySet::of(&[Category::MALWARE]),
        Some("phishing") => CategorySet::of(&[Category::PHISHING]),
        Some(other) => return Err(format!("--despite is malware or phishing, not '{}'", other.escape_debug())),
    };
    Ok(WrittenEntry {
        id: 0,
        host,
        act: if new.allow { Act::Allow } else { Act::Block },
        group: new.group.clone(),
        firm: new.firm,
        despite,
        until_ms,
        reason: reason.to_owned(),
        by: by.to_owned(),
        made_ms: Some(now_ms),
    })
}

/// When an entry ends: a date holds to its end, a time without a zone is the school's.
pub fn end_ms(text: &str, zone: &TimeZone) -> Result<i64, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let local = match text.parse::<Date>() {
        Ok(date) if !text.contains('T') => date.tomorrow().map(|d| d.at(0, 0, 0, 0)),
        _ => text.parse::<DateTime>(),
    };
    let at = local.and_then(|local| local.to_zoned(zone.clone()));
    at.map(|at| at.timestamp().as_millisecond())
        .map_err(|_| format!("'{}' is not a date such as 2026-12-18 or a time such as 2026-12-18T16:00", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_would_be_over_or_is_no_name_is_refused_with_what_was_meant() {
        let new = |host: &str, until: Option<&str>| NewEntry {
            host: host.into(),
            allow: true,
            group: None,
            until: until.map(str::to_owned),
            reason: "maths".into(),
            firm: false,
            despite: None,
        };
        let now = "2026-11-18T10:00:00Z".parse::<Timestamp>().expect("a time").as_millisecond();
        let refused = |host, until| written(&new(host, until), "root", now, &TimeZone::UTC).map(|e| e.host).expect_err(host);
        assert!(refused("quiz.example", Some("2026-11-17")).contains("2026-11-17 is over"));
        assert!(written(&new("quiz.example", Some("2026-11-18")), "root", now, &TimeZone::UTC).is_ok());
        for pasted in ["https://quiz.example/play?x=1", "quiz.example/play", "*.quiz.example"] {
            assert!(refused(pasted, None).contains("did you mean quiz.example?"), "{pasted}");
        }
    }

    #[test]
    fn an_end_is_told_as_it_was_written() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        for (written, told) in [("2026-06-18", "2026-06-18"), ("2026-06-18T16:00", "2026-06-18 16:00")] {
            assert_eq!(end(end_ms(written, &london).expect("a time"), &london), told);
        }
    }

    #[test]
    fn a_date_holds_to_its_end_in_the_school_s_zone() {
        let london = TimeZone::get("Europe/London").expect("a zone");
        for (text, at) in [
            ("2026-06-18", Some("2026-06-18T23:00:00Z")),
            ("2026-06-18T16:00", Some("2026-06-18T15:00:00Z")),
            ("2026-06-18T16:00:00Z", Some("2026-06-18T16:00:00Z")),
            ("2026-02-30", None),
            ("soon", None),
        ] {
            let expected = at.map(|at| at.parse::<Timestamp>().expect("a time").as_millisecond());
            assert_eq!(end_ms(text, &london).ok(), expected, "{text}");
        }
    }
}
