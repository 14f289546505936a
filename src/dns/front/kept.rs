//! What is kept of a question, in as few cache lines as can be: from memory that is not in the core's own cache, a line takes as long
//! as all of the judging, and the kernel's part of an answer needs that cache too.

use crate::dns::door::{Asked, Door};
use crate::dns::safe;
use crate::gate::{Snapshot, Visit, on_large_pages};
use crate::lists::{Found, touch};
use crate::resolve::WireAnswer;
use crate::wire::answer::{Age, copy};
use crate::wire::{Asking, HEADER, Message, Query, Rcode};
use crate::words::{Host, NetworkId};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Questions kept, in sets of [`WAYS`]. A school of a thousand asks for some 20,000 names a day, a tenth of them all the time.
const SETS: usize = 2_048;
const WAYS: usize = 12;

/// Longest answer that is kept, in octets, and most records of one. Nine of ten real answers are shorter and have fewer; the others
/// are the resolver's cache's.
const MAX_ANSWER: usize = 192;
const MAX_TTLS: usize = 10;

/// Longest name that is kept, in octets on the wire. Of real questions one in some hundreds is longer.
pub const MAX_KEPT: usize = 64;

/// All that is kept.
pub struct Kept {
    sets: Box<[Set]>,
    /// Made as they are needed: no more than the sets have ways, for which there is room.
    entries: Vec<Entry>,
}

/// One cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set {
    tags: [u16; WAYS],
    /// Which entries they are of.
    entries: [u16; WAYS],
    /// Which ways were asked for since the hand last came by: they are passed over once.
    used: u16,
    /// How many there are.
    filled: u8,
    /// Which way is looked at next when one must go.
    hand: u8,
}

const _: () = assert!(size_of::<Set>() == 64 && SETS * WAYS <= 1 << 16);

/// Four cache lines, of which a usual answer needs two: what is looked at first, and question and answer as they are sent.
#[repr(C, align(64))]
pub struct Entry {
    /// Under which number the lists said what is found.
    pub lists: u32,
    kind: u16,
    /// DO and CD of the question; it is a search engine's; a list knows something of it.
    flags: u8,
    /// Octets of the name.
    name: u8,
    /// Octets of the answer; 0: none is kept.
    length: u8,
    /// Where in it its TTLs are: so many, at these octets.
    ttls: u8,
    places: [u8; MAX_TTLS],
    /// Whether it goes by the person, of which policy and at which network.
    personal: (u32, NetworkId, bool),
    /// In milliseconds since [`epoch`].
    received: i64,
    until: i64,
    /// What the ledger knows its addresses and the name by; 0: it has none.
    mark: u64,
    rest: Option<Box<Rest>>,
    message: [u8; MAX_ANSWER],
}

const _: () = assert!(size_of::<Entry>() == 256);

/// What is not needed for most.
#[derive(Default)]
struct Rest {
    found: Option<Found>,
    addresses: Box<[IpAddr]>,
    /// What the answer that is kept is one of: of this other host, for those who are to have that.
    alias: Option<&'static str>,
}

const ENGINE: u8 = 1 << 2;
const LISTED: u8 = 1 << 3;
/// What of the flags is the question's.
const ASKED: u8 = ENGINE - 1;

fn asked(query: &Asking) -> u8 {
    u8::from(query.dnssec_ok()) | u8::from(query.checking_disabled) << 1
}

/// The number of a moment, in milliseconds since any moment of this process: times are kept as numbers, which are shorter.
pub fn ms(at: Instant) -> i64 {
    static EPOCH: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let number = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    // What came before it has a number below zero, rounded up: of an answer's age and time to live no more is said than is left.
    number(at.saturating_duration_since(*EPOCH)) - number(EPOCH.saturating_duration_since(at))
}

/// Of the set's ways, which can be the one.
fn tag(hash: u64) -> u16 {
    (hash >> 32) as u16
}

impl Kept {
    pub fn new() -> Self {
        ms(Instant::now());
        let mut entries = Vec::with_capacity(SETS * WAYS);
        on_large_pages(entries.spare_capacity_mut());
        Self { sets: vec![Set::default(); SETS].into(), entries }
    }

    fn set(&self, hash: u64) -> &Set {
        &self.sets[hash as usize % SETS]
    }

