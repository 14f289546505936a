//! Everything sources have said, and what follows from it.

use super::MANY_V4;
use super::claim::{At, Bound, Claim, Now, Teller};
use super::here::{Crowd, Here};
use super::merge::{Said, merge};
use crate::people::key::Key;
use crate::people::keyed::{KeyedMap, KeyedSet};
use crate::words::{Known, Mac, Since};
use std::net::{IpAddr, Ipv4Addr};

/// Most addresses of a teller, most devices, most places with claims that are kept: a large trust's, three times over. Who comes
/// when it is full is judged by the network.
const MOST_PLACES: usize = 262_144;

/// Most claims on one place: beyond, the one that ends first goes.
const MOST_CLAIMS: usize = 16;

/// Most addresses of one device: a laptop with IPv6 privacy addresses has some ten.
const MOST_ADDRESSES: usize = 64;

/// How much later than a sign-in at an address the device behind it may be heard of. The kernel hears of it before it can send
/// anything; a table that is read every now and then is behind.
const SOON_MS: u64 = 30_000;

/// Everything sources have said. Written through [`super::Roster::change`] alone.
#[derive(Debug)]
pub struct Book {
    now: Now,
    /// Which device an address is, as each teller says.
    bound: [KeyedMap<Key, Told>; Teller::COUNT],
    devices: KeyedMap<Mac, Device>,
    /// At an address as long as its device is not known, or where none is.
    claims: KeyedMap<At, Vec<Said>>,
    /// Addresses that count as such that many are behind, and until when, in milliseconds since the machine started.
    crowds: KeyedMap<Key, u64>,
    /// Addresses of which something else may follow now.
    touched: KeyedSet<Key>,
    /// Nothing ends before this, in milliseconds since the machine started.
    next_end: u64,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    bound: Bound,
    since: Option<Since>,
}

/// A device that some address is bound to.
#[derive(Debug, Default)]
struct Device {
    addresses: Vec<Key>,
    /// It had more addresses than a device has: a router or a bridge, until it has none.
    many: bool,
    /// How often it was told of: not all of a router's addresses are kept.
    told: u32,
}

impl Default for Book {
    fn default() -> Self {
        let now = Now { unix_ms: 0, boot_ms: 0 };
        let (bound, devices, claims, crowds, touched) = Default::default();
        Self { now, bound, devices, claims, crowds, touched, next_end: u64::MAX }
    }
}

impl Book {
    /// The moment of the present change.
    pub fn now(&self) -> Now {
        self.now
    }

    pub(super) fn turn(&mut self, now: Now) {
        self.now = now;
    }

    /// Somebody, or a label, is at a place.
    pub fn claim(&mut self, at: At, claim: Claim) {
        let (at, now_ms) = (self.place_of(at), self.now.boot_ms);
        let full = self.claims.len() >= MOST_PLACES && !self.claims.contains_key(&at);
        if full || claim.until_ms <= now_ms {
            return;
        }
        self.next_end = self.next_end.min(said_at(claim, now_ms).until_ms());
        let claims = self.claims.entry(at).or_default();
        match claims.iter_mut().find(|said| (said.claim.known, said.claim.session) == (claim.known, claim.session)) {
            // Another person in the same session is another beginning.
            Some(said) if said.claim.whose != claim.whose => *said = said_at(claim, now_ms),
            Some(said) => {
                let since = said.claim.since.or(claim.since);
                (said.claim, said.heard_ms, said.used_ms) = (Claim { since, ..claim }, now_ms, now_ms);
            }
            None => add(claims, said_at(claim, now_ms)),
        }
        self.touch(at);
    }

    /// Whether a source says so of a place now.
    pub fn has(&self, at: At, known: Known, session: u64) -> Option<Claim> {
        let now = self.now.boot_ms;
        let mut claims = self.claims_at(self.place_of(at)).iter().filter(|said| said.until_ms() > now).map(|said| said.claim);
        claims.find(|c| (c.known, c.session) == (known, session))
    }

    /// Something came from an address: what would end there by silence goes on. Nothing else follows from it.
    pub(super) fn heard(&mut self, address: IpAddr, now_ms: u64) {
        let at = self.place_of(At::Address(address));
        for said in self.claims.get_mut(&at).into_iter().flatten().filter(|said| said.until_ms() > now_ms) {
            said.used_ms = now_ms.max(said.used_ms);
        }
    }

    /// What a source said of a place has ended. With a session, that one alone.
    pub fn end(&mut self, at: At, known: Known, session: Option<u64>) {
        let at = self.place_of(at);
        let Some(claims) = self.claims.get_mut(&at) else { return };
        claims.retain(|said| said.claim.known != known || session.is_some_and(|session| session != said.claim.session));
        if claims.is_empty() {
            self.claims.remove(&at);
        }
        self.touch(at);
    }

