//! A worker's own memory of the questions it hears most: answered without a lock, without the heap, without a look at lists or
//! the shared cache.
//!
//! ```text
//! query ─▶ heard lately? ── no ─▶ Door::first, and remembered if it is plain
//!              │ yes
//!              ▼
//!          decide for this person ─▶ block answer, or the message copied with id, case and TTLs ─▶ note
//! ```
//!
//! What is kept of a question is what is the same for everybody: what the lists say of the host, and the upstream's answer. The
//! verdict is made for each person and each moment, and what a host is answered as by safe search: of that, one answer is kept, for
//! those who have the same. Only what is plain is kept: class IN, a host as every list knows it, nothing of it answered by
//! ourselves, and no list has anything to say of what stands behind it. All else goes by [`Door::first`].

//!
//! - [`kept`]  what is kept of a question, in as few cache lines as can be

mod kept;

use super::door::{Asked, Asker, Door, First, Said, is_plain};
use super::{captive, safe, special};
use crate::gate::{Changed, Judged, Visit, Watch};
use crate::lists::Ahead;
use crate::net::batch::BATCH;
use crate::policy::Surface;
use crate::wire::answer::Age;
use crate::wire::{Asking, Path, Query};
use crate::words::{ClientAddr, Host};
use kept::{Entry, Kept, MAX_KEPT};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Places for what was heard once: only who is heard again is kept, so that names made up at random displace nobody.
const HEARD: usize = 16_384;

/// Steps that are done between the first answers of a batch.
const STEPS: u8 = 3;

/// One worker's memory.
pub struct Front {
    watch: Watch,
    /// When the batch came, and its number.
    now: Instant,
    now_ms: i64,
    kept: Kept,
    heard: Box<[u16]>,
    /// Of the present batch's questions: what each is known by, and in which order they are answered best.
    hashes: [u64; BATCH],
    order: [u8; BATCH],
    /// Those that may be here, a bit each; and of the hosts of the others, how far the look-up in the lists has come: so many steps.
    here: u16,
    missed: u16,
    ahead: Box<[(Host, Ahead); BATCH]>,
    steps: u8,
    /// Nobody outside can know which names share a set.
    seed: u64,
    /// What the lists said under an earlier number is thought anew.
    lists: u32,
    /// And so is under this one what goes by the person.
    policies: u32,
    /// The resolver's, as last seen: what it has forgotten is forgotten here.
    forgotten: u64,
}

impl Front {
    pub fn new(door: &Door) -> Self {
        Self {
            watch: Watch::new(&door.gate),
            now: Instant::now(),
            now_ms: 0,
            kept: Kept::new(),
            heard: vec![0; HEARD].into(),
            hashes: [0; BATCH],
            order: std::array::from_fn(|i| i as u8),
            here: 0,
            missed: 0,
            ahead: Box::new(std::array::from_fn(|_| (Visit::nobody(), Ahead::default()))),
            steps: 0,
            seed: RandomState::new().build_hasher().finish(),
            lists: 0,
            policies: 0,
            forgotten: door.resolver.forgotten(),
        }
    }

    /// Begins a batch, or notices that none comes.
    pub fn begin(&mut self, door: &Door) {
        self.now = Instant::now();
        self.now_ms = kept::ms(self.now);
        (self.here, self.missed, self.steps) = (0, 0, 0);
        self.order = std::array::from_fn(|i| i as u8);
        let changed = self.watch.look_up(&door.gate, self.now);
        self.lists = self.lists.wrapping_add(u32::from(changed == Changed::Lists));
        self.policies = self.policies.wrapping_add(u32::from(changed != Changed::Nothing));
        let forgotten = door.resolver.forgotten();
        if forgotten != std::mem::replace(&mut self.forgotten, forgotten) {
            self.kept.forget_answers();
        }
    }