    /// Asks memory for the set of a question.
    #[inline]
    pub fn approach_set(&self, hash: u64) {
        touch(&self.sets, hash as usize % SETS);
    }

    /// Asks memory for the entry of a question. False: there is none.
    #[inline]
    pub fn approach_entry(&self, hash: u64) -> bool {
        let set = self.set(hash);
        let Some(way) = set.ways(hash).next() else { return false };
        if let Some(entry) = self.entries.get(usize::from(set.entries[way])) {
            touch(std::slice::from_ref(entry), 0);
            touch(&entry.message, 0);
        }
        true
    }

    /// Asks memory for what the entry of a question has elsewhere, once the entry itself is near.
    #[inline]
    pub fn approach_rest(&self, hash: u64) {
        let set = self.set(hash);
        let entry = set.ways(hash).next().and_then(|way| self.entries.get(usize::from(set.entries[way])));
        if let Some(rest) = entry.filter(|entry| entry.flags & LISTED != 0).and_then(|entry| entry.rest.as_deref()) {
            touch(std::slice::from_ref(rest), 0);
        }
    }

    pub fn find(&mut self, hash: u64, query: &Asking) -> Option<&mut Entry> {
        let set = &mut self.sets[hash as usize % SETS];
        let way = set.ways(hash).find(|&way| self.entries.get(usize::from(set.entries[way])).is_some_and(|e| e.is(query)))?;
        set.used |= 1 << way;
        self.entries.get_mut(usize::from(set.entries[way]))
    }

    pub fn put(&mut self, hash: u64, query: &Asking, entry: Entry) {
        if let Some(there) = self.find(hash, query) {
            *there = entry;
            return;
        }
        let set = &mut self.sets[hash as usize % SETS];
        let way = if usize::from(set.filled) < WAYS {
            set.entries[usize::from(set.filled)] = self.entries.len() as u16;
            self.entries.push(entry);
            set.filled += 1;
            usize::from(set.filled) - 1
        } else {
            let way = set.given_up();
            self.entries[usize::from(set.entries[way])] = entry;
            way
        };
        set.tags[way] = tag(hash);
    }

    /// Forgets what upstreams have said.
    pub fn forget_answers(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.until = i64::MIN);
    }
}

impl Set {
    /// The ways that a question may be at.
    #[inline]
    fn ways(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let same = |tags: &[u16; WAYS]| (0..WAYS).fold(0u16, |ways, way| ways | u16::from(tags[way] == tag(hash)) << way);
        let mut left = same(&self.tags) & ((1 << self.filled) - 1);
        std::iter::from_fn(move || {
            let way = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (way < WAYS).then_some(way)
        })
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

impl Entry {
    /// An entry without an answer. The name has at most [`MAX_KEPT`] octets.
    pub fn new(query: &Asking, found: Found, engine: bool, lists: u32) -> Self {
        let mut message = [0; MAX_ANSWER];
        message[HEADER..HEADER + query.name.len()].copy_from_slice(query.name);
        message[HEADER..HEADER + query.name.len()].make_ascii_lowercase();
        let listed = found != Found::NOTHING;
        Self {
            lists,
            kind: query.kind,
            flags: asked(query) | if engine { ENGINE } else { 0 } | if listed { LISTED } else { 0 },
            name: query.name.len() as u8,
            length: 0,
            ttls: 0,
            places: [0; MAX_TTLS],
            personal: (0, NetworkId(u16::MAX), false),
            received: 0,
            until: i64::MIN,
            mark: 0,
            rest: listed.then(|| Box::new(Rest { found: Some(found), ..Rest::default() })),
            message,
        }
    }

    /// Whether it is of this question: name without case, type, DO and CD.
    fn is(&self, query: &Asking) -> bool {
        let same = (usize::from(self.name), self.flags & ASKED, self.kind) == (query.name.len(), asked(query), query.kind);
        let name = &self.message[HEADER..][..usize::from(self.name)];
        // Nearly always in small letters.
        same && (name == query.name || name.eq_ignore_ascii_case(query.name))
    }

    /// What the lists say of the host.
    #[inline]
    pub fn found(&self) -> &Found {
        const NOTHING: &Found = &Found::NOTHING;
        if self.flags & LISTED == 0 {
            return NOTHING;
        }
        self.rest.as_ref().and_then(|rest| rest.found.as_ref()).unwrap_or(NOTHING)
    }

    /// It is a search engine's, so that some have it answered as another host.
    pub fn is_engine(&self) -> bool {
        self.flags & ENGINE != 0
    }

    pub fn alias(&self) -> Option<&'static str> {
        self.rest.as_ref()?.alias
    }

    pub fn addresses(&self) -> &[IpAddr] {
        self.rest.as_ref().map_or(&[], |rest| &rest.addresses)
    }

    pub fn mark(&self) -> u64 {
        self.mark
    }

    pub fn has_answer(&self) -> bool {
        self.length > 0
    }

    /// Whether there is an answer whose time is not over.
    #[inline]
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        self.length > 0 && now_ms < self.until
    }

