//! `[[entry]]`: the names the school allows or blocks itself, in its files and in the one the commands write.

use super::fault::{Place, Placed, Wrong, shown};
use super::file::Section;
use super::item::{Item, List};
use super::known::Known;
use super::values;
use crate::policy::own::MAX_DESPITE_MS;
use crate::policy::{Act, Entry};
use crate::words::{Category, CategorySet, GroupId, Host};
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// Ids up to here are given by `allow` and `block`, one after the other; those above are worked out from what the entry says.
pub(super) const LAST_GIVEN: u32 = FIRST_WORKED_OUT - 1;
pub const FIRST_WORKED_OUT: u32 = 1 << 31;

/// Longest reason: it stands in lists and reports.
const MAX_REASON: usize = 300;

/// One entry as it is written, its host and times understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenEntry {
    /// Given once; `entries remove` and the log name the entry by it. 0: none is written.
    pub id: u32,
    pub host: Host,
    /// [`Act::Allow`] or [`Act::Block`].
    pub act: Act,
    /// The name of its group; `None`: the whole school.
    pub group: Option<String>,
    pub firm: bool,
    pub despite: CategorySet,
    /// Milliseconds since 1970.
    pub until_ms: Option<i64>,
    pub reason: String,
    /// Who wrote it, as far as the command could tell; empty in the school's own files.
    pub by: String,
    /// When it was written, milliseconds since 1970.
    pub made_ms: Option<i64>,
}

/// An entry with the places that what it is checked against is told at.
pub(super) struct Read<'r> {
    pub entry: WrittenEntry,
    pub place: Place,
    id: Option<Place>,
    group: Option<Placed<&'r str>>,
    until: Option<Place>,
    section: Section<'r>,
}

/// Reads every entry of `root`. `kept`: it is the file the commands write, where each has an id.
pub(super) fn read<'r>(root: &Section<'r>, zone: &TimeZone, kept: bool) -> Vec<Read<'r>> {
    root.sections("entry").into_iter().filter_map(|section| one(section, zone, kept)).collect()
}

fn one<'r>(section: Section<'r>, zone: &TimeZone, kept: bool) -> Option<Read<'r>> {
    let host = section.need("host", values::host);
    let act = section.need("action", |item| item.word(&[("allow", Act::Allow), ("block", Act::Block)]));
    let group = section.value("group", |item| item.text());
    let firm = section.value("firm", |item| item.flag());
    let harmful = [("malware", Category::MALWARE), ("phishing", Category::PHISHING)];
    let despite = section.list("despite", |item| item.word(&harmful));
    let until = section.value("until", |item| values::end(item, zone));
    let why = section.value("reason", reason);
    let id = kept.then(|| section.need("id", |item| item.number(1..=LAST_GIVEN))).flatten();
    let by = kept.then(|| section.value("by", reason)).flatten();
    let made = kept.then(|| section.value("made", |item| values::end(item, zone))).flatten();
    section.end();

    let (host, act) = (host?, act?);
    let refuse = |wrong: Wrong, place| section.fault(wrong.at(place));
    if act.value == Act::Allow && values::is_public_suffix(&host.value) {
        let wrong = Wrong::new(
            format!("this would allow everything under `{}`", host.value),
            format!("write one name under it, such as `example.{}`", host.value),
        );
        refuse(wrong, host.place);
    }
    if let Some(firm) = firm.as_ref().filter(|f| f.value && act.value == Act::Allow) {
        refuse(Wrong::new("an entry that allows cannot be firm", "delete this: only a block is firm"), firm.place);
    }
    if let Some(despite) = despite.as_ref().filter(|d| !d.items.is_empty()) {
        if act.value == Act::Block {
            refuse(
                Wrong::new("an entry that blocks stands against nothing", "delete this: only an allow has `despite`"),
                despite.place,
            );
        }
        if why.as_ref().is_none_or(|r| r.value.is_empty()) {
            refuse(Wrong::new("an entry with `despite` says why", "add `reason = \"…\"`"), despite.place);
        }
        if until.is_none() {
            let wrong = Wrong::new("an entry with `despite` has an end", "add `until = …`, at most 30 days away");
            refuse(wrong, despite.place);
        }
    }
    Some(Read {
        entry: WrittenEntry {
            id: id.as_ref().map_or(0, |i| i.value),
            host: host.value,
            act: act.value,
            group: group.as_ref().map(|g| g.value.to_owned()),
            firm: firm.is_some_and(|f| f.value),
            despite: List::values(despite).into_iter().collect(),
            until_ms: until.as_ref().map(|u| u.value),
            reason: why.map_or(String::new(), |w| w.value),
            by: by.map_or(String::new(), |b| b.value),
            made_ms: made.map(|m| m.value),
        },
        place: host.place,
        id: id.map(|i| i.place),
        group,
        until: until.map(|u| u.place),
        section,
    })
}