    /// Asks memory for what the queries of a batch will need, all of it before the first is answered: so their waits are one wait,
    /// not one after the other. Each step is done for all of them before the next, which needs what it asked for. The last steps are
    /// done between the first answers.
    pub fn look_ahead<'q>(&mut self, queries: impl Iterator<Item = Option<(&'q [u8], IpAddr)>>) {
        let mut names: [Option<&[u8]>; BATCH] = [None; BATCH];
        let mut count = 0;
        for ((query, name), hash) in queries.zip(&mut names).zip(&mut self.hashes) {
            count += 1;
            let Some((bytes, from)) = query else { continue };
            self.watch.approach(ClientAddr::new(from));
            let Some((asked, kind)) = Query::peek(bytes) else { continue };
            *hash = hashed(asked, kind, self.seed);
            self.kept.approach_set(*hash);
            *name = Some(asked);
        }
        let table = &self.watch.snapshot().table;
        for (i, name) in names.iter().enumerate().take(count) {
            let Some(name) = *name else { continue };
            if self.kept.approach_entry(self.hashes[i]) {
                self.here |= 1 << i;
            } else if let Some(host) = Host::of_wire(name) {
                self.ahead[i] = (host, table.approach(&host));
                self.missed |= 1 << i;
            }
        }
        // What is here first: its answers take as long as the others wait for memory.
        let mut next = 0;
        for here in [1, 0] {
            for i in (0..count).filter(|i| self.here >> i & 1 == here) {
                self.order[next] = i as u8;
                next += 1;
            }
        }
    }

    /// In which order the queries of the batch are answered best.
    pub fn order(&self) -> [u8; BATCH] {
        self.order
    }

    /// The next step of what memory is asked for.
    fn step(&mut self) {
        let table = &self.watch.snapshot().table;
        let mut left = if self.steps == 0 { self.here } else { self.missed };
        while left != 0 {
            let i = left.trailing_zeros() as usize;
            match self.steps {
                0 => self.kept.approach_rest(self.hashes[i]),
                1 => table.ask_filter(&mut self.ahead[i].1),
                _ => table.ask_hints(&mut self.ahead[i].1),
            }
            left &= left - 1;
        }
        self.steps += 1;
    }

    /// Answers one query, the `i`th of its batch: from here if it can be, else as [`Door::first`] does.
    pub fn answer(&mut self, door: &Door, i: usize, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> First {
        // Memory has had the time of one answer for each step; who needs it now, needs it all.
        let most = if self.missed >> i & 1 == 1 { STEPS } else { 1 };
        for _ in 0..most.min(STEPS - self.steps) {
            self.step();
        }
        // A stranger is told so, and nothing is remembered for one.
        let Some(visit) = self.watch.visit(asker.client) else { return door.first_of(None, bytes, asker, out) };
        let asking = match Asking::read_by(Path::Datagram, bytes) {
            Ok(asking) if is_plain(&asking) && asking.name.len() <= MAX_KEPT => asking,
            _ => return door.first_of(Some(visit.clone()), bytes, asker, out),
        };
        let looked_up = (self.missed >> i & 1 == 1).then(|| &self.ahead[i]);
        let Some(host) = looked_up.map_or_else(|| Host::of_wire(asking.name), |(host, _)| Some(*host)) else {
            return door.first_of(Some(visit.clone()), bytes, asker, out);
        };
        let (length, since, now, printed) = (bytes.len(), self.now, self.now_ms, Some(host.as_str()));
        let ahead_of = (self.here | self.missed) >> i & 1 == 1;
        let hash = if ahead_of { self.hashes[i] } else { hashed(asking.name, asking.kind, self.seed) };
        if let Some(entry) = self.kept.find(hash, &asking).filter(|entry| entry.lists == self.lists) {
            let (verdict, categories) = (visit.judge_found(&host, entry.found(), Surface::NoPage), entry.found().categories());
            let personal = entry.is_personal(self.policies, visit, &host);
            let is_fresh = entry.is_fresh(now);
            if is_fresh && !entry.is_engine() && !verdict.blocks() {
                let most = if personal { super::blocked::PERSONAL_TTL } else { u32::MAX };
                let rcode = entry.say(&asking, Age { passed: entry.age(now), most }, out);
                // It took less than its batch.
                let said = Said { kind: asking.kind, rcode, up: length, down: out.len(), after: Duration::ZERO };
                door.note_said(visit, &verdict, categories, host.as_str().into(), &said);
                door.tell(visit, &verdict, categories, entry.mark(), || (host.as_str(), entry.addresses()));
                return First::Answered;
            }
            let judged = Judged { verdict, found: *entry.found() };
            let Ok(query) = asking.query() else { return First::Silence };
            let (judged, query) = (&judged, &query);
            let asked = Asked { visit, judged, personal, query, printed, asker, length, since, at_once: true, alias: None };
            if verdict.blocks() {
                door.block(&asked, judged, out);
                return First::Answered;
            }
            let rewrite = if entry.is_engine() { visit.rewrite(&host, judged) } else { None };
            if is_fresh && entry.alias() == rewrite.map(|rewrite| rewrite.target) {
                let (judged, most) = if rewrite.is_some() { (judged.rewritten(), safe::TTL) } else { (*judged, asked.most()) };
                let rcode = entry.say(&asking, Age { passed: entry.age(now), most }, out);
                door.note(&asked, &judged, rcode, out);
                door.tell(visit, &judged.verdict, categories, entry.mark(), || (host.as_str(), entry.addresses()));
                return First::Answered;
            }
            if entry.is_engine() && (is_fresh || !entry.has_answer()) {
                return door.judged(&asked, Some(&host), out);
            }
        }
        if !is_asked_for(&host, asking.kind, visit, asker) {
            return door.first_of(Some(visit.clone()), bytes, asker, out);
        }
        let found = match looked_up {
            Some((_, ahead)) => visit.snapshot.find_after(&host, ahead),
            None => visit.snapshot.find(&host, ""),
        };
        let Ok(query) = asking.query() else { return First::Silence };
        let judged = Judged { verdict: visit.judge_found(&host, &found, Surface::NoPage), found };
        let personal = visit.is_personal(&host, &found);
        let (judged, query) = (&judged, &query);
        let asked = Asked { visit, judged, personal, query, printed, asker, length, since, at_once: true, alias: None };
        let engine = safe::concerns(&host);
        let first = if engine { door.judged(&asked, Some(&host), out) } else { door.ordinary(&asked, out) };
        if matches!(first, First::Answered) && is_heard_again(&mut self.heard, hash) {
            let mut entry = Entry::new(&asking, found, engine, self.lists);
            if !judged.verdict.blocks() {
                entry.keep_answer(door, &asked, &host);
            }
            self.kept.put(hash, &asking, entry);
        }
        first
    }
}

