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

use super::door::{Asked, Asker, Door, First, is_plain};
use super::{safe, special};
use crate::gate::{Changed, Judged, Snapshot, Visit, Watch};
use crate::lists::{Ahead, Found};
use crate::net::batch::BATCH;
use crate::policy::Surface;
use crate::resolve::WireAnswer;
use crate::wire::answer::Age;
use crate::wire::{self, Message, Query, Rcode};
use crate::words::{ClientAddr, Host, Name, NetworkId};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::time::Instant;

/// Questions kept, in sets of [`WAYS`]. A school of a thousand asks for some 20,000 names a day, a tenth of them all the time; an
/// entry is some 600 octets, and the answer is shared with the resolver's cache.
const SETS: usize = 2_048;
const WAYS: usize = 8;

/// Longest answer that is kept, in octets, and most records of one. Nine of ten real answers are shorter and have fewer; the others
/// are the resolver's cache's.
const MAX_ANSWER: usize = 192;
const MAX_TTLS: usize = 10;

/// Longest name that is kept, in octets on the wire. Of real questions one in some hundreds is longer.
const MAX_KEPT: usize = 64;

/// Places for what was heard once: only who is heard again is kept, so that names made up at random displace nobody.
const HEARD: usize = 16_384;

/// One worker's memory.
pub struct Front {
    watch: Watch,
    /// When the batch came.
    now: Instant,
    sets: Box<[Set]>,
    heard: Box<[u16]>,
    /// Of the present batch's hosts that are not here, what the lists' filter says.
    ahead: [Option<(Host, Ahead)>; BATCH],
    /// Nobody outside can know which names share a set.
    seed: u64,
    /// What the lists said under an earlier number is thought anew.
    lists: u32,
    /// And so is under this one what goes by the person.
    policies: u32,
    /// The resolver's, as last seen: what it has forgotten is forgotten here.
    forgotten: u64,
}

#[derive(Default)]
struct Set {
    tags: [u32; WAYS],
    entries: [Option<Box<Entry>>; WAYS],
    /// Which ways were asked for since the hand last came by: they are passed over once.
    used: u8,
    /// Which way is looked at next when one must go.
    hand: u8,
}

/// In the order in which it is looked at, and in one piece: from memory that is not in the core's own cache, a line takes as long
/// as all of the judging.
#[repr(C)]
struct Entry {
    question: Question,
    lists: u32,
    /// Octets of the answer; 0: none is kept.
    length: u8,
    ttls: Ttls,
    received: Instant,
    until: Instant,
    answer: [u8; MAX_ANSWER],
    /// What the ledger knows its addresses and the name by; 0: it has none.
    mark: u64,
    addresses: Box<[IpAddr]>,
    /// `None`: no list knows anything of it.
    found: Option<Box<Found>>,
    /// Whether it goes by the person, of which policy and at which network.
    personal: (u32, NetworkId, bool),
    /// It is a search engine's, so that some have it answered as another host.
    engine: bool,
    /// What the answer that is kept is one of: of this other host, for those who are to have that.
    alias: Option<&'static str>,
    host: Host,
}

/// Where in an answer its TTLs are: so many, at these octets.
type Ttls = (u8, [u8; MAX_TTLS]);

/// The question as far as it changes the answer: name without case, type, DO and CD.
struct Question {
    length: u8,
    flags: u8,
    kind: u16,
    name: [u8; MAX_KEPT],
}

impl Front {
    pub fn new(door: &Door) -> Self {
        Self {
            watch: Watch::new(&door.gate),
            now: Instant::now(),
            sets: std::iter::repeat_with(Set::default).take(SETS).collect(),
            heard: vec![0; HEARD].into(),
            ahead: [const { None }; BATCH],
            seed: RandomState::new().build_hasher().finish(),
            lists: 0,
            policies: 0,
            forgotten: door.resolver.forgotten(),
        }
    }

