//! Every entry of every source in one arena, sorted.

use crate::lists::Reach;
use crate::lists::key::Key;
use crate::lists::source::{Says, Stands};
use crate::words::Host;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

/// All entries: keys one after another in an arena, and a small record each.
#[derive(Default)]
pub(super) struct Gathered {
    arena: Vec<u8>,
    entries: Vec<Entry>,
}

/// One entry. The first bytes of the key stand in it, so that most comparisons of a sort never touch the arena.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    first: u64,
    start: u32,
    len: u8,
    pub(super) says: Says,
    pub(super) source: u16,
}

const _: () = assert!(size_of::<Entry>() == 16);

/// Where a source's entries begin; the default is the beginning.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    arena: usize,
    entries: usize,
}

/// What a source added.
pub(super) struct Counted {
    pub(super) entries: u64,
    pub(super) host_only: u64,
}

/// What takes entries of its own source away again.
pub(super) struct Strike {
    pub(super) host: Host,
    pub(super) reach: Reach,
    /// An exception, which takes what is below away too, if it reaches there; else only the entry of just this reach.
    pub(super) below: bool,
}

/// More than 4 GiB of names.
pub(super) struct Full;

impl Gathered {
    pub(super) fn add(&mut self, host: &Host, source: u16, says: Says) -> Result<(), Full> {
        let key = Key::of(host);
        let key = key.as_bytes();
        let start = u32::try_from(self.arena.len()).map_err(|_| Full)?;
        let mut first = [0; 8];
        let n = key.len().min(8);
        first[..n].copy_from_slice(&key[..n]);
        self.arena.extend_from_slice(key);
        self.entries.push(Entry { first: u64::from_be_bytes(first), start, len: key.len() as u8, says, source });
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { arena: self.arena.len(), entries: self.entries.len() }
    }

    /// Sorts what came since the mark: where a name is said twice, what reaches furthest comes first.
    pub(super) fn order(&mut self, mark: Mark) {
        let Self { arena, entries } = self;
        entries[mark.entries..].sort_unstable_by(|a, b| compare(arena, a, b).then(a.says.cmp(&b.says)));
    }

    /// Drops what came since the mark and is struck; how many that were. Only after [`Gathered::order`].
    pub(super) fn strike(&mut self, mark: Mark, strikes: &[Strike]) -> u64 {
        let Self { arena, entries } = self;
        let new = &entries[mark.entries..];
        let mut struck = vec![false; new.len()];
        // Each once: a list that says the same exception over and over must not cost its entries as often.
        let mut seen = HashSet::new();
        for strike in strikes.iter().filter(|s| seen.insert((s.host, s.reach, s.below))) {
            let own = Key::of(&strike.host);
            for at in range(arena, new, own.as_bytes(), false) {
                struck[at] |= new[at].says == Says::entry(strike.reach) || (strike.below && strike.reach == Reach::Below);
            }
            if strike.below && strike.reach == Reach::Below {
                range(arena, new, own.as_bytes(), true).for_each(|at| struck[at] = true);
            }
        }
        let before = entries.len();
        let mut struck = std::iter::repeat_n(false, mark.entries).chain(struck);
        entries.retain(|_| !struck.next().unwrap_or_default());
        (before - entries.len()) as u64
    }

    /// Adds all entries of another gathering.
    pub(super) fn append(&mut self, other: &Self) -> Result<(), Full> {
        let offset = u32::try_from(self.arena.len()).map_err(|_| Full)?;
        u32::try_from(self.arena.len() + other.arena.len()).map_err(|_| Full)?;
        self.arena.extend_from_slice(&other.arena);
        self.entries.extend(other.entries.iter().map(|e| Entry { start: e.start + offset, ..*e }));
        Ok(())
    }

    /// Whether something that came since the mark still reaches this host. Only after [`Gathered::order`].
    pub(super) fn reaches(&self, mark: Mark, host: &Host) -> bool {
        let new = &self.entries[mark.entries..];
        let labels = host.labels();
        let whole = Key::of(host);
        (1..=labels).any(|count| {
            let key = whole.of_labels(count);
            let stands = Stands::of(whole.as_bytes(), key);
            range(&self.arena, new, key, false).any(|at| new[at].says.reaches(stands))
        })
    }

    /// Drops what is said twice since the mark, the less far reaching; how many that were. Only after [`Gathered::order`].
    pub(super) fn settle(&mut self, mark: Mark) -> u64 {
        let Self { arena, entries } = self;
        let before = entries.len();
        let mut kept = mark.entries;
        for at in mark.entries..before {
            let again =
                |kept: &Entry, e: &Entry| kept.says.is_exception() == e.says.is_exception() && compare(arena, kept, e).is_eq();
            if kept == mark.entries || !again(&entries[kept - 1], &entries[at]) {
                entries[kept] = entries[at];
                kept += 1;
            }
        }
        entries.truncate(kept);
        (before - kept) as u64
    }

    pub(super) fn since(&self, mark: Mark) -> Counted {
        let new = &self.entries[mark.entries..];
        let host_only = new.iter().filter(|e| e.says == Says::HostOnly).count();
        let entries = new.iter().filter(|e| !e.says.is_exception()).count();
        Counted { entries: entries as u64, host_only: host_only as u64 }
    }

    /// Drops what came since the mark.
    pub(super) fn forget(&mut self, mark: Mark) {
        self.entries.truncate(mark.entries);
        self.arena.truncate(mark.arena);
    }

    /// Sorts everything by key. Stable: entries of one name stay in the order of their sources, which are sorted runs already.
    pub(super) fn sort(&mut self) {
        let Self { arena, entries } = self;
        entries.sort_by(|a, b| compare(arena, a, b));
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Each distinct name with everything that says it, in order of keys. Only after [`Gathered::sort`].
    pub(super) fn names(&self) -> impl Iterator<Item = (&[u8], &[Entry])> {
        self.entries
            .chunk_by(|a, b| compare(&self.arena, a, b).is_eq())
            .filter_map(|said| Some((key(&self.arena, said.first()?), said)))
    }
}

fn key<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let start = entry.start as usize;
    &arena[start..start + usize::from(entry.len)]
}

/// Where the entries of a key stand among sorted ones, or those below it.
fn range(arena: &[u8], sorted: &[Entry], wanted: &[u8], below: bool) -> Range<usize> {
    if !below {
        let from = sorted.partition_point(|e| key(arena, e) < wanted);
        return from..from + sorted[from..].partition_point(|e| key(arena, e) == wanted);
    }
    let wanted = [wanted, b"."].concat();
    let from = sorted.partition_point(|e| key(arena, e) < wanted.as_slice());
    from..from + sorted[from..].partition_point(|e| key(arena, e).starts_with(&wanted))
}

fn compare(arena: &[u8], a: &Entry, b: &Entry) -> Ordering {
    // No key holds a zero, so a shorter key padded with zeros sorts where the key itself does.
    a.first.cmp(&b.first).then_with(|| key(arena, a).cmp(key(arena, b)))
}
