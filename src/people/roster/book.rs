//! Everything sources have said, and what follows from it.

use super::MANY_V4;
use super::claim::{At, Bound, Claim, Now, Teller};
use super::merge::{Said, merge};
use super::places::{Crowd, Here};
use crate::words::{Known, Mac, Since};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

/// Most addresses and most devices that are kept: a large trust's, three times over. Who comes when it is full is judged by the
/// network.
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
    addresses: HashMap<IpAddr, Address>,
    devices: HashMap<Mac, Device>,
    /// Addresses of which something else may follow now.
    touched: HashSet<IpAddr>,
    /// Nothing ends before this, in milliseconds since the machine started.
    next_end: u64,
}

#[derive(Debug, Default)]
struct Address {
    bound: [Option<Told>; Teller::COUNT],
    /// Of the time before its device is known, or where none is.
    claims: Vec<Said>,
    /// Until when it counts as one that many are behind, in milliseconds since the machine started.
    crowd_until: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    bound: Bound,
    since: Option<Since>,
}

#[derive(Debug, Default)]
struct Device {
    addresses: Vec<IpAddr>,
    claims: Vec<Said>,
    /// It had more addresses than a device has: a router or a bridge, until it has none.
    many: bool,
    /// How often it was told of: not all of a router's addresses are kept.
    told: u32,
}

impl Default for Book {
    fn default() -> Self {
        let now = Now { unix_ms: 0, boot_ms: 0 };
        let (addresses, devices, touched) = Default::default();
        Self { now, addresses, devices, touched, next_end: u64::MAX }
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
        if claim.until_ms <= self.now.boot_ms {
            return;
        }
        self.next_end = self.next_end.min(claim.until_ms);
        let Some((claims, place)) = self.claims_at(at) else { return };
        let same = |said: &&mut Said| (said.claim.known, said.claim.session) == (claim.known, claim.session);
        match claims.iter_mut().find(same) {
            // Another person in the same session is another beginning.
            Some(said) if said.claim.whose != claim.whose => *said = Said { claim, ..said_at(claim, place.0) },
            Some(said) => {
                let since = said.claim.since.or(claim.since);
                (said.claim, said.heard_ms) = (Claim { since, ..claim }, place.0);
            }
            None => add(claims, said_at(claim, place.0)),
        }
        self.touch(place.1);
    }

    /// Whether a source says so of a place now.
    pub fn has(&self, at: At, known: Known, session: u64) -> Option<Claim> {
        let at = self.place_of(at);
        let claims = match at {
            At::Address(address) => &self.addresses.get(&address)?.claims,
            At::Mac(mac) => &self.devices.get(&mac)?.claims,
        };
        let now = self.now.boot_ms;
        let mut claims = claims.iter().map(|said| said.claim);
        claims.find(|c| (c.known, c.session) == (known, session) && c.until_ms > now)
    }

    /// What a source said of a place has ended. With a session, that one alone.
    pub fn end(&mut self, at: At, known: Known, session: Option<u64>) {
        let Some((claims, (_, place))) = self.claims_if_any(at) else { return };
        claims.retain(|said| said.claim.known != known || session.is_some_and(|session| session != said.claim.session));
        self.touch(place);
        self.forget_if_empty(place);
    }

    /// Many are behind an address: it asks for what many ask for.
    pub fn crowd(&mut self, address: IpAddr, lasts_ms: u64) {
        let (address, until) = (address.to_canonical(), self.now.boot_ms.saturating_add(lasts_ms));
        if self.addresses.len() < MOST_PLACES || self.addresses.contains_key(&address) {
            self.addresses.entry(address).or_default().crowd_until = Some(until);
            self.next_end = self.next_end.min(until);
            self.touched.insert(address);
        }
    }

    /// An address is a device's.
    pub fn bind(&mut self, address: IpAddr, teller: Teller, bound: Bound) {
        let address = address.to_canonical();
        if let Some(until) = bound.until_ms {
            if until <= self.now.boot_ms {
                return;
            }
            self.next_end = self.next_end.min(until);
        }
        let full = self.addresses.len() >= MOST_PLACES && !self.addresses.contains_key(&address)
            || self.devices.len() >= MOST_PLACES && !self.devices.contains_key(&bound.mac);
        if full {
            return;
        }
        let before = self.addresses.get(&address).and_then(|a| a.bound[teller as usize]);
        let since = before.filter(|b| b.bound.mac == bound.mac).and_then(|b| b.since).or(self.now.since());
        let place = self.addresses.entry(address).or_default();
        place.bound[teller as usize] = Some(Told { bound, since });
        if before.is_some_and(|before| before.bound.mac == bound.mac) {
            return;
        }
        if let Some(before) = before {
            self.leave(address, before.bound.mac);
        }
        self.join(address, bound.mac);
        self.touch(At::Address(address));
        self.attach(address);
    }

