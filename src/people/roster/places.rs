//! What the doors read: address → who is there, in shards that are swapped one at a time.

use crate::people::keyed::Keyed;
use crate::words::{Confidence, DeviceId, Known, Mac, PersonId, Since};
use arc_swap::ArcSwap;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Of 60,000 addresses one has one for itself, of the most that are kept four share one: so many are looked through, and copied when
/// one of them changes. The table takes 512 KB. See decision 0033.
const SHARDS: usize = 65_536;

/// What is known of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Here {
    /// The device's, where it is one.
    pub mac: Option<Mac>,
    /// Of an IPv6 address: the IPv4 addresses that the device has as well, the newest first; of more than two those.
    pub v4: [Option<Ipv4Addr>; 2],
    /// Since when it has been at this address.
    pub since: Option<Since>,
    /// Who is signed in.
    pub sitting: Option<Sitting>,
    /// Which device of the register it calls itself.
    pub label: Option<DeviceId>,
    /// Many are behind it.
    pub crowd: Option<Crowd>,
}

impl Here {
    /// The IPv4 address of the same device, if it has one and no more.
    pub fn only_v4(&self) -> Option<Ipv4Addr> {
        let [one, another] = self.v4;
        one.filter(|_| another.is_none())
    }
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

fn address(key: Key) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(key)).to_canonical()
}

/// Addresses that share a place in the table, in no order, and so few that they are looked through. Most are alone, and lie where the
/// table leads to: a look-up waits for memory once less.
#[derive(Debug, Default)]
struct Shard {
    first: Option<(Key, Here)>,
    more: Box<[(Key, Here)]>,
}

impl Shard {
    fn iter(&self) -> impl Iterator<Item = &(Key, Here)> {
        self.first.iter().chain(&self.more)
    }

    fn get(&self, key: Key) -> Option<&Here> {
        match &self.first {
            // The rest lies in memory that is not waited for.
            Some((first, here)) if *first == key => Some(here),
            _ => self.more.iter().find(|(other, _)| *other == key).map(|(_, here)| here),
        }
    }

    /// The same with these changes, each key once; `None`: they change nothing.
    fn with(&self, changes: &[(Key, Option<Here>)]) -> Option<Self> {
        if changes.iter().all(|(key, here)| self.get(*key) == here.as_ref()) {
            return None;
        }
        let stays = |(key, _): &(Key, Here)| changes.iter().all(|(changed, _)| changed != key);
        let changed = changes.iter().filter_map(|(key, here)| Some((*key, (*here)?)));
        let mut next = self.iter().copied().filter(stays).chain(changed);
        Some(Self { first: next.next(), more: next.collect() })
    }
}

#[derive(Debug)]
pub(super) struct Places {
    shards: Box<[ArcSwap<Shard>]>,
    keyed: Keyed,
}

impl Default for Places {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        let shards = (0..SHARDS).map(|_| ArcSwap::new(empty.clone())).collect();
        Self { shards, keyed: Keyed::default() }
    }
}

impl Places {
    pub fn get(&self, address: IpAddr) -> Option<Here> {
        self.with(address, |here| here.copied())
    }

    /// Reads what is known of an address where it lies, while its bucket is held: a copy would be written and read again at once.
    pub fn with<T>(&self, address: IpAddr, read: impl FnOnce(Option<&Here>) -> T) -> T {
        let key = key(address);
        read(self.shards[self.shard(key)].load().get(key))
    }

    /// Puts in force what `here` says of these addresses, each of them once; `None` takes an address out. True: something is
    /// otherwise than before.
    pub fn put(&self, addresses: impl Iterator<Item = IpAddr>, here: impl Fn(IpAddr) -> Option<Here>) -> bool {
        let mut keys: Vec<(usize, Key)> = addresses.map(key).map(|key| (self.shard(key), key)).collect();
        keys.sort_unstable();
        let mut otherwise = false;
        for of_shard in keys.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(shard) = of_shard.first().map(|(shard, _)| &self.shards[*shard]) else { continue };
            let changes: Vec<_> = of_shard.iter().map(|(_, key)| (*key, here(address(*key)))).collect();
            if let Some(next) = shard.load().with(&changes) {
                shard.store(Arc::new(next));
                otherwise = true;
            }
        }
        otherwise
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().iter().count()).sum()
    }

    pub fn each(&self, mut with: impl FnMut(&Here)) {
        self.shards.iter().for_each(|shard| shard.load().iter().for_each(|(_, here)| with(here)));
    }

    pub fn all<T>(&self, which: impl Fn(&Here) -> Option<T>) -> Vec<(IpAddr, T)> {
        let of = |shard: &ArcSwap<Shard>| {
            let shard = shard.load();
            shard.iter().filter_map(|(key, here)| Some((address(*key), which(here)?))).collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(of).collect()
    }

    fn shard(&self, key: Key) -> usize {
        let upper = self.keyed.hash_one(key) >> 32;
        ((upper * self.shards.len() as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Whatever is put in whatever order: what is read is what was put last.
        #[test]
        fn what_is_read_is_what_was_put_last(batches in proptest::collection::vec(
            proptest::collection::btree_map(0..40u32, proptest::option::of(1..5u32), 0..20), 0..12)) {
            let (places, mut plain) = (Places { shards: (0..4).map(|_| ArcSwap::default()).collect(), keyed: Keyed::default() }, BTreeMap::new());
            let address = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(n));
            for batch in batches {
                let here = |n: u32| batch.get(&n).copied().flatten().map(|label| Here { label: Some(DeviceId(label)), ..Here::default() });
                let before = plain.clone();
                let of = |a: IpAddr| match a { IpAddr::V4(v4) => here(v4.to_bits()), IpAddr::V6(_) => None };
                let otherwise = places.put(batch.keys().map(|n| address(*n)), of);
                for n in batch.keys() {
                    match here(*n) {
                        Some(here) => plain.insert(*n, here),
                        None => plain.remove(n),
                    };
                }
                prop_assert_eq!(otherwise, before != plain);
                prop_assert_eq!(places.len(), plain.len());
                for n in 0..40 {
                    prop_assert_eq!(places.get(address(n)), plain.get(&n).copied());
                }
            }
        }
    }
}
