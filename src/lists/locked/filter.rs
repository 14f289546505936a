//! The filter of a sealed file: may anything be sealed under this name? It answers for the price of one cache line, and never
//! decides a match.
//!
//! A split-block Bloom filter (Putze, Sanders, Singler 2007, as Apache Parquet specifies it): a key sets one bit in each of
//! the eight words of one block. At [`BITS_A_NAME`] about 1 name in 700 that is not there seems to be.
//! The hash starts from a number made of the file's salt: who has not the file cannot make names that pass.

/// Bits of the filter for each entry.
const BITS_A_NAME: usize = 16;

/// One block: eight words of 32 bits.
pub const BLOCK: usize = 32;

/// The odd numbers of the Parquet specification, one a word.
const SPREAD: [u32; 8] = [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// An odd constant without structure: the digits of π, as the table's hash has it. These numbers are in every sealed file.
const K: u64 = 0x1319_8a2e_0370_7345;

/// Blocks of the filter for so many entries.
pub fn blocks_for(entries: usize) -> usize {
    (entries * BITS_A_NAME).div_ceil(BLOCK * 8).max(1)
}

/// Goes one part further: a label of a host from the right, then a part of a path.
pub fn with(mut hash: u64, part: &[u8]) -> u64 {
    let (chunks, rest) = part.as_chunks::<8>();
    for chunk in chunks {
        hash = fold(hash ^ u64::from_le_bytes(*chunk));
    }
    // Up to seven bytes; the length goes where the eighth would be, so that parts do not run into each other.
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = part.len() as u8;
    fold(hash ^ u64::from_le_bytes(last))
}

fn fold(x: u64) -> u64 {
    let product = u128::from(x) * u128::from(K);
    product as u64 ^ (product >> 64) as u64
}

/// Whether a filter of whole blocks may hold this hash.
pub fn may_hold(filter: &[u8], hash: u64) -> bool {
    let (blocks, _) = filter.as_chunks::<BLOCK>();
    let Some(block) = blocks.get(place(hash, blocks.len())) else { return false };
    let (words, _) = block.as_chunks::<4>();
    words.iter().zip(SPREAD).fold(true, |all, (word, spread)| all & (u32::from_le_bytes(*word) & bit(hash, spread) != 0))
}

/// Puts a hash in.
pub fn put(filter: &mut [u8], hash: u64) {
    let (blocks, _) = filter.as_chunks_mut::<BLOCK>();
    let place = place(hash, blocks.len());
    let Some(block) = blocks.get_mut(place) else { return };
    let (words, _) = block.as_chunks_mut::<4>();
    for (word, spread) in words.iter_mut().zip(SPREAD) {
        *word = (u32::from_le_bytes(*word) | bit(hash, spread)).to_le_bytes();
    }
}

fn place(hash: u64, blocks: usize) -> usize {
    ((u128::from(hash >> 32) * blocks as u128) >> 32) as usize
}

fn bit(hash: u64, spread: u32) -> u32 {
    1 << ((hash as u32).wrapping_mul(spread) >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another hash would find nothing in the files that are out there, without a word.
    #[test]
    fn the_hash_is_never_changed() {
        let hash = [&b"example"[..], b"a-longer-label", b"/path"].iter().fold(7, |hash, part| with(hash, part));
        assert_eq!(hash, GOLDEN);
    }

    const GOLDEN: u64 = 14_654_289_057_602_503_421;

    #[test]
    fn what_is_put_in_is_found_and_few_others_are() {
        let key = |n: u32| with(99, &n.to_le_bytes());
        for entries in [1, 7, 10_000] {
            let mut filter = vec![0; blocks_for(entries) * BLOCK];
            (0..entries as u32).for_each(|n| put(&mut filter, key(n)));
            assert!((0..entries as u32).all(|n| may_hold(&filter, key(n))), "{entries}");
            let passed = (1_000_000..1_100_000).filter(|n| may_hold(&filter, key(*n))).count();
            assert!(passed < 400, "{entries}: {passed} of 100,000");
        }
    }
}
