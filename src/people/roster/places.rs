//! What the doors read: address → who is there, without a lock and without waiting for whoever writes. See decision 0033.
//!
//! A table of chains. A chain is never changed: whoever changes something in it writes it anew into free slots and swaps its head,
//! a number and where the chain begins. A slot that is free again may be written while somebody still reads it; a reader looks at the
//! head again after each slot, and begins anew when it is another.

use super::here::{Here, Packed};
use crate::people::keyed::Keyed;
use crate::people::seats::Seated;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Of 60,000 addresses one has a chain for itself, of the most that are kept four share one: so many are looked through, and written
/// anew when one of them changes. The heads take 512 KB.
const HEADS: usize = 65_536;
/// Slots come in blocks of so many, 64 KB, when they are needed.
const BLOCK: usize = 1024;
/// More slots than the book tells of addresses, and than a chain that is written anew takes beside them.
const BLOCKS: usize = 1024;

/// An address as one number, IPv4 as it is mapped into IPv6.
type Key = u128;

fn key(address: IpAddr) -> Key {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn address(key: Key) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(key)).to_canonical()
}

/// Where a slot is, from one on; 0 is the end of a chain.
type Place = u32;

/// What is known of an address, with what the register says of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::people) struct Found {
    pub here: Here,
    pub seated: Seated,
}

/// One address: a line of the processor's cache. The key, what is known, how it is seated, where the chain goes on.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot([AtomicU64; 8]);

struct Read {
    key: Key,
    packed: Packed,
    person: u32,
    next: Place,
}

impl Read {
    fn found(&self) -> Found {
        let [.., rest] = self.packed;
        Found { here: Here::unpacked(self.packed), seated: Seated::unpacked((rest >> 8, self.person)) }
    }
}

impl Slot {
    fn read(&self) -> Read {
        let [low, high, a, b, c, d, e, next] = &self.0;
        let of = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let key = u128::from(of(low)) | u128::from(of(high)) << 64;
        let last = of(next);
        Read { key, packed: [of(a), of(b), of(c), of(d), of(e)], person: (last >> 32) as u32, next: last as Place }
    }

    fn write(&self, key: Key, found: &Found, next: Place) {
        let ([a, b, c, d, e], (seated, person)) = (found.here.packed(), found.seated.packed());
        let last = u64::from(next) | u64::from(person) << 32;
        let words = [key as u64, (key >> 64) as u64, a, b, c, d, e | seated << 8, last];
        self.0.iter().zip(words).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
    }
}

/// Slots that no chain leads to: some that one did, and all from the last one that was ever taken.
#[derive(Debug, Default)]
struct Free {
    again: Vec<Place>,
    taken: Place,
}

#[derive(Debug)]
pub(super) struct Places {
    /// The upper half counts how often the chain was swapped, the lower one is its first [`Place`].
    heads: Box<[AtomicU64]>,
    blocks: Box<[OnceLock<Box<[Slot]>>]>,
    /// Held by whoever writes.
    free: Mutex<Free>,
    keyed: Keyed,
}

impl Default for Places {
    fn default() -> Self {
        Self::of(HEADS, BLOCKS)
    }
}

impl Places {
    fn of(heads: usize, blocks: usize) -> Self {
        Self {
            heads: (0..heads).map(|_| AtomicU64::new(0)).collect(),
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
            free: Mutex::default(),
            keyed: Keyed::default(),
        }
    }

    /// Waits for nobody: a change that is being made does not count, and one that was made meanwhile is read.
    pub fn get(&self, address: IpAddr) -> Option<Found> {
        let key = key(address);
        let head = &self.heads[self.head(key)];
        loop {
            if let Some(found) = self.walk(head, |read| (read.key == key).then(|| read.found())) {
                return found;
            }
        }
    }

    /// Goes along a chain until something is found. `None`: it was swapped meanwhile; what has been seen until then was so.
    fn walk<T>(&self, head: &AtomicU64, mut find: impl FnMut(&Read) -> Option<T>) -> Option<Option<T>> {
        let seen = head.load(Ordering::Acquire);
        let mut next = seen as Place;
        while let Some(slot) = self.slot(next) {
            let read = slot.read();
            // Before the head is looked at again: what was read of the slot. Pairs with the fence of `swap`.
            fence(Ordering::Acquire);
            if head.load(Ordering::Relaxed) != seen {
                return None;
            }
            if let Some(found) = find(&read) {
                return Some(Some(found));
            }
            next = read.next;
        }
        Some(None)
    }