    /// An address is no device's any more, as far as this teller knows.
    pub fn unbind(&mut self, address: IpAddr, teller: Teller) {
        let address = address.to_canonical();
        let Some(told) = self.addresses.get_mut(&address).and_then(|a| a.bound[teller as usize].take()) else { return };
        self.leave(address, told.bound.mac);
        self.touch(At::Address(address));
        self.attach(address);
        self.forget_if_empty(At::Address(address));
    }

    /// All that a teller has to say: what it said before and says no more is over.
    pub fn tell(&mut self, teller: Teller, by: u16, all: impl IntoIterator<Item = (IpAddr, Bound)>) {
        let all: HashMap<IpAddr, Bound> = all.into_iter().map(|(a, bound)| (a.to_canonical(), Bound { by, ..bound })).collect();
        let its = |address: &Address| address.bound[teller as usize].is_some_and(|told| told.bound.by == by);
        let gone = self.addresses.iter().filter(|(a, place)| its(place) && !all.contains_key(a)).map(|(a, _)| *a);
        for address in gone.collect::<Vec<_>>() {
            self.unbind(address, teller);
        }
        for (address, bound) in all {
            self.bind(address, teller, bound);
        }
    }

    /// Which device an address is, by whoever is to be believed. `None`: nobody knows, or it is a router's.
    pub fn device_at(&self, address: IpAddr) -> Option<Mac> {
        self.told_of(self.addresses.get(&address.to_canonical())?).map(|told| told.bound.mac)
    }

    pub(super) fn sweep(&mut self) -> Option<u64> {
        let now = self.now.boot_ms;
        if self.next_end <= now {
            let mut ended = Vec::new();
            for (address, place) in &mut self.addresses {
                if drop_ended(&mut place.claims, now) {
                    self.touched.insert(*address);
                }
                if place.crowd_until.take_if(|until| *until <= now).is_some() {
                    self.touched.insert(*address);
                }
                for (teller, told) in [Teller::Lease, Teller::Radius, Teller::Neighbour].into_iter().zip(place.bound) {
                    if told.is_some_and(|told| told.bound.until_ms.is_some_and(|until| until <= now)) {
                        ended.push((*address, teller));
                    }
                }
            }
            for device in self.devices.values_mut() {
                if drop_ended(&mut device.claims, now) {
                    self.touched.extend(&device.addresses);
                }
            }
            ended.into_iter().for_each(|(address, teller)| self.unbind(address, teller));
            self.devices.retain(|_, device| device.told > 0 || !device.claims.is_empty());
            self.addresses.retain(|_, place| !place.is_empty());
            let of_addresses = self.addresses.values().flat_map(|place| {
                let bound = place.bound.iter().flatten().filter_map(|told| told.bound.until_ms);
                bound.chain(place.claims.iter().map(|said| said.claim.until_ms)).chain(place.crowd_until)
            });
            let of_devices = self.devices.values().flat_map(|d| d.claims.iter().map(|said| said.claim.until_ms));
            self.next_end = of_addresses.chain(of_devices).min().unwrap_or(u64::MAX);
        }
        (self.next_end != u64::MAX).then_some(self.next_end)
    }

    /// What follows for every address that was touched.
    pub(super) fn follows(&mut self) -> Vec<(IpAddr, Option<Here>)> {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().map(|address| (address, self.here(address))).collect()
    }

    fn here(&self, address: IpAddr) -> Option<Here> {
        let place = self.addresses.get(&address)?;
        let told = self.told_of(place);
        let device = told.and_then(|told| self.devices.get(&told.bound.mac));
        let now = self.now.boot_ms;
        let claims = place.claims.iter().chain(device.into_iter().flat_map(|d| &d.claims));
        let merged = merge(claims.filter(|said| said.claim.until_ms > now));
        let names = place.crowd_until.filter(|until| *until > now && merged.sitting.is_none());
        let crowd = if merged.crowd { Some(Crowd::SignedIn) } else { names.map(|_| Crowd::Names) };
        let mac = told.map(|told| told.bound.mac);
        let same = place.bound.iter().flatten().filter(|told| Some(told.bound.mac) == mac);
        let here = Here {
            mac,
            v4: device.filter(|_| address.is_ipv6()).and_then(Device::only_v4),
            since: same.filter_map(|told| told.since).min(),
            sitting: merged.sitting,
            label: merged.label,
            crowd,
        };
        (here != Here::default()).then_some(here)
    }

