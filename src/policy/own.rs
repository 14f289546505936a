//! The school's own entries: names it allows or blocks itself.

use super::Act;
use crate::words::{Category, CategorySet, GroupId, Groups, Host};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Longest time an entry may stand against `malware` or `phishing`: 30 days.
pub const MAX_DESPITE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// One entry: a host and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Given once; the log and `entries remove` name the entry by it.
    pub id: u32,
    pub host: Host,
    /// [`Act::Allow`] or [`Act::Block`].
    pub act: Act,
    /// `None`: the whole school.
    pub group: Option<GroupId>,
    /// A firm block comes before passes: the DSL's by default.
    pub firm: bool,
    /// An allow entry that stands against these, for this exact host only, with an end.
    pub despite: CategorySet,
    /// Milliseconds since 1970 at which it ends; `None`: never.
    pub until_ms: Option<i64>,
    pub reason: String,
}

impl Entry {
    fn in_force(&self, now_ms: i64) -> bool {
        self.until_ms.is_none_or(|end| now_ms < end)
    }

    fn is_for(&self, groups: &Groups) -> bool {
        self.group.is_none_or(|g| groups.contains(g))
    }
}

/// Hashes names eight bytes at a time. Who may write entries is the school: nobody outside can fill the map with names that
/// fall together, so it need not be the slower hash that withstands it.
#[derive(Debug, Clone, Copy, Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last]) {
            // An odd constant without structure, the digits of π; the high half of the product has seen every bit below it.
            let product = u128::from(self.0 ^ u64::from_le_bytes(*word)) * 0x243f_6a88_85a3_08d3;
            self.0 = (product as u64) ^ ((product >> 64) as u64);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// An entry with its line in the journal's names. Shared by all who hold the entries: of twenty thousand, one more copies
/// none of the others.
#[derive(Debug)]
struct Named {
    entry: Entry,
    said: Arc<str>,
}

type ByHost = HashMap<Host, Vec<Arc<Named>>, BuildHasherDefault<NameHasher>>;

/// All of them, by host. A clone shares them: a snapshot that differs in something else has the same entries.
#[derive(Debug, Clone, Default)]
pub struct OwnEntries {
    by_host: Arc<ByHost>,
}

impl OwnEntries {
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self::default().with(entries)
    }

    /// These, and more.
    #[must_use]
    pub fn with(&self, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut by_host = ByHost::clone(&self.by_host);
        for entry in entries {
            let said = format!("{} {}", entry.act, entry.host).into();
            by_host.entry(entry.host).or_default().push(Arc::new(Named { entry, said }));
        }
        Self { by_host: Arc::new(by_host) }
    }

    /// These, but for those that `is_kept` says no to.
    #[must_use]
    pub fn only(&self, is_kept: impl Fn(&Entry) -> bool) -> Self {
        let mut by_host = ByHost::clone(&self.by_host);
        by_host.retain(|_, entries| {
            entries.retain(|named| is_kept(&named.entry));
            !entries.is_empty()
        });
        Self { by_host: Arc::new(by_host) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.by_host.values().flatten().map(|named| &named.entry)
    }

    /// What the journal calls them, by their ids, in the order of these.
    pub fn names(&self) -> Vec<(u32, Arc<str>)> {
        let mut names: Vec<_> = self.by_host.values().flatten().map(|named| (named.entry.id, named.said.clone())).collect();
        names.sort_unstable();
        names
    }

    pub fn len(&self) -> usize {
        self.by_host.values().map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.by_host.is_empty()
    }

    /// Whether any entry, in force or not, names the host or a parent of it. Few hosts have one: who asks this first asks the
    /// rest of the questions of those only.
    pub fn touches(&self, host: &Host) -> bool {
        !self.by_host.is_empty() && host.suffixes().any(|suffix| self.by_host.contains_key(suffix))
    }

    /// Whether any of these entries is not for the whole school, or not for good.
    pub fn is_for_some(&self, host: &Host) -> bool {
        self.along(host).any(|e| e.group.is_some() || e.until_ms.is_some())
    }

    /// The longest firm block in force for these groups.
    pub fn firm_block<'a>(&'a self, host: &Host, groups: &Groups, now_ms: i64) -> Option<&'a Entry> {
        self.along(host).find(|e| e.firm && e.act == Act::Block && e.in_force(now_ms) && e.is_for(groups))
    }

    /// The entry that speaks: group before school, longer name before shorter, block before allow at the same length.
    pub fn speaking<'a>(&'a self, host: &Host, groups: &Groups, now_ms: i64) -> Option<&'a Entry> {
        let in_force = || self.along(host).filter(|e| e.in_force(now_ms));
        strictest_of_longest(in_force().filter(|e| e.group.is_some_and(|g| groups.contains(g))))
            .or_else(|| strictest_of_longest(in_force().filter(|e| e.group.is_none())))
    }

    /// The entry for this exact host that stands against harmful code of this category.
    pub fn despite(&self, host: &Host, groups: &Groups, now_ms: i64, category: Category) -> Option<&Entry> {
        self.by_host.get(host)?.iter().map(|named| &named.entry).find(|e| {
            e.act == Act::Allow && e.despite.contains(category) && e.until_ms.is_some() && e.in_force(now_ms) && e.is_for(groups)
        })
    }

    /// Every entry of the host and its parents, the longest first.
    fn along<'a, 'h>(&'a self, host: &'h Host) -> impl Iterator<Item = &'a Entry> + use<'a, 'h> {
        host.suffixes().filter_map(|suffix| self.by_host.get(suffix)).flatten().map(|named| &named.entry)
    }
}

/// Of entries that come longest first: the block among the longest, else the first of them.
fn strictest_of_longest<'a>(mut entries: impl Iterator<Item = &'a Entry>) -> Option<&'a Entry> {
    let first = entries.next()?;
    if first.act == Act::Block {
        return Some(first);
    }
    let blocking = entries.take_while(|e| e.host == first.host).find(|e| e.act == Act::Block);
    Some(blocking.unwrap_or(first))
}