    fn slot(&self, place: Place) -> Option<&Slot> {
        let index = (place as usize).checked_sub(1)?;
        self.blocks.get(index / BLOCK)?.get()?.get(index % BLOCK)
    }

    /// Puts in force what `found` says of these addresses, each of them once; `None` takes an address out. True: something is
    /// otherwise than before.
    pub fn put(&self, addresses: impl Iterator<Item = IpAddr>, found: impl Fn(IpAddr) -> Option<Found>) -> bool {
        let mut keys: Vec<(usize, Key)> = addresses.map(key).map(|key| (self.head(key), key)).collect();
        keys.sort_unstable();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut chain, mut otherwise) = (Vec::new(), false);
        for of_head in keys.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((head, _)) = of_head.first() else { continue };
            self.chain(*head, &mut chain);
            let mut changed = false;
            for (_, key) in of_head {
                let (before, now) = (chain.iter().position(|(other, _)| other == key), found(address(*key)));
                changed |= before.map(|at| chain[at].1) != now;
                match (before, now) {
                    (Some(at), Some(now)) => chain[at].1 = now,
                    (Some(at), None) => drop(chain.swap_remove(at)),
                    (None, now) => chain.extend(now.map(|now| (*key, now))),
                }
            }
            if changed {
                self.swap(*head, &chain, &mut free);
                otherwise = true;
            }
        }
        otherwise
    }

    /// Writes a chain into free slots and lets its head lead to it; what it led to before is free.
    fn swap(&self, head: usize, chain: &[(Key, Found)], free: &mut Free) {
        let head = &self.heads[head];
        let before = head.load(Ordering::Relaxed);
        let mut first = 0;
        for (key, found) in chain {
            // There are more slots than the book tells of addresses.
            let Some((place, slot)) = self.take(free) else { break };
            slot.write(*key, found, first);
            first = place;
        }
        let count = (before >> 32).wrapping_add(1);
        head.store(count << 32 | u64::from(first), Ordering::Release);
        // Before a slot that is free now is written again: the head that no longer leads to it. Pairs with the fence of `walk`.
        fence(Ordering::Release);
        let mut next = before as Place;
        while let Some(slot) = self.slot(next) {
            free.again.push(next);
            next = slot.read().next;
        }
    }

    fn take(&self, free: &mut Free) -> Option<(Place, &Slot)> {
        let place = free.again.pop().unwrap_or(free.taken + 1);
        let index = place as usize - 1;
        let block = self.blocks.get(index / BLOCK)?.get_or_init(|| (0..BLOCK).map(|_| Slot::default()).collect());
        free.taken = free.taken.max(place);
        Some((place, &block[index % BLOCK]))
    }

    /// All that share a head, as they were at one moment.
    fn chain(&self, head: usize, into: &mut Vec<(Key, Found)>) {
        loop {
            into.clear();
            let whole = self.walk(&self.heads[head], |read| {
                into.push((read.key, read.found()));
                None::<()>
            });
            if whole.is_some() {
                return;
            }
        }
    }

    /// Seats everybody anew.
    pub fn seat(&self, seat: impl Fn(IpAddr, &Here) -> Seated) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = Vec::new();
        for head in 0..self.heads.len() {
            self.chain(head, &mut chain);
            if !chain.is_empty() {
                chain.iter_mut().for_each(|(key, found)| found.seated = seat(address(*key), &found.here));
                self.swap(head, &chain, &mut free);
            }
        }
    }

    pub fn each(&self, mut with: impl FnMut(IpAddr, &Here)) {
        let mut chain = Vec::new();
        for head in 0..self.heads.len() {
            self.chain(head, &mut chain);
            chain.iter().for_each(|(key, found)| with(address(*key), &found.here));
        }
    }

    pub fn len(&self) -> usize {
        let mut count = 0;
        self.each(|_, _| count += 1);
        count
    }

    fn head(&self, key: Key) -> usize {
        let upper = self.keyed.hash_one(key) >> 32;
        ((upper * self.heads.len() as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests;