fn reason(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?.trim();
    if text.chars().count() > MAX_REASON || text.chars().any(char::is_control) {
        return Err(Wrong::new("this reason is not one line", format!("one line of at most {MAX_REASON} characters")));
    }
    Ok(text.to_owned())
}

/// What the entries mean: their groups found, their ids given, what contradicts itself refused.
pub(super) fn mean(written: Vec<Read>, kept: Vec<Read>, groups: &Known<GroupId>, now_ms: Option<i64>) -> Vec<Entry> {
    contradictions(&written);
    let mut ids: HashMap<u32, Option<Place>> = HashMap::new();
    let mut entries = Vec::new();
    for read in kept.iter().chain(&written) {
        too_long_despite(read, now_ms);
        let group =
            read.group.as_ref().map(|name| groups.find(&read.section, name, "this entry is for a group that does not exist"));
        let id = match (read.entry.id, read.id) {
            (0, _) | (_, None) => worked_out(&read.entry, &ids),
            (id, Some(place)) => {
                if let Some(Some(first)) = ids.get(&id) {
                    read.section
                        .fault(Wrong::new(format!("there are two entries {id}"), "another number").at(place).first(*first));
                }
                id
            }
        };
        ids.insert(id, read.id);
        let WrittenEntry { host, act, firm, despite, until_ms, reason, .. } = read.entry.clone();
        entries.push(Entry { id, host, act, group: group.flatten(), firm, despite, until_ms, reason });
    }
    entries
}

/// An id that stays the same while the entry says the same, wherever in the files it stands.
fn worked_out(entry: &WrittenEntry, taken: &HashMap<u32, Option<Place>>) -> u32 {
    // FNV-1a, 32 bits (offset basis and prime of its authors).
    let says = format!("{}\n{}\n{}", entry.host, entry.act, entry.group.as_deref().unwrap_or(""));
    let hash = says.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut id = hash | FIRST_WORKED_OUT;
    while taken.contains_key(&id) {
        id = id.wrapping_add(1) | FIRST_WORKED_OUT;
    }
    id
}

/// Two entries of the school's files, neither of which ends, that say the same or the opposite of each other.
fn contradictions(written: &[Read]) {
    let mut seen: HashMap<(Host, Option<&str>, bool), (Act, Place)> = HashMap::new();
    for read in written.iter().filter(|r| r.entry.until_ms.is_none()) {
        let WrittenEntry { host, act, firm, .. } = &read.entry;
        let (first_act, first) = *seen.entry((*host, read.entry.group.as_deref(), *firm)).or_insert((*act, read.place));
        if first == read.place {
            continue;
        }
        let title = match first_act == *act {
            true => format!("there are two entries that {act} {}", shown(host.as_str())),
            false => format!("{} is both blocked and allowed", shown(host.as_str())),
        };
        read.section.fault(Wrong::new(title, "delete one of them").at(read.place).first(first));
    }
}

fn too_long_despite(read: &Read, now_ms: Option<i64>) {
    // Without a clock that is set, nobody can say how far away the end is; that it ends is enough then.
    let (Some(now), Some(until), Some(place)) = (now_ms, read.entry.until_ms, read.until) else { return };
    if !read.entry.despite.is_empty() && until.saturating_sub(now) > MAX_DESPITE_MS {
        let latest = jiff::Timestamp::from_millisecond(now.saturating_add(MAX_DESPITE_MS));
        let label = latest
            .map_or("at most 30 days away".to_owned(), |l| format!("at most 30 days away: {}", l.strftime("%Y-%m-%dT%H:%M:%SZ")));
        let wrong = Wrong::new(format!("this entry would stand against {} for more than 30 days", read.entry.despite), label);
        read.section.fault(wrong.at(place));
    }
}