    /// Begins a batch, or notices that none comes.
    pub fn begin(&mut self, door: &Door) {
        self.now = Instant::now();
        self.ahead.fill_with(|| None);
        let changed = self.watch.look_up(&door.gate);
        self.lists = self.lists.wrapping_add(u32::from(changed == Changed::Lists));
        self.policies = self.policies.wrapping_add(u32::from(changed != Changed::Nothing));
        let forgotten = door.resolver.forgotten();
        if forgotten != std::mem::replace(&mut self.forgotten, forgotten) {
            self.sets.iter_mut().flat_map(|set| &mut set.entries).flatten().for_each(|entry| entry.until = self.now);
        }
    }

    /// Touches what the queries of a batch will need, all of it before the first is answered: so their waits for memory are one wait,
    /// not one after the other.
    pub fn look_ahead<'q>(&mut self, queries: impl Iterator<Item = Option<(&'q [u8], IpAddr)>> + Clone) {
        let (mut hashes, mut touched) = ([0; BATCH], 0u32);
        for (query, hash) in queries.clone().zip(&mut hashes) {
            let Some((bytes, from)) = query else { continue };
            let Some((name, kind)) = Query::peek(bytes) else { continue };
            *hash = hashed(name, kind, self.seed);
            touched += self.sets[*hash as usize % SETS].tags[0] & 1;
            touched += u32::from(self.watch.knows(ClientAddr::new(from)));
        }
        let table = &self.watch.snapshot().table;
        for ((query, hash), ahead) in queries.zip(hashes).zip(&mut self.ahead) {
            let set = &self.sets[hash as usize % SETS];
            let mut maybe = (0..WAYS).filter(|&way| set.tags[way] == tag(hash)).filter_map(|way| set.entries[way].as_deref());
            if let Some(entry) = maybe.next() {
                touched += u32::from(entry.question.length) + u32::from(entry.length) + u32::from(entry.host.labels());
                touched += u32::from(entry.answer[0]) + u32::from(entry.answer[MAX_ANSWER / 3]);
            } else if let Some((name, _)) = query.and_then(|(bytes, _)| Query::peek(bytes))
                && let Some(host) = Name::from_wire(name).ok().and_then(|name| name.host())
            {
                *ahead = Some((host, table.ahead(&host)));
            }
        }
        touched += self.ahead.iter().flatten().map(|(_, ahead)| table.touch(ahead) & 1).sum::<u32>();
        std::hint::black_box(touched);
    }

    /// Answers one query, the `i`th of its batch: from here if it can be, else as [`Door::first`] does.
    pub fn answer(&mut self, door: &Door, i: usize, bytes: &[u8], asker: Asker, out: &mut Vec<u8>) -> First {
        // A stranger is told so, and nothing is remembered for one.
        let Some(visit) = self.watch.visit(asker.client) else { return door.first_of(None, bytes, asker, out) };
        let query = match Query::read(bytes) {
            Ok(query) if is_plain(&query) && query.name.wire().len() <= MAX_KEPT => query,
            _ => return door.first_of(Some(visit.clone()), bytes, asker, out),
        };
        let (length, since) = (bytes.len(), self.now);
        let hash = hashed(query.name.wire(), query.kind, self.seed);
        let set = &mut self.sets[hash as usize % SETS];
        if let Some(entry) = set.find(tag(hash), &query).filter(|entry| entry.lists == self.lists) {
            let found = entry.found.as_deref().copied().unwrap_or(Found::NOTHING);
            let judged = Judged { verdict: visit.judge_found(&entry.host, &found, Surface::NoPage), found };
            let personal = entry.is_personal(self.policies, visit, &found);
            let printed = Some(entry.host.as_str());
            let asked = Asked { visit, judged: &judged, personal, query: &query, printed, asker, length, since, alias: None };
            if judged.verdict.blocks() {
                door.block(&asked, &judged, out);
                return First::Answered;
            }
            let rewrite = if entry.engine { visit.rewrite(&entry.host, &judged) } else { None };
            let is_fresh = since < entry.until;
            if is_fresh && entry.alias == rewrite.map(|rewrite| rewrite.target) {
                let (judged, most) = if rewrite.is_some() { (judged.rewritten(), safe::TTL) } else { (judged, asked.most()) };
                let age = Age { passed: since.saturating_duration_since(entry.received).as_secs() as u32, most };
                let (ttls, places) = &entry.ttls;
                let ttls = places.iter().take(usize::from(*ttls)).map(|&at| usize::from(at));
                let message = &entry.answer[..usize::from(entry.length)];
                wire::answer::copy(message, ttls, None, &query, age, asked.limit(), out);
                door.note(&asked, &judged, Rcode(u16::from(message[3] & 0x0f)), out);
                door.tell(&asked, &judged, entry.mark, || (entry.host.as_str(), &entry.addresses));
                return First::Answered;
            }
            if entry.engine && (is_fresh || entry.length == 0) {
                return door.judged(&asked, Some(&entry.host), out);
            }
        }
        let Some(host) = query.name.host().filter(|host| is_asked_for(host, query.kind, visit, asker)) else {
            return door.first_of(Some(visit.clone()), bytes, asker, out);
        };
        let found = match self.ahead.get(i) {
            Some(Some((of, ahead))) if *of == host => visit.snapshot.find_after(&host, ahead),
            _ => visit.snapshot.find(&host, ""),
        };
        let judged = Judged { verdict: visit.judge_found(&host, &found, Surface::NoPage), found };
        let mut entry = Entry::new(&query, host, found, self.lists, since);
        let personal = entry.is_personal(self.policies, visit, &found);
        let printed = Some(host.as_str());
        let asked = Asked { visit, judged: &judged, personal, query: &query, printed, asker, length, since, alias: None };
        let first = if entry.engine { door.judged(&asked, Some(&host), out) } else { door.ordinary(&asked, out) };
        if matches!(first, First::Answered) && is_heard_again(&mut self.heard, hash) {
            if !judged.verdict.blocks() {
                entry.keep_answer(door, &asked);
            }
            set.put(hash, entry);
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
    special::answer(host, kind, &visit.snapshot, asker.local).is_none()
}

impl Entry {
    fn new(query: &Query, host: Host, found: Found, lists: u32, now: Instant) -> Self {
        let found = (found != Found::NOTHING).then(|| Box::new(found));
        let (question, answer) = (Question::of(query), [0; MAX_ANSWER]);
        let (received, until, addresses) = (now, now, Box::default());
        let (length, ttls, mark, alias) = Default::default();
        let (engine, personal) = (safe::concerns(&host), (0, NetworkId(u16::MAX), false));
        Self { question, lists, length, ttls, received, until, answer, mark, addresses, found, personal, engine, alias, host }
    }

    /// Whether it goes by the person: thought anew for another policy, and for another network.
    fn is_personal(&mut self, policy: u32, visit: &Visit, found: &Found) -> bool {
        let network = visit.who.network;
        if (self.personal.0, self.personal.1) != (policy, network) {
            self.personal = (policy, network, visit.is_personal(&self.host, found));
        }
        self.personal.2
    }

    /// Remembers what the upstream said, of the host or of that which it is answered as, if it is the same for all to whom that
    /// goes and no list knows anything of what stands behind it.
    fn keep_answer(&mut self, door: &Door, asked: &Asked) {
        let snapshot = &asked.visit.snapshot;
        let instead = if self.engine { safe::instead(asked, &self.host) } else { None };
        let Some(instead) = instead else {
            let Some(Ok(answer)) = door.resolver.cached(asked.query) else { return };
            if let Some(message) = answer.same_for_all() {
                self.keep(door, snapshot, &answer, message);
            }
            return;
        };
        let Some(alias) = instead.followed() else { return };
        let Some(Ok(answer)) = door.resolver.cached(&alias.query) else { return };
        if !snapshot.find(&alias.target, "").categories().is_empty() {
            return;
        }
        let mut bytes = Vec::new();
        let lifetime = answer.left(answer.received());
        alias.answer(answer.rcode(), answer.addresses(), lifetime).write(&Query { edns: None, ..*asked.query }, &mut bytes);
        if let Ok(message) = Message::read(bytes) {
            self.alias = asked.visit.rewrite(&self.host, asked.judged).map(|rewrite| rewrite.target);
            self.keep(door, snapshot, &answer, &message);
        }
    }

    /// Keeps a message made of an upstream's answer as long as that says.
    fn keep(&mut self, door: &Door, snapshot: &Snapshot, answer: &WireAnswer, message: &Message) {
        let Some(until) = answer.fresh_until() else { return };
        let (bytes, ttls) = (message.bytes(), message.ttls());
        if bytes.len() > MAX_ANSWER || ttls.len() > MAX_TTLS || !snapshot.behind(answer).known().is_empty() {
            return;
        }
        self.answer[..bytes.len()].copy_from_slice(bytes);
        let mut places = [0; MAX_TTLS];
        places.iter_mut().zip(ttls).for_each(|(place, &at)| *place = at as u8);
        (self.length, self.ttls) = (bytes.len() as u8, (ttls.len() as u8, places));
        (self.received, self.until) = (answer.received(), until);
        self.mark = door.gate.ledger.mark(self.host.as_str(), answer.addresses());
        self.addresses = answer.addresses().into();
    }
}

#[cfg(test)]
impl Front {
    /// Whether a query would be answered from here.
    pub fn holds(&mut self, bytes: &[u8]) -> bool {
        let Ok(query) = Query::read(bytes) else { return false };
        let hash = hashed(query.name.wire(), query.kind, self.seed);
        self.sets[hash as usize % SETS].find(tag(hash), &query).is_some_and(|entry| entry.lists == self.lists)
    }
}

impl Set {
    fn find(&mut self, tag: u32, query: &Query) -> Option<&mut Entry> {
        let is_it = |way: &usize| self.tags[*way] == tag && self.entries[*way].as_ref().is_some_and(|e| e.question.is(query));
        let way = (0..WAYS).find(is_it)?;
        self.used |= 1 << way;
        self.entries[way].as_deref_mut()
    }

    fn put(&mut self, hash: u64, entry: Entry) {
        let same = |way: &usize| {
            let there = self.entries[*way].as_ref().filter(|_| self.tags[*way] == tag(hash));
            there.is_some_and(|there| there.question == entry.question)
        };
        let free = |way: &usize| self.entries[*way].is_none();
        let way = (0..WAYS).find(same).or_else(|| (0..WAYS).find(free)).unwrap_or_else(|| self.given_up());
        self.tags[way] = tag(hash);
        self.entries[way] = Some(Box::new(entry));
    }

    /// The way of the next entry that nobody has asked for since the hand last came by.
    fn given_up(&mut self) -> usize {
        loop {
            let way = usize::from(self.hand);
            self.hand = (self.hand + 1) % WAYS as u8;
            if self.used & (1 << way) == 0 {
                return way;
            }
            self.used &= !(1 << way);
        }
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        (self.length, self.flags, self.kind, self.name) == (other.length, other.flags, other.kind, other.name)
    }
}

impl Question {
    /// The name is at most [`MAX_KEPT`] octets long.
    fn of(query: &Query) -> Self {
        let wire = query.name.wire();
        let mut name = [0; MAX_KEPT];
        name[..wire.len()].copy_from_slice(wire);
        name.make_ascii_lowercase();
        Self { length: wire.len() as u8, flags: flags(query), kind: query.kind, name }
    }

    fn is(&self, query: &Query) -> bool {
        let wire = query.name.wire();
        (usize::from(self.length), self.flags, self.kind) == (wire.len(), flags(query), query.kind)
            // Nearly always in small letters.
            && (self.name[..wire.len()] == *wire || self.name[..wire.len()].eq_ignore_ascii_case(wire))
    }
}

fn flags(query: &Query) -> u8 {
    u8::from(query.dnssec_ok()) | u8::from(query.checking_disabled) << 1
}

/// Of the set's ways, which can be the one.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
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