    /// How many seconds ago the answer came.
    #[inline]
    pub fn age(&self, now_ms: i64) -> u32 {
        u32::try_from((now_ms - self.received).max(0) / 1000).unwrap_or(u32::MAX)
    }

    /// Whether it goes by the person: thought anew for another policy, and for another network.
    #[inline]
    pub fn is_personal(&mut self, policy: u32, visit: &Visit, host: &Host) -> bool {
        let network = visit.who.network;
        if (self.personal.0, self.personal.1) != (policy, network) {
            self.personal = (policy, network, visit.is_personal(host, self.found()));
        }
        self.personal.2
    }

    /// Writes the answer that is kept, with the question as it was asked.
    #[inline]
    pub fn say(&self, query: &Asking, age: Age, out: &mut Vec<u8>) -> Rcode {
        let message = &self.message[..usize::from(self.length)];
        let places = self.places.iter().take(self.ttls.into()).map(|&at| usize::from(at));
        copy(message, places, None, query, age, query.udp_limit(), out);
        Rcode(u16::from(message[3] & 0x0f))
    }

    /// Remembers what the upstream said, of the host or of that which it is answered as, if it is the same for all to whom that
    /// goes and no list knows anything of what stands behind it.
    pub fn keep_answer(&mut self, door: &Door, asked: &Asked, host: &Host) {
        let snapshot = &asked.visit.snapshot;
        let instead = if self.is_engine() { safe::instead(asked, host) } else { None };
        let Some(instead) = instead else {
            let Some(Ok(answer)) = door.resolver.cached(asked.query) else { return };
            if let Some(message) = answer.same_for_all() {
                self.keep(door, snapshot, host, &answer, message, None);
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
            let target = asked.visit.rewrite(host, asked.judged).map(|rewrite| rewrite.target);
            self.keep(door, snapshot, host, &answer, &message, target);
        }
    }

    /// Keeps a message made of an upstream's answer as long as that says.
    fn keep(
        &mut self,
        door: &Door,
        snapshot: &Snapshot,
        host: &Host,
        answer: &WireAnswer,
        message: &Message,
        alias: Option<&'static str>,
    ) {
        let Some(until) = answer.fresh_until() else { return };
        let (bytes, ttls, name) = (message.bytes(), message.ttls(), HEADER..HEADER + usize::from(self.name));
        let fits = (name.end..=MAX_ANSWER).contains(&bytes.len()) && ttls.len() <= MAX_TTLS;
        // Whose question it is, is looked up in it.
        let same = bytes.get(name.clone()).is_some_and(|of| of.eq_ignore_ascii_case(&self.message[name.clone()]));
        if !fits || !same || !snapshot.behind(answer).known().is_empty() {
            return;
        }
        self.message[..bytes.len()].copy_from_slice(bytes);
        self.message[name].make_ascii_lowercase();
        self.places.iter_mut().zip(ttls).for_each(|(place, &at)| *place = at as u8);
        (self.length, self.ttls) = (bytes.len() as u8, ttls.len() as u8);
        (self.received, self.until) = (ms(answer.received()), ms(until));
        self.mark = door.gate.ledger.mark(host.as_str(), answer.addresses());
        if !answer.addresses().is_empty() || alias.is_some() {
            let rest = self.rest.get_or_insert_default();
            (rest.addresses, rest.alias) = (answer.addresses().into(), alias);
        }
    }
}
