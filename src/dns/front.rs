//! A worker's own memory of the questions it hears most: answered without a lock, without the heap, without a look at lists or
//! the shared cache.
//!
//! ```text
//! query ─▶ seen lately? ── no ─▶ Door::first, and remembered if it is plain
//!              │ yes
//!              ▼
//!          decide for this person ─▶ block answer, or the message copied with id, case and TTLs ─▶ note
//! ```
//!
//! What is kept of a question is what is the same for everybody: what the lists say of the host, and the upstream's answer. The
//! verdict is made for each person and each moment. Only what is plain is kept: class IN, a host as every list knows it, nothing
//! of it answered by ourselves, and no list has anything to say of what stands behind it. All else goes by [`Door::first`].

use super::door::{Asked, Asker, Door, First, is_plain};
use super::special;
use crate::gate::{Changed, Judged, Snapshot, Watch};
use crate::lists::Found;
use crate::policy::Surface;
use crate::resolve::WireAnswer;
use crate::wire::Query;
use crate::words::Host;
use crate::words::name::MAX_NAME;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

/// Questions kept, in sets of [`WAYS`]. A school of a thousand asks for some 20,000 names a day, a tenth of them all the time; an
/// entry is some 600 octets, and the answer is shared with the resolver's cache.
const SETS: usize = 2_048;
const WAYS: usize = 8;

/// One worker's memory.
pub struct Front {
    watch: Watch,
    /// When the batch came.
    now: Instant,
    sets: Box<[Set]>,
    /// Nobody outside can know which names share a set.
    seed: u64,
    /// What the lists said under an earlier number is thought anew.
    lists: u32,
    /// The resolver's, as last seen: what it has forgotten is forgotten here.
    forgotten: u64,
}

#[derive(Default)]
struct Set {
    hashes: [u32; WAYS],
    entries: [Option<Box<Entry>>; WAYS],
    /// Which way is given up next.
    hand: u8,
}

struct Entry {
    key: Box<[u8]>,
    lists: u32,
    found: Found,
    answer: Option<Kept>,
    host: Host,
}

/// An answer behind which no list knows anything.
struct Kept {
    answer: Arc<WireAnswer>,
    until: Instant,
}

impl Front {
    pub fn new(door: &Door) -> Self {
        Self {
            watch: Watch::new(&door.gate),
            now: Instant::now(),
            sets: std::iter::repeat_with(Set::default).take(SETS).collect(),
            seed: RandomState::new().build_hasher().finish(),
            lists: 0,
            forgotten: door.resolver.forgotten(),
        }
    }

    /// Begins a batch, or notices that none comes.
    pub fn begin(&mut self, door: &Door) {
        self.now = Instant::now();
        if self.watch.look_up(&door.gate) == Changed::Lists {
            self.lists = self.lists.wrapping_add(1);
        }
        let forgotten = door.resolver.forgotten();
        if forgotten != std::mem::replace(&mut self.forgotten, forgotten) {
            self.sets.iter_mut().flat_map(|set| &mut set.entries).flatten().for_each(|entry| entry.answer = None);
        }
    }

