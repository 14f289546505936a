//! Maps by what clients can choose: an address, a MAC. Fast, and nobody outside can choose such that share a bucket.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

pub(super) type KeyedMap<K, V> = HashMap<K, V, Keyed>;
pub(super) type KeyedSet<K> = HashSet<K, Keyed>;

/// Two multiplications by numbers that nobody outside knows, for each 16 bytes. All of them hash alike: addresses that are near each
/// other in one map are so in the next, and whoever goes through one of them in its order finds the others' memory at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyed(u64, u64);

impl Default for Keyed {
    fn default() -> Self {
        static ALL: OnceLock<Keyed> = OnceLock::new();
        *ALL.get_or_init(|| {
            let random = RandomState::new();
            Self(random.hash_one(1), random.hash_one(2))
        })
    }
}

pub(super) struct Folded {
    keyed: Keyed,
    hash: u64,
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    #[inline]
    fn build_hasher(&self) -> Folded {
        Folded { keyed: *self, hash: 0 }
    }
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl Hasher for Folded {
    #[inline]
    fn write_u128(&mut self, key: u128) {
        let Keyed(a, b) = self.keyed;
        let (low, high) = (key as u64, (key >> 64) as u64);
        self.hash = fold(fold(low ^ a ^ self.hash, high ^ b) ^ a, b | 1);
    }

    /// Which variant of an enum it is, and how many bytes follow: small numbers, which the bytes that follow are mixed with.
    #[inline]
    fn write_usize(&mut self, small: usize) {
        self.hash = self.hash.rotate_left(8) ^ small as u64;
    }

    #[inline]
    fn write_isize(&mut self, small: isize) {
        self.write_usize(small as usize);
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(16) {
            let mut whole = [0; 16];
            whole[..part.len()].copy_from_slice(part);
            self.write_u128(u128::from_le_bytes(whole));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}