    /// Many are behind an address: it asks for what many ask for.
    pub fn crowd(&mut self, address: IpAddr, lasts_ms: u64) {
        let (address, until) = (Key::of(address), self.now.boot_ms.saturating_add(lasts_ms));
        if self.crowds.len() < MOST_PLACES || self.crowds.contains_key(&address) {
            self.crowds.insert(address, until);
            self.next_end = self.next_end.min(until);
            self.touched.insert(address);
        }
    }

    /// An address is a device's.
    pub fn bind(&mut self, address: IpAddr, teller: Teller, bound: Bound) {
        let address = Key::of(address);
        if bound.until_ms.is_some_and(|until| until <= self.now.boot_ms) {
            return;
        }
        let places = &mut self.bound[teller as usize];
        let before = places.get(&address).copied();
        let full = before.is_none() && places.len() >= MOST_PLACES
            || self.devices.len() >= MOST_PLACES && !self.devices.contains_key(&bound.mac);
        if full {
            return;
        }
        self.next_end = self.next_end.min(bound.until_ms.unwrap_or(u64::MAX));
        let since = before.filter(|b| b.bound.mac == bound.mac).and_then(|b| b.since).or(self.now.since());
        places.insert(address, Told { bound, since });
        if before.is_some_and(|before| before.bound.mac == bound.mac) {
            return;
        }
        if let Some(before) = before {
            self.leave(address, before.bound.mac);
        }
        self.join(address, bound.mac);
        self.touched.insert(address);
        self.attach(address);
    }

    /// An address is no device's any more, as far as this teller knows.
    pub fn unbind(&mut self, address: IpAddr, teller: Teller) {
        self.unbound(Key::of(address), teller);
    }

    fn unbound(&mut self, address: Key, teller: Teller) {
        let Some(told) = self.bound[teller as usize].remove(&address) else { return };
        self.leave(address, told.bound.mac);
        self.touched.insert(address);
        self.attach(address);
    }

    /// All that a teller has to say: what it said before and says no more is over.
    pub fn tell(&mut self, teller: Teller, by: u16, all: impl IntoIterator<Item = (IpAddr, Bound)>) {
        let all: Vec<_> = all.into_iter().collect();
        let said: KeyedSet<Key> = all.iter().map(|(address, _)| Key::of(*address)).collect();
        let its = self.bound[teller as usize].iter().filter(|(_, told)| told.bound.by == by);
        let gone: Vec<_> = its.map(|(address, _)| *address).filter(|address| !said.contains(address)).collect();
        for address in gone {
            self.unbound(address, teller);
        }
        for (address, bound) in all {
            self.bind(address, teller, Bound { by, ..bound });
        }
    }

    /// Whether a teller says whose an address is, believed or not.
    pub(super) fn is_told(&self, address: IpAddr, teller: Teller) -> bool {
        self.bound[teller as usize].contains_key(&Key::of(address))
    }

    /// Which device an address is, by whoever is to be believed. `None`: nobody knows, or it is a router's.
    pub fn device_at(&self, address: IpAddr) -> Option<Mac> {
        self.device_of(Key::of(address))
    }

    fn device_of(&self, address: Key) -> Option<Mac> {
        self.told_of(address).map(|(told, _)| told.bound.mac)
    }

    pub(super) fn sweep(&mut self) -> Option<u64> {
        if self.next_end <= self.now.boot_ms {
            self.drop_ended();
            let bound = self.bound.iter().flat_map(KeyedMap::values).filter_map(|told| told.bound.until_ms);
            let claims = self.claims.values().flatten().map(Said::until_ms);
            self.next_end = bound.chain(claims).chain(self.crowds.values().copied()).min().unwrap_or(u64::MAX);
        }
        (self.next_end != u64::MAX).then_some(self.next_end)
    }

    fn drop_ended(&mut self) {
        let now = self.now.boot_ms;
        let crowds = self.crowds.extract_if(|_, until| *until <= now);
        self.touched.extend(crowds.map(|(address, _)| address));
        let mut claims = std::mem::take(&mut self.claims);
        claims.retain(|at, claims| {
            let before = claims.len();
            claims.retain(|said| said.until_ms() > now);
            if claims.len() != before {
                self.touch(*at);
            }
            !claims.is_empty()
        });
        self.claims = claims;
        for teller in [Teller::Lease, Teller::Radius, Teller::Neighbour] {
            let over = |told: &Told| told.bound.until_ms.is_some_and(|until| until <= now);
            let ended = self.bound[teller as usize].iter().filter(|(_, told)| over(told));
            for address in ended.map(|(address, _)| *address).collect::<Vec<_>>() {
                self.unbound(address, teller);
            }
        }
    }

    /// The addresses that were touched: of each something else may [follow](Self::here) now.
    pub(super) fn touched(&mut self) -> impl Iterator<Item = Key> + use<> {
        std::mem::take(&mut self.touched).into_iter()
    }