    /// Answers one query: from here if it can be, else as [`Door::first`] does.
    pub fn answer(&mut self, door: &Door, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> First {
        // A stranger is told so, and nothing is remembered for one.
        let Some(visit) = self.watch.visit(asker.client) else { return door.first_of(None, bytes, asker, out) };
        let query = match Query::read(bytes) {
            Ok(query) if is_plain(&query) => query,
            _ => return door.first_of(Some(visit.clone()), bytes, asker, out),
        };
        let (length, since) = (bytes.len(), self.now);
        let key = Key::of(&query, self.seed);
        let set = &mut self.sets[key.set()];
        if let Some(entry) = set.find(&key).filter(|entry| entry.lists == self.lists) {
            let judged = Judged { verdict: visit.judge_found(&entry.host, &entry.found, Surface::NoPage), found: entry.found };
            let printed = Some(entry.host.as_str());
            let asked = Asked { visit, judged: &judged, query: &query, printed, asker, length, since };
            if judged.verdict.blocks() {
                door.block(&asked, &judged, out);
                return First::Answered;
            }
            if let Some(kept) = entry.answer.as_ref().filter(|kept| self.now < kept.until) {
                door.pass_on(&asked, &judged, &kept.answer, out);
                return First::Answered;
            }
        }
        let Some(host) = query.name.host() else { return door.first_of(Some(visit.clone()), bytes, asker, out) };
        let found = visit.snapshot.find(&host, "");
        let judged = Judged { verdict: visit.judge_found(&host, &found, Surface::NoPage), found };
        let printed = Some(host.as_str());
        let asked = Asked { visit, judged: &judged, query: &query, printed, asker, length, since };
        let first = door.judged(&asked, Some(&host), out);
        if matches!(first, First::Answered) && special::answer(&host, query.kind).is_none() {
            let answer = if judged.verdict.blocks() { None } else { clean(door, &query, &visit.snapshot) };
            set.put(&key, Entry { key: key.octets().into(), lists: self.lists, found, answer, host });
        }
        first
    }
}

/// What is remembered of a question, if no list knows anything of what stands behind it.
fn clean(door: &Door, query: &Query, snapshot: &Snapshot) -> Option<Kept> {
    let answer = door.resolver.cached(query)?.ok()?;
    let until = answer.fresh_until()?;
    let unknown = |host: &Host| snapshot.find(host, "").categories().is_empty();
    let clean = answer.names().iter().all(unknown) && answer.addresses().iter().all(|&a| unknown(&Host::from(a)));
    clean.then_some(Kept { answer, until })
}

#[cfg(test)]
impl Front {
    /// Whether a query would be answered from here.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let Ok(query) = Query::read(bytes) else { return false };
        let key = Key::of(&query, self.seed);
        self.sets[key.set()].find(&key).is_some_and(|entry| entry.lists == self.lists)
    }
}

impl Set {
    fn find(&self, key: &Key) -> Option<&Entry> {
        let at = |way: usize| self.entries[way].as_deref().filter(|entry| *entry.key == *key.octets());
        (0..WAYS).filter(|&way| self.hashes[way] == key.tag()).find_map(at)
    }

    fn put(&mut self, key: &Key, entry: Entry) {
        let same =
            |way: &usize| self.hashes[*way] == key.tag() && self.entries[*way].as_ref().is_some_and(|e| e.key == entry.key);
        let free = |way: &usize| self.entries[*way].is_none();
        let way = (0..WAYS).find(same).or_else(|| (0..WAYS).find(free)).unwrap_or_else(|| {
            self.hand = (self.hand + 1) % WAYS as u8;
            usize::from(self.hand)
        });
        self.hashes[way] = key.tag();
        self.entries[way] = Some(Box::new(entry));
    }
}

/// The question as far as it changes the answer: name without case, type, DO and CD.
struct Key {
    hash: u64,
    len: usize,
    octets: [u8; MAX_NAME + 3],
}

impl Key {
    fn of(query: &Query, seed: u64) -> Self {
        let name = query.name.wire();
        let mut key = Self { hash: seed, len: name.len() + 3, octets: [0; MAX_NAME + 3] };
        let (front, back) = key.octets[..key.len].split_at_mut(name.len());
        front.copy_from_slice(name);
        front.make_ascii_lowercase();
        back[..2].copy_from_slice(&query.kind.to_be_bytes());
        back[2] = u8::from(query.dnssec_ok()) | u8::from(query.checking_disabled) << 1;
        key.hash = mixed(key.octets(), seed);
        key
    }

    fn octets(&self) -> &[u8] {
        &self.octets[..self.len]
    }

    fn set(&self) -> usize {
        self.hash as usize % SETS
    }

    /// Of the set's ways, which can be the one; never that of an empty way by chance alone.
    fn tag(&self) -> u32 {
        (self.hash >> 32) as u32 | 1
    }
}

/// Eight octets at a time, each multiplied in whole.
fn mixed(octets: &[u8], seed: u64) -> u64 {
    let (words, rest) = octets.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    words.iter().chain([&last]).fold(seed, |hash, word| {
        // An odd constant without structure, the digits of π; the high half of the product has seen every bit below it.
        let product = u128::from(hash ^ u64::from_le_bytes(*word)) * 0x243f_6a88_85a3_08d3;
        (product as u64) ^ ((product >> 64) as u64)
    })
}
