//! A binary fuse filter of 16 bits a name (Graf and Lemire, 'Binary Fuse Filters', ACM JEA 2022): three reads say whether a
//! name may be stored. It never misses a stored name, and takes 1 of 65,536 others for one.
//!
//! 16 bits rather than 8 because a miss must touch nothing else: the filter is 2.3 bytes a name and stays in memory, the
//! names may be on a slow card.
//!
//! At the same places stand hints: three reads more say in which block a stored name stands (the same construction, with the
//! block's number instead of a fingerprint). A hint decides nothing: for a name that is not stored it is any number.
//!
//! - [`make`] hashes → filter and hints

mod make;

use super::touch;

pub(in crate::lists) use make::build;

/// Most shards a header may tell of: 4 thousand million names.
const MOST_SHARDS: usize = 1 << 14;
/// Most bits of a hint: blocks have numbers of 32 bits.
const MOST_HINT_BITS: u8 = 32;

/// What is needed to ask a filter, beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lists) struct Shape {
    /// A power of two.
    pub segment: u32,
    /// How many segments of a shard a name's first place may lie in; two more follow.
    pub segments: u32,
    /// Bits of a hint: enough for the number of the last block.
    pub hint_bits: u8,
    /// Of each shard. All have the same size, that of the largest: hashes spread evenly.
    pub seeds: Vec<u64>,
}

/// Filter and hints that have just been made.
pub(in crate::lists) struct Fuse {
    pub shape: Shape,
    /// 16-bit fingerprints, little-endian.
    pub filter: Vec<u8>,
    /// Of each shard its hints, bit after bit from the lowest on, and 8 bytes more, so that one read reads a hint.
    pub hints: Vec<u8>,
}

impl Shape {
    /// How many fingerprints a shard has, and how many hints.
    fn places(&self) -> u64 {
        (u64::from(self.segments) + 2) * u64::from(self.segment)
    }

    /// How many bytes the whole filter has.
    pub fn filter_bytes(&self) -> u64 {
        self.places().saturating_mul(2 * self.seeds.len() as u64)
    }

    /// How many bytes the hints of a shard have.
    fn shard_hint_bytes(&self) -> u64 {
        self.places().saturating_mul(self.hint_bits.into()).div_ceil(8).saturating_add(8)
    }

    /// How many bytes all hints have.
    pub fn hint_bytes(&self) -> u64 {
        self.shard_hint_bytes().saturating_mul(self.seeds.len() as u64)
    }

    /// Whether a header's numbers are those of a filter.
    pub fn is_sound(&self) -> bool {
        let shards = 1..=MOST_SHARDS;
        self.segment.is_power_of_two()
            && self.segment <= 1 << 18
            && self.segments > 0
            && self.hint_bits <= MOST_HINT_BITS
            && shards.contains(&self.seeds.len())
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
    pub fn may_hold(&self, filter: &[u8], hash: u64) -> bool {
        let shard = self.shard(hash);
        let Some(seed) = self.seeds.get(shard) else { return true };
        let (seeded, start) = (seeded(hash, *seed), shard * self.places() as usize);
        let (places, _) = filter.as_chunks::<2>();
        let mut left = fingerprint(seeded);
        for at in self.three(seeded) {
            match places.get(start + at) {
                Some(place) => left ^= u16::from_le_bytes(*place),
                None => return true,
            }
        }
        left == 0
    }

    /// Asks memory for what [`Shape::may_hold`] reads.
    pub fn touch(&self, filter: &[u8], hash: u64) {
        let shard = self.shard(hash);
        let Some(seed) = self.seeds.get(shard) else { return };
        let start = shard * self.places() as usize;
        self.three(seeded(hash, *seed)).into_iter().for_each(|at| touch(filter, 2 * (start + at)));
    }

    /// Asks memory for what [`Shape::hint`] reads.
    pub fn touch_hint(&self, hints: &[u8], hash: u64) {
        let shard = self.shard(hash);
        let Some(seed) = self.seeds.get(shard) else { return };
        let start = shard * self.shard_hint_bytes() as usize;
        self.three(seeded(hash, *seed)).into_iter().for_each(|at| touch(hints, start + at * usize::from(self.hint_bits) / 8));
    }

    /// In which block the name of this hash stands, if it is stored. `None`: bytes are missing.
    pub fn hint(&self, hints: &[u8], hash: u64) -> Option<usize> {
        let shard = self.shard(hash);
        let seeded = seeded(hash, *self.seeds.get(shard)?);
        let of_shard = hints.get(shard * self.shard_hint_bytes() as usize..)?;
        let mut block = 0;
        for at in self.three(seeded) {
            let bit = at * usize::from(self.hint_bits);
            block ^= u64::from_le_bytes(*of_shard.get(bit / 8..)?.first_chunk()?) >> (bit % 8);
        }
        Some((block & ((1 << self.hint_bits) - 1)) as usize)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 16 names, but for one of none and one of the rest.
    fn in_block(names: usize) -> Vec<u8> {
        let mut counts = vec![16; names / 16];
        counts.extend([0, (names % 16) as u8]);
        counts
    }

    fn block(number: usize, names: usize) -> usize {
        if number < names / 16 * 16 { number / 16 } else { names / 16 + 1 }
    }

    fn hashes(n: u64, parent: &str) -> Vec<u64> {
        (0..n).map(|i| super::super::hash::name_hash(format!("{parent}.name{i}").as_bytes())).collect()
    }

    #[test]
    fn a_stored_name_is_never_missed_and_its_block_is_told() {
        for n in [0, 1, 2, 3, 5, 10, 17, 100, 1000, 20_000, 600_000] {
            let stored = hashes(n, "com");
            let Fuse { shape, filter, hints } = build(&stored, &in_block(stored.len()));
            assert!(shape.is_sound());
            assert_eq!((filter.len() as u64, hints.len() as u64), (shape.filter_bytes(), shape.hint_bytes()), "{n}");
            assert!(stored.iter().all(|&h| shape.may_hold(&filter, h)), "{n}");
            let told = stored.iter().enumerate().all(|(number, &h)| shape.hint(&hints, h) == Some(block(number, stored.len())));
            assert!(told, "{n}");
        }
    }

    #[test]
    fn few_others_are_taken_for_one_and_a_name_costs_little() {
        let Fuse { shape, filter, hints } = build(&hashes(100_000, "com"), &in_block(100_000));
        let wrong = hashes(200_000, "org").into_iter().filter(|&h| shape.may_hold(&filter, h)).count();
        assert!(wrong < 20, "3 expected, {wrong} seen");
        assert!(filter.len() < 250_000, "{}", filter.len());
        // 13 bits a name for 6250 blocks.
        assert!(hints.len() < 205_000, "{}", hints.len());
    }

    #[test]
    fn the_same_name_twice_does_no_harm() {
        let twice = [hashes(50, "com"), hashes(50, "com")].concat();
        let Fuse { shape, filter, hints } = build(&twice, &in_block(100));
        assert!(twice.iter().all(|&h| shape.may_hold(&filter, h)));
        assert!((0..50).all(|number| shape.hint(&hints, twice[number]) == Some(number / 16)), "the first one's block");
        assert!(shape.may_hold(&[], 7), "without its bytes it never says no");
        assert_eq!(shape.hint(&[], 7), None);
    }
}