    /// What follows for an address.
    pub(super) fn here(&self, address: Key) -> Option<Here> {
        let told = self.told_of(address);
        let mac = told.map(|(told, _)| told.bound.mac);
        let now = self.now.boot_ms;
        let (of_address, of_device) =
            (self.claims_at(At::Address(address.address())), mac.map_or(&[][..], |mac| self.claims_at(At::Mac(mac))));
        let merged = merge(of_address.iter().chain(of_device).filter(|said| said.until_ms() > now));
        let names = self.crowds.get(&address).filter(|until| **until > now && merged.sitting.is_none());
        let crowd = if merged.crowd { Some(Crowd::SignedIn) } else { names.map(|_| Crowd::Names) };
        let same = self.told(address).filter(|told| Some(told.bound.mac) == mac);
        let here = Here {
            mac,
            v4: told.filter(|_| address.is_v6()).map_or([None; 2], |(_, device)| device.v4()),
            since: same.filter_map(|told| told.since).min(),
            sitting: merged.sitting,
            label: merged.label,
            crowd,
        };
        (here != Here::default()).then_some(here)
    }

    /// What is told of an address, who is trusted most first.
    fn told(&self, address: Key) -> impl Iterator<Item = &Told> {
        self.bound.iter().rev().filter_map(move |of_teller| of_teller.get(&address))
    }

    /// Whoever is to be believed of an address, and its device.
    fn told_of(&self, address: Key) -> Option<(&Told, &Device)> {
        let device = |told: &Told| self.devices.get(&told.bound.mac).filter(|device| !device.many);
        self.told(address).find_map(|told| Some((told, device(told)?)))
    }

    /// A sign-in at an address is one at its device, if that is known.
    fn place_of(&self, at: At) -> At {
        match at {
            At::Address(address) => {
                let address = address.to_canonical();
                self.device_at(address).map_or(At::Address(address), At::Mac)
            }
            At::Mac(mac) => At::Mac(mac),
        }
    }

    fn claims_at(&self, at: At) -> &[Said] {
        self.claims.get(&at).map_or(&[], Vec::as_slice)
    }

    fn touch(&mut self, at: At) {
        match at {
            At::Address(address) => {
                self.touched.insert(Key::of(address));
            }
            At::Mac(mac) => self.touched.extend(self.devices.get(&mac).into_iter().flat_map(|d| &d.addresses)),
        }
    }

    fn join(&mut self, address: Key, mac: Mac) {
        let device = self.devices.entry(mac).or_default();
        device.told += 1;
        if !device.many && !device.addresses.contains(&address) {
            // Most devices have one.
            device.addresses.reserve_exact(1);
            device.addresses.push(address);
            // Which IPv4 address goes with the others may be another one now.
            self.touched.extend(&device.addresses);
            let v4 = device.addresses.iter().filter(|a| !a.is_v6()).count();
            if v4 > MANY_V4 || device.addresses.len() > MOST_ADDRESSES {
                device.many = true;
                self.touched.extend(std::mem::take(&mut device.addresses));
            }
        }
    }

    fn leave(&mut self, address: Key, mac: Mac) {
        let still = self.told(address).any(|told| told.bound.mac == mac);
        let Some(device) = self.devices.get_mut(&mac) else { return };
        device.told = device.told.saturating_sub(1);
        if !still {
            device.addresses.retain(|a| *a != address);
            self.touched.extend(&device.addresses);
        }
        if device.told == 0 {
            self.devices.remove(&mac);
        }
    }

    /// What was claimed at an address before its device was known becomes the device's; what is older is not this device's.
    fn attach(&mut self, address: Key) {
        let at = At::Address(address.address());
        if !self.claims.contains_key(&at) {
            return;
        }
        let Some(mac) = self.device_of(address) else { return };
        let now = self.now.boot_ms;
        let mut claims = self.claims.remove(&at).unwrap_or_default();
        claims.retain(|said| now.saturating_sub(said.begun_ms) <= SOON_MS);
        if !claims.is_empty() {
            let of_device = self.claims.entry(At::Mac(mac)).or_default();
            claims.into_iter().for_each(|said| add(of_device, said));
            self.touch(At::Mac(mac));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let bound = self.bound.iter().all(KeyedMap::is_empty);
        bound && self.devices.is_empty() && self.claims.is_empty() && self.crowds.is_empty()
    }
}

impl Device {
    fn v4(&self) -> [Option<Ipv4Addr>; 2] {
        let mut v4 = self.addresses.iter().rev().filter_map(|address| address.v4());
        [v4.next(), v4.next()]
    }
}

fn said_at(claim: Claim, now_ms: u64) -> Said {
    Said { claim, begun_ms: now_ms, heard_ms: now_ms, used_ms: now_ms }
}

fn add(claims: &mut Vec<Said>, said: Said) {
    if claims.len() >= MOST_CLAIMS
        && let Some(first) = (0..claims.len()).min_by_key(|i| claims[*i].until_ms())
    {
        claims.swap_remove(first);
    }
    claims.reserve_exact(1);
    claims.push(said);
}
