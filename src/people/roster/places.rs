//! What the doors read: address → who is there, in shards that are swapped one at a time.

use crate::words::{Confidence, DeviceId, Known, Mac, PersonId, Since};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Of 150,000 addresses some 600 are copied when one of them changes.
const SHARDS: usize = 256;

/// What is known of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Here {
    /// The device's, where it is one.
    pub mac: Option<Mac>,
    /// Of an IPv6 address: the one IPv4 address that the device has as well.
    pub v4: Option<Ipv4Addr>,
    /// Since when it has been at this address.
    pub since: Option<Since>,
    /// Who is signed in.
    pub sitting: Option<Sitting>,
    /// Which device of the register it calls itself.
    pub label: Option<DeviceId>,
    /// Many are behind it.
    pub crowd: Option<Crowd>,
}

/// By what it is seen that many are behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crowd {
    /// Several people are signed in at once.
    SignedIn,
    /// It asks for what many machines ask for.
    Names,
}

/// Who is signed in somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    pub person: PersonId,
    pub known: Known,
    pub sure: Confidence,
    pub since: Option<Since>,
}

/// An address as one number, IPv4 as it is mapped into IPv6.
type Key = u128;

fn key(address: IpAddr) -> Key {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

type Shard = HashMap<Key, Here, Keyed>;

#[derive(Debug)]
pub(super) struct Places {
    shards: Box<[ArcSwap<Shard>]>,
    keyed: Keyed,
}

impl Default for Places {
    fn default() -> Self {
        let keyed = Keyed::default();
        let shard = || ArcSwap::from_pointee(Shard::with_hasher(keyed));
        Self { shards: std::iter::repeat_with(shard).take(SHARDS).collect(), keyed }
    }
}

impl Places {
    pub fn get(&self, address: IpAddr) -> Option<Here> {
        let key = key(address);
        self.shards[self.shard(key)].load().get(&key).copied()
    }

    /// Puts these in force; `None` takes an address out. True: something is otherwise than before.
    pub fn put(&self, changes: Vec<(IpAddr, Option<Here>)>) -> bool {
        let otherwise = |(address, here): &(IpAddr, Option<Here>)| self.get(*address) != *here;
        let mut changes: Vec<_> = changes.into_iter().filter(otherwise).map(|(a, here)| (key(a), here)).collect();
        changes.sort_by_key(|(key, _)| self.shard(*key));
        for of_shard in changes.chunk_by(|(a, _), (b, _)| self.shard(*a) == self.shard(*b)) {
            let Some((first, _)) = of_shard.first() else { continue };
            let shard = &self.shards[self.shard(*first)];
            let mut next = Shard::clone(&shard.load());
            for (key, here) in of_shard {
                match here {
                    Some(here) => next.insert(*key, *here),
                    None => next.remove(key),
                };
            }
            if next.capacity() > 4 * next.len() {
                next.shrink_to_fit();
            }
            shard.store(Arc::new(next));
        }
        !changes.is_empty()
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().len()).sum()
    }

    pub fn each(&self, mut with: impl FnMut(&Here)) {
        self.shards.iter().for_each(|shard| shard.load().values().for_each(&mut with));
    }

    pub fn all<T>(&self, which: impl Fn(&Here) -> Option<T>) -> Vec<(IpAddr, T)> {
        let of = |shard: &ArcSwap<Shard>| {
            let shard = shard.load();
            let found = shard.iter().filter_map(|(key, here)| Some((IpAddr::V6((*key).into()).to_canonical(), which(here)?)));
            found.collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(of).collect()
    }

    fn shard(&self, key: Key) -> usize {
        // Other bits than a shard's own map goes by.
        (self.keyed.hash_one(key) >> 32) as usize % SHARDS
    }
}

/// Two multiplications by numbers that nobody outside knows: addresses come from clients, who could else choose such that share
/// a bucket.
#[derive(Debug, Clone, Copy)]
struct Keyed(u64, u64);

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(1), random.hash_one(2))
    }
}

struct Folded {
    keyed: Keyed,
    hash: u64,
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { keyed: *self, hash: 0 }
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl Hasher for Folded {
    fn write_u128(&mut self, key: u128) {
        let Keyed(a, b) = self.keyed;
        self.hash = fold(fold(key as u64 ^ a, (key >> 64) as u64 ^ b) ^ a, b | 1);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u128(u128::from(self.hash) << 8 | u128::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}
