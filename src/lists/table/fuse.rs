//! A binary fuse filter of 16 bits a name (Graf and Lemire, 'Binary Fuse Filters', ACM JEA 2022): three reads say whether a
//! name may be stored. It never misses a stored name, and takes 1 of 65,536 others for one.
//!
//! 16 bits rather than 8 because a miss must touch nothing else: the filter is 2.3 bytes a name and stays in memory, the
//! names may be on a slow card.

/// What is needed to ask a filter, beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lists) struct Shape {
    pub seed: u64,
    /// A power of two.
    pub segment: u32,
    /// How many segments a name's first place may lie in; two more follow.
    pub segments: u32,
}

/// A filter that has just been made.
pub(in crate::lists) struct Fuse {
    pub shape: Shape,
    /// 16-bit fingerprints, little-endian.
    pub bytes: Vec<u8>,
}

impl Shape {
    /// The shape for so many names. Integer arithmetic: the same on every machine.
    fn for_names(names: usize, seed: u64) -> Self {
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
        Self { seed, segment, segments }
    }

    /// How many fingerprints it has.
    pub fn places(&self) -> u64 {
        (u64::from(self.segments) + 2) * u64::from(self.segment)
    }

    /// Whether a header's numbers are those of a filter.
    pub fn is_sound(&self) -> bool {
        self.segment.is_power_of_two() && self.segment <= 1 << 18 && self.segments > 0
    }

    fn seeded(&self, hash: u64) -> u64 {
        // The finaliser of MurmurHash3.
        let mut h = hash.wrapping_add(self.seed);
        h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }

    /// The three places of a seeded hash: one in each of three neighbouring segments.
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
        let seeded = self.seeded(hash);
        let (places, _) = bytes.as_chunks::<2>();
        let mut left = fingerprint(seeded);
        for at in self.three(seeded) {
            match places.get(at) {
                Some(place) => left ^= u16::from_le_bytes(*place),
                None => return true,
            }
        }
        left == 0
    }
}

fn fingerprint(seeded: u64) -> u16 {
    (seeded ^ (seeded >> 32)) as u16
}

/// Makes the filter over these name hashes. Two names of one hash are one to it.
pub(in crate::lists) fn build(mut hashes: Vec<u64>) -> Fuse {
    hashes.sort_unstable();
    hashes.dedup();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    // Each try fails less than once in ten for any size, so an end is certain: the hashes are distinct.
    loop {
        let shape = Shape::for_names(hashes.len(), seed);
        if let Some(bytes) = attempt(&shape, &hashes) {
            return Fuse { shape, bytes };
        }
        seed = seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
    }
}

/// Peels the hypergraph of names and places: a place that only one name uses is that name's; then the name is taken away.
fn attempt(shape: &Shape, hashes: &[u64]) -> Option<Vec<u8>> {
    let places = shape.places() as usize;
    let mut seeded: Vec<u64> = hashes.iter().map(|&h| shape.seeded(h)).collect();
    // In order of places: neighbours in memory are worked on together.
    seeded.sort_unstable();
    // How many names use a place, and their hashes together.
    let mut users = vec![(0u32, 0u64); places];
    for &hash in &seeded {
        for at in shape.three(hash) {
            users[at].0 += 1;
            users[at].1 ^= hash;
        }
    }
    let mut alone: Vec<u32> = (0..places as u32).filter(|&at| users[at as usize].0 == 1).collect();
    let mut order: Vec<(u64, u32)> = Vec::with_capacity(seeded.len());
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
    if order.len() != seeded.len() {
        return None;
    }
    drop(users);
    let mut fingerprints = vec![0u16; places];
    for &(hash, place) in order.iter().rev() {
        // Its own place is still zero, so the three together give what it must hold.
        let held = shape.three(hash).into_iter().fold(fingerprint(hash), |left, at| left ^ fingerprints[at]);
        fingerprints[place as usize] = held;
    }
    Some(fingerprints.iter().flat_map(|f| f.to_le_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(n: u64, parent: &str) -> Vec<u64> {
        (0..n).map(|i| super::super::hash::name_hash(format!("{parent}.name{i}").as_bytes())).collect()
    }

    #[test]
    fn a_stored_name_is_never_missed() {
        for n in [0, 1, 2, 3, 5, 10, 100, 1000, 20_000] {
            let stored = hashes(n, "com");
            let Fuse { shape, bytes } = build(stored.clone());
            assert!(shape.is_sound());
            assert_eq!(bytes.len() as u64, shape.places() * 2, "{n}");
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
