//! A binary fuse filter of 16 bits a name (Graf and Lemire, 'Binary Fuse Filters', ACM JEA 2022): three reads say whether a
//! name may be stored. It never misses a stored name, and takes 1 of 65,536 others for one.
//!
//! 16 bits rather than 8 because a miss must touch nothing else: the filter is 2.3 bytes a name and stays in memory, the
//! names may be on a slow card. It is made in shards, by the first bits of a name's hash, so that making it takes the memory of
//! two shards and not of all names, and stays within a processor's cache.

use std::num::NonZero;
use std::ops::Range;

/// Most names of a shard: making one takes about 12 MB.
const MOST_IN_SHARD: usize = 1 << 18;
/// Most shards a header may tell of: 4 thousand million names.
const MOST_SHARDS: usize = 1 << 14;

/// What is needed to ask a filter, beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lists) struct Shape {
    /// A power of two.
    pub segment: u32,
    /// How many segments of a shard a name's first place may lie in; two more follow.
    pub segments: u32,
    /// Of each shard. All have the same size, that of the largest: hashes spread evenly.
    pub seeds: Vec<u64>,
}

/// A filter that has just been made.
pub(in crate::lists) struct Fuse {
    pub shape: Shape,
    /// 16-bit fingerprints, little-endian.
    pub bytes: Vec<u8>,
}

impl Shape {
    /// The shape of shards of at most so many names. Integer arithmetic: the same on every machine.
    fn for_names(names: usize, shards: usize) -> Self {
        // The paper's segment length: 2^floor(log(n) / log(3.33) + 2.25), at most 2^18.
        let mut log = 2;
        let mut reaches: u64 = 246; // 100 · 3.33^0.75: from here on 2^3
        while (names as u64).saturating_mul(100) >= reaches && log < 18 {
            log += 1;
            reaches = reaches * 333 / 100;
        }
        let segment = 1u32 << log;
        // Its size: n · max(1.125, 0.875 + 0.25 · log(10^6) / log(n)); 0.25 · log2(10^6) is 4.983.
        let n = names.max(2) as u64;
        let small = n * 875 / 1000 + n * 4983 / (1000 * u64::from(n.ilog2()));
        let capacity = small.max(n * 1125 / 1000);
        let segments = capacity.div_ceil(u64::from(segment)).saturating_sub(2).max(1) as u32;
        Self { segment, segments, seeds: vec![FIRST_SEED; shards] }
    }

    /// How many fingerprints a shard has.
    fn places(&self) -> u64 {
        (u64::from(self.segments) + 2) * u64::from(self.segment)
    }

    /// How many bytes the whole filter has.
    pub fn bytes(&self) -> u64 {
        self.places().saturating_mul(2 * self.seeds.len() as u64)
    }

    /// Whether a header's numbers are those of a filter.
    pub fn is_sound(&self) -> bool {
        let shards = 1..=MOST_SHARDS;
        self.segment.is_power_of_two() && self.segment <= 1 << 18 && self.segments > 0 && shards.contains(&self.seeds.len())
    }

    /// The shard of a hash: its first bits, for any number of shards.
    fn shard(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.seeds.len() as u128) >> 64) as usize
    }

    /// The three places of a seeded hash within its shard: one in each of three neighbouring segments.
    fn three(&self, seeded: u64) -> [usize; 3] {
        let span = u64::from(self.segments) * u64::from(self.segment);
        let first = ((u128::from(seeded) * u128::from(span)) >> 64) as u64;
        let (segment, mask) = (u64::from(self.segment), u64::from(self.segment) - 1);
        let second = (first + segment) ^ ((seeded >> 18) & mask);
        let third = (first + 2 * segment) ^ (seeded & mask);
        [first as usize, second as usize, third as usize]
    }

    /// Whether a name of this hash may be stored. A filter whose bytes are missing says yes: the names are asked.
    pub fn may_hold(&self, bytes: &[u8], hash: u64) -> bool {
        let shard = self.shard(hash);
        let Some(seed) = self.seeds.get(shard) else { return true };
        let (seeded, start) = (seeded(hash, *seed), shard * self.places() as usize);
        let (places, _) = bytes.as_chunks::<2>();
        let mut left = fingerprint(seeded);
        for at in self.three(seeded) {
            match places.get(start + at) {
                Some(place) => left ^= u16::from_le_bytes(*place),
                None => return true,
            }
        }
        left == 0
    }
}

const FIRST_SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed to try after one with which it could not be made.
fn next_seed(seed: u64) -> u64 {
    seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1)
}