    fn told_of<'a>(&self, place: &'a Address) -> Option<&'a Told> {
        let device = |told: &&Told| self.devices.get(&told.bound.mac).is_some_and(|device| !device.many);
        place.bound.iter().rev().flatten().find(device)
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

    fn claims_at(&mut self, at: At) -> Option<(&mut Vec<Said>, (u64, At))> {
        let (at, now) = (self.place_of(at), self.now.boot_ms);
        let (places, devices) = (self.addresses.len(), self.devices.len());
        let claims = match at {
            At::Address(address) if places < MOST_PLACES || self.addresses.contains_key(&address) => {
                &mut self.addresses.entry(address).or_default().claims
            }
            At::Mac(mac) if devices < MOST_PLACES || self.devices.contains_key(&mac) => {
                &mut self.devices.entry(mac).or_default().claims
            }
            _ => return None,
        };
        Some((claims, (now, at)))
    }

    fn claims_if_any(&mut self, at: At) -> Option<(&mut Vec<Said>, (u64, At))> {
        let (at, now) = (self.place_of(at), self.now.boot_ms);
        let claims = match at {
            At::Address(address) => &mut self.addresses.get_mut(&address)?.claims,
            At::Mac(mac) => &mut self.devices.get_mut(&mac)?.claims,
        };
        Some((claims, (now, at)))
    }

    fn touch(&mut self, at: At) {
        match at {
            At::Address(address) => {
                self.touched.insert(address);
            }
            At::Mac(mac) => self.touched.extend(self.devices.get(&mac).into_iter().flat_map(|d| &d.addresses)),
        }
    }

    fn forget_if_empty(&mut self, at: At) {
        match at {
            At::Address(address) => {
                if self.addresses.get(&address).is_some_and(Address::is_empty) {
                    self.addresses.remove(&address);
                }
            }
            At::Mac(mac) => {
                if self.devices.get(&mac).is_some_and(|d| d.told == 0 && d.claims.is_empty()) {
                    self.devices.remove(&mac);
                }
            }
        }
    }

    fn join(&mut self, address: IpAddr, mac: Mac) {
        let device = self.devices.entry(mac).or_default();
        device.told += 1;
        if !device.many && !device.addresses.contains(&address) {
            device.addresses.push(address);
            // Which IPv4 address goes with the others may be another one now.
            self.touched.extend(&device.addresses);
            let v4 = device.addresses.iter().filter(|a| a.is_ipv4()).count();
            if v4 > MANY_V4 || device.addresses.len() > MOST_ADDRESSES {
                device.many = true;
                self.touched.extend(std::mem::take(&mut device.addresses));
            }
        }
    }

    fn leave(&mut self, address: IpAddr, mac: Mac) {
        let still = self.addresses.get(&address).is_some_and(|a| a.bound.iter().flatten().any(|told| told.bound.mac == mac));
        if let Some(device) = self.devices.get_mut(&mac) {
            device.told = device.told.saturating_sub(1);
            if !still {
                device.addresses.retain(|a| *a != address);
                self.touched.extend(&device.addresses);
            }
        }
        self.forget_if_empty(At::Mac(mac));
    }

    /// What was claimed at an address before its device was known becomes the device's; what is older is not this device's.
    fn attach(&mut self, address: IpAddr) {
        let Some(mac) = self.device_at(address) else { return };
        let Some(place) = self.addresses.get_mut(&address) else { return };
        let (claims, now) = (std::mem::take(&mut place.claims), self.now.boot_ms);
        let soon = claims.into_iter().filter(|said| now.saturating_sub(said.begun_ms) <= SOON_MS);
        let soon: Vec<_> = soon.collect();
        if let Some(device) = self.devices.get_mut(&mac).filter(|_| !soon.is_empty()) {
            soon.into_iter().for_each(|said| add(&mut device.claims, said));
            self.touch(At::Mac(mac));
        }
    }
}

impl Device {
    fn only_v4(&self) -> Option<Ipv4Addr> {
        let mut v4 = self.addresses.iter().filter_map(|address| match address {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        });
        v4.next().filter(|_| v4.next().is_none())
    }
}

impl Address {
    fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.crowd_until.is_none() && self.bound.iter().all(Option::is_none)
    }
}

fn said_at(claim: Claim, now_ms: u64) -> Said {
    Said { claim, begun_ms: now_ms, heard_ms: now_ms }
}

fn add(claims: &mut Vec<Said>, said: Said) {
    if claims.len() >= MOST_CLAIMS
        && let Some(first) = (0..claims.len()).min_by_key(|i| claims[*i].claim.until_ms)
    {
        claims.swap_remove(first);
    }
    claims.push(said);
}

fn drop_ended(claims: &mut Vec<Said>, now_ms: u64) -> bool {
    let before = claims.len();
    claims.retain(|said| said.claim.until_ms > now_ms);
    claims.len() != before
}
