//! Hashes of names → filter and hints.
//!
//! Made in shards, by the first bits of a name's hash, so that making them takes the memory of a few shards and not of all
//! names, and stays within a processor's cache.

use super::{Fuse, Shape, fingerprint, seeded};
use std::num::NonZero;

/// Most names of a shard: making one takes about 12 MB.
const MOST_IN_SHARD: usize = 1 << 18;
/// How many shards are gathered in one pass over the hashes, 4 MB each.
const AT_ONCE: usize = 8;

const FIRST_SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed to try after one with which it could not be made.
fn next_seed(seed: u64) -> u64 {
    seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1)
}

/// A name to hold: its hash, and in which block it stands.
type Held = (u64, u32);

/// A shard to be made.
struct Work<'a> {
    seed: &'a mut u64,
    filter: &'a mut [u8],
    hints: &'a mut [u8],
    held: Vec<Held>,
}

impl Shape {
    /// The shape of shards of at most so many names, for hints at so many blocks. Integer arithmetic: the same on every machine.
    fn for_names(names: usize, blocks: usize, shards: usize) -> Self {
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
        // The logarithm in quarters.
        let quarters = u64::from(u128::from(n).pow(4).ilog2());
        let small = n * 875 / 1000 + n * 4 * 4983 / (1000 * quarters);
        let capacity = small.max(n * 1125 / 1000);
        let segments = capacity.div_ceil(u64::from(segment)).saturating_sub(2).max(1) as u32;
        let hint_bits = (usize::BITS - blocks.saturating_sub(1).leading_zeros()) as u8;
        Self { segment, segments, hint_bits, seeds: vec![FIRST_SEED; shards] }
    }
}

/// Makes filter and hints over the hashes of names in their order, on two cores if there are two; so many of them stand in each
/// block. Two names of one hash are one to the filter, and the hint is the first one's.
pub(in crate::lists) fn build(hashes: &[u64], in_block: &[u8]) -> Fuse {
    let shards = hashes.len().div_ceil(MOST_IN_SHARD).max(1);
    let mut shape = Shape::for_names(0, 0, shards);
    let mut counts = vec![0usize; shards];
    hashes.iter().for_each(|&hash| counts[shape.shard(hash)] += 1);
    let most = counts.iter().max().copied().unwrap_or_default();
    shape = Shape::for_names(most, in_block.len(), shards);

    let (mut filter, mut hints) = (vec![0; shape.filter_bytes() as usize], vec![0; shape.hint_bytes() as usize]);
    let plain = shape.clone();
    let filters = filter.chunks_exact_mut(2 * plain.places() as usize);
    let hint_parts = hints.chunks_exact_mut(plain.shard_hint_bytes() as usize);
    let mut parts = shape.seeds.iter_mut().zip(filters).zip(hint_parts).zip(counts);
    for first in (0..shards).step_by(AT_ONCE) {
        let work = parts.by_ref().take(AT_ONCE);
        let work = work.map(|(((seed, filter), hints), count)| Work { seed, filter, hints, held: Vec::with_capacity(count) });
        let mut work: Vec<_> = work.collect();
        let mut left = hashes;
        for (block, &names) in (0..).zip(in_block) {
            let (of_block, rest) = left.split_at(left.len().min(names.into()));
            left = rest;
            for &hash in of_block {
                if let Some(work) = plain.shard(hash).checked_sub(first).and_then(|at| work.get_mut(at)) {
                    work.held.push((hash, block));
                }
            }
        }
        make(&plain, work);
    }
    Fuse { shape, filter, hints }
}

fn make(shape: &Shape, work: Vec<Work>) {
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    let alone = std::thread::available_parallelism().map_or(1, NonZero::get) == 1;
    for (number, work) in work.into_iter().enumerate() {
        if alone || number % 2 == 0 { mine.push(work) } else { theirs.push(work) }
    }
    let make = |work: Vec<Work>| {
        for work in work {
            // Each try fails less than once in ten for any size, so an end is certain: the hashes are distinct.
            while !attempt(shape, *work.seed, &work.held, work.filter, work.hints) {
                *work.seed = next_seed(*work.seed);
            }
        }
    };
    std::thread::scope(|scope| {
        if !theirs.is_empty() {
            scope.spawn(|| make(theirs));
        }
        make(mine);
    });
}

/// What uses a place: how many names, and of them together the hashes and the blocks.
#[derive(Clone, Copy, Default)]
struct Users {
    count: u32,
    block: u32,
    hash: u64,
}

/// Peels the hypergraph of names and places: a place that only one name uses is that name's; then the name is taken away.
/// Whether it came out even; then the fingerprints stand in `filter` and the blocks in `hints`, which were zero.
fn attempt(shape: &Shape, seed: u64, held: &[Held], filter: &mut [u8], hints: &mut [u8]) -> bool {
    let places = shape.places() as usize;
    let mut held: Vec<Held> = held.iter().map(|&(hash, block)| (seeded(hash, seed), block)).collect();
    // In order of places: neighbours in memory are worked on together.
    held.sort_unstable();
    held.dedup_by_key(|&mut (hash, _)| hash);
    let mut users = vec![Users::default(); places];
    for &(hash, block) in &held {
        for at in shape.three(hash) {
            let users = &mut users[at];
            users.count += 1;
            users.block ^= block;
            users.hash ^= hash;
        }
    }
    let mut alone: Vec<u32> = (0..places as u32).filter(|&at| users[at as usize].count == 1).collect();
    let mut order: Vec<(Held, u32)> = Vec::with_capacity(held.len());
    while let Some(place) = alone.pop() {
        let Users { count, block, hash } = users[place as usize];
        if count != 1 {
            continue;
        }
        order.push(((hash, block), place));
        for at in shape.three(hash) {
            let users = &mut users[at];
            users.count -= 1;
            users.block ^= block;
            users.hash ^= hash;
            if users.count == 1 {
                alone.push(at as u32);
            }
        }
    }
    if order.len() != held.len() {
        return false;
    }
    drop((users, held));
    let (fingerprints, _) = filter.as_chunks_mut::<2>();
    let mut blocks = vec![0u32; places];
    for &((hash, block), place) in order.iter().rev() {
        // Its own place is still zero, so the three together give what it must hold.
        let (mut print, mut hint) = (fingerprint(hash), block);
        for at in shape.three(hash) {
            print ^= u16::from_le_bytes(fingerprints[at]);
            hint ^= blocks[at];
        }
        fingerprints[place as usize] = print.to_le_bytes();
        blocks[place as usize] = hint;
    }
    for (at, block) in blocks.into_iter().enumerate() {
        put(hints, at * usize::from(shape.hint_bits), block);
    }
    true
}

/// Writes a hint at a bit of bytes that are zero from there on.
fn put(hints: &mut [u8], bit: usize, hint: u32) {
    if let Some(free) = hints.get_mut(bit / 8..).and_then(<[u8]>::first_chunk_mut) {
        *free = (u64::from_le_bytes(*free) | u64::from(hint) << (bit % 8)).to_le_bytes();
    }
}