fn seeded(hash: u64, seed: u64) -> u64 {
    // The finaliser of MurmurHash3.
    let mut h = hash.wrapping_add(seed);
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

fn fingerprint(seeded: u64) -> u16 {
    (seeded ^ (seeded >> 32)) as u16
}

/// Makes the filter over these name hashes, on two cores if there are two. Two names of one hash are one to it.
pub(in crate::lists) fn build(mut hashes: Vec<u64>) -> Fuse {
    hashes.sort_unstable();
    hashes.dedup();
    let shards = hashes.len().div_ceil(MOST_IN_SHARD).max(1);
    let mut shape = Shape::for_names(0, shards);
    let ranges = shard_ranges(&shape, &hashes);
    shape = Shape::for_names(ranges.iter().map(Range::len).max().unwrap_or_default(), shards);
    let mut bytes = vec![0; shape.bytes() as usize];
    let places = shape.places() as usize;
    let plain = shape.clone();
    let shards = ranges.into_iter().zip(shape.seeds.iter_mut()).zip(bytes.chunks_exact_mut(2 * places));
    let work = shards.map(|((range, seed), bytes)| Shard { range, seed, bytes });
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    let alone = std::thread::available_parallelism().map_or(1, NonZero::get) == 1;
    for (number, work) in work.enumerate() {
        if alone || number % 2 == 0 { mine.push(work) } else { theirs.push(work) }
    }
    let make = |work: Vec<Shard>| {
        for Shard { range, seed, bytes } in work {
            // Each try fails less than once in ten for any size, so an end is certain: the hashes are distinct.
            while !attempt(&plain, *seed, &hashes[range.clone()], bytes) {
                *seed = next_seed(*seed);
            }
        }
    };
    std::thread::scope(|scope| {
        if !theirs.is_empty() {
            scope.spawn(|| make(theirs));
        }
        make(mine);
    });
    Fuse { shape, bytes }
}

/// What is made of one shard, and where.
struct Shard<'a> {
    range: Range<usize>,
    seed: &'a mut u64,
    bytes: &'a mut [u8],
}

/// Where the hashes of each shard stand among sorted ones.
fn shard_ranges(shape: &Shape, hashes: &[u64]) -> Vec<Range<usize>> {
    let mut from = 0;
    let ranges = (0..shape.seeds.len()).map(|shard| {
        let start = from;
        from += hashes[from..].partition_point(|&h| shape.shard(h) <= shard);
        start..from
    });
    ranges.collect()
}

/// Peels the hypergraph of names and places: a place that only one name uses is that name's; then the name is taken away.
/// Whether it came out even; then the fingerprints stand in `bytes`, which were zero.
fn attempt(shape: &Shape, seed: u64, hashes: &[u64], bytes: &mut [u8]) -> bool {
    let places = shape.places() as usize;
    let mut hashes: Vec<u64> = hashes.iter().map(|&h| seeded(h, seed)).collect();
    // In order of places: neighbours in memory are worked on together.
    hashes.sort_unstable();
    // How many names use a place, and their hashes together.
    let mut users = vec![(0u32, 0u64); places];
    for &hash in &hashes {
        for at in shape.three(hash) {
            users[at].0 += 1;
            users[at].1 ^= hash;
        }
    }
    let mut alone: Vec<u32> = (0..places as u32).filter(|&at| users[at as usize].0 == 1).collect();
    let mut order: Vec<(u64, u32)> = Vec::with_capacity(hashes.len());
    while let Some(place) = alone.pop() {
        let (count, hash) = users[place as usize];
        if count != 1 {
            continue;
        }
        order.push((hash, place));
        for at in shape.three(hash) {
            users[at].0 -= 1;
            users[at].1 ^= hash;
            if users[at].0 == 1 {
                alone.push(at as u32);
            }
        }
    }
    if order.len() != hashes.len() {
        return false;
    }
    let (fingerprints, _) = bytes.as_chunks_mut::<2>();
    for &(hash, place) in order.iter().rev() {
        // Its own place is still zero, so the three together give what it must hold.
        let held = |left, at| left ^ u16::from_le_bytes(fingerprints[at]);
        let held = shape.three(hash).into_iter().fold(fingerprint(hash), held);
        fingerprints[place as usize] = held.to_le_bytes();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(n: u64, parent: &str) -> Vec<u64> {
        (0..n).map(|i| super::super::hash::name_hash(format!("{parent}.name{i}").as_bytes())).collect()
    }

    #[test]
    fn a_stored_name_is_never_missed() {
        for n in [0, 1, 2, 3, 5, 10, 100, 1000, 20_000, 600_000] {
            let stored = hashes(n, "com");
            let Fuse { shape, bytes } = build(stored.clone());
            assert!(shape.is_sound());
            assert_eq!(bytes.len() as u64, shape.bytes(), "{n}");
            assert!(stored.iter().all(|&h| shape.may_hold(&bytes, h)), "{n}");
        }
    }

    #[test]
    fn few_others_are_taken_for_one_and_a_name_costs_little() {
        let Fuse { shape, bytes } = build(hashes(100_000, "com"));
        let wrong = hashes(200_000, "org").into_iter().filter(|&h| shape.may_hold(&bytes, h)).count();
        assert!(wrong < 20, "3 expected, {wrong} seen");
        assert!(bytes.len() < 250_000, "{}", bytes.len());
    }

    #[test]
    fn the_same_name_twice_does_no_harm() {
        let twice = [hashes(50, "com"), hashes(50, "com")].concat();
        let Fuse { shape, bytes } = build(twice.clone());
        assert!(twice.iter().all(|&h| shape.may_hold(&bytes, h)));
        assert!(shape.may_hold(&[], 7), "without its bytes it never says no");
    }
}