/// Whether this was heard before, as far as one place for many remembers.
fn is_heard_again(heard: &mut [u16], hash: u64) -> bool {
    let place = &mut heard[(hash >> 16) as usize % HEARD];
    let mark = (hash >> 48) as u16 | 1;
    std::mem::replace(place, mark) == mark
}

/// Whether a name that is not blocked is asked for, for everybody: we say nothing of it ourselves.
fn is_asked_for(host: &Host, kind: u16, visit: &Visit, asker: Asker) -> bool {
    special::answer(host, kind, &visit.snapshot, asker.local).is_none() && !captive::concerns(host, &visit.snapshot)
}

#[cfg(test)]
impl Front {
    /// Whether a query would be answered from here.
    pub fn holds(&mut self, bytes: &[u8]) -> bool {
        let Ok(asking) = Asking::read_by(Path::Datagram, bytes) else { return false };
        let hash = hashed(asking.name, asking.kind, self.seed);
        self.kept.find(hash, &asking).is_some_and(|entry| entry.lists == self.lists)
    }
}

/// Eight octets at a time, each multiplied in whole. Capital and small letters are the same, and some others too: who compares
/// finds out.
fn hashed(name: &[u8], kind: u16, seed: u64) -> u64 {
    const CASE: u64 = 0x2020_2020_2020_2020;
    let (words, rest) = name.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]);
    mixed(words.fold(seed ^ u64::from(kind), |hash, word| mixed(hash ^ (u64::from_le_bytes(*word) | CASE))))
}

/// An odd constant without structure, the digits of π; the high half of the product has seen every bit below it.
fn mixed(word: u64) -> u64 {
    let product = u128::from(word) * 0x243f_6a88_85a3_08d3;
    (product as u64) ^ ((product >> 64) as u64)
}
