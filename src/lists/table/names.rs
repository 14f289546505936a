//! The names themselves: sorted keys, front-coded in blocks of 16, under a sampled index.
//!
//! A block is a head and up to 15 names after it. Head: length, key, kind. A name after it: how many bytes it shares with
//! the one before, its other bytes with the top bit set on the last (keys are ASCII), its kind. Kinds are LEB128, the most
//! frequent have the smallest numbers. Every 16th head also stands in the sample keys, which are few and stay in the cache:
//! a look-up is a search in the samples, four heads, one block.

/// Names in a block: long enough that most names are written short, short enough that one is read in two or three cache lines.
const BLOCK: usize = 16;
/// Blocks to a sample.
const SAMPLE: usize = 16;

/// Takes sorted keys and makes the sections.
#[derive(Default)]
pub(in crate::lists) struct Packer {
    packed: Packed,
    names: u64,
    before: Vec<u8>,
}

/// The sections, in the order they stand in the file.
#[derive(Default)]
pub(in crate::lists) struct Packed {
    /// Where each sample's key begins, and at last where the keys end: 32 bits each.
    pub sample_at: Vec<u8>,
    pub sample_keys: Vec<u8>,
    /// Where each block begins, and at last where the data ends: 32 bits each. What is past 4 GiB is refused by the caller.
    pub block_at: Vec<u8>,
    pub data: Vec<u8>,
}

impl Packer {
    /// Adds a name. Keys come sorted, each once, ASCII, 1 to 253 bytes.
    pub fn push(&mut self, key: &[u8], kind: u32) {
        let Packed { sample_at, sample_keys, block_at, data } = &mut self.packed;
        let in_block = self.names as usize % BLOCK;
        if in_block == 0 {
            if (self.names as usize / BLOCK).is_multiple_of(SAMPLE) {
                sample_at.extend((sample_keys.len() as u32).to_le_bytes());
                sample_keys.extend_from_slice(key);
            }
            block_at.extend((data.len() as u32).to_le_bytes());
            data.push(key.len() as u8);
            data.extend_from_slice(key);
        } else {
            let shared = common(&self.before, key);
            data.push(shared as u8);
            data.extend_from_slice(&key[shared..]);
            // Never empty: keys are sorted and distinct, so a key is no beginning of the one before.
            if let Some(last) = data.last_mut() {
                *last |= 0x80;
            }
        }
        push_kind(data, kind);
        self.before.clear();
        self.before.extend_from_slice(key);
        self.names += 1;
    }

    pub fn names(&self) -> u64 {
        self.names
    }

    pub fn finish(mut self) -> Packed {
        let Packed { sample_at, sample_keys, block_at, data } = &mut self.packed;
        sample_at.extend((sample_keys.len() as u32).to_le_bytes());
        block_at.extend((data.len() as u32).to_le_bytes());
        self.packed
    }
}

/// The sections of a table, to look up in. Bytes that are not as they should be make a name unfound, never a panic.
pub(in crate::lists) struct Names<'a> {
    pub sample_at: &'a [u8],
    pub sample_keys: &'a [u8],
    pub block_at: &'a [u8],
    pub data: &'a [u8],
}

impl Names<'_> {
    /// The kind of the name with this key.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let samples = (self.sample_at.len() / 4).saturating_sub(1);
        let sample = last_up_to(0, samples, |at| Some(slice(self.sample_keys, self.sample_at, at)? <= key))?;
        let blocks = (self.block_at.len() / 4).saturating_sub(1);
        let from = sample * SAMPLE;
        let block = last_up_to(from, blocks.min(from + SAMPLE), |at| {
            let (head, _) = split_head(slice(self.data, self.block_at, at)?)?;
            Some(head <= key)
        })?;
        find_in_block(slice(self.data, self.block_at, block)?, key)
    }

    /// Whether there are as many blocks and samples as so many names need, and each begins where the one before ends.
    pub fn is_sound(&self, names: u64) -> bool {
        let blocks = names.div_ceil(BLOCK as u64);
        let samples = blocks.div_ceil(SAMPLE as u64);
        let counts = self.block_at.len() as u64 == 4 * (blocks + 1) && self.sample_at.len() as u64 == 4 * (samples + 1);
        counts && rises_to(self.block_at, self.data.len()) && rises_to(self.sample_at, self.sample_keys.len())
    }
}

/// Whether the offsets begin at 0, never fall, and end at `end`.
fn rises_to(at: &[u8], end: usize) -> bool {
    let (offsets, _) = at.as_chunks::<4>();
    let value = |at: &[u8; 4]| u32::from_le_bytes(*at) as usize;
    offsets.is_sorted_by_key(value) && offsets.first().map(value) == Some(0) && offsets.last().map(value) == Some(end)
}

/// The last of `from..to` for which `holds`, where it holds for a beginning of them. `None`: for none, or something is cut.
fn last_up_to(from: usize, to: usize, mut holds: impl FnMut(usize) -> Option<bool>) -> Option<usize> {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? { low = middle + 1 } else { high = middle }
    }
    (low > from).then(|| low - 1)
}

/// Part `at` of `bytes`, from its offset to the next.
fn slice<'a>(bytes: &'a [u8], offsets: &[u8], at: usize) -> Option<&'a [u8]> {
    let (offsets, _) = offsets.as_chunks::<4>();
    let offset = |at: usize| offsets.get(at).map(|o| u32::from_le_bytes(*o) as usize);
    bytes.get(offset(at)?..offset(at + 1)?)
}

fn split_head(block: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = block.split_first()?;
    rest.split_at_checked(usize::from(len))
}

/// Reads the block's names without putting any together: of the one before, only how far it agrees with the key is known.
fn find_in_block(block: &[u8], key: &[u8]) -> Option<u32> {
    let (head, mut rest) = split_head(block)?;
    let kind = take_kind(&mut rest)?;
    let mut agreed = common(head, key);
    if agreed == key.len() && agreed == head.len() {
        return Some(kind);
    }
    while let Some((&shared, after)) = rest.split_first() {
        let shared = usize::from(shared);
        let length = after.iter().position(|c| c & 0x80 != 0)? + 1;
        let (own, after) = after.split_at(length);
        rest = after;
        let kind = take_kind(&mut rest)?;
        if shared < agreed {
            // It left the key's path earlier than the one before, so it sorts after the key.
            return None;
        }
        if shared > agreed {
            continue;
        }
        let wanted = key.get(agreed..)?;
        let same = own.iter().zip(wanted).take_while(|(o, w)| **o & 0x7f == **w).count();
        agreed += same;
        match (own.get(same), key.get(agreed)) {
            (None, None) => return Some(kind),
            (None, Some(_)) => {}
            (Some(_), None) => return None,
            (Some(o), Some(w)) if o & 0x7f > *w => return None,
            (Some(_), Some(_)) => {}
        }
    }
    None
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn push_kind(data: &mut Vec<u8>, mut kind: u32) {
    while kind >= 0x80 {
        data.push(kind as u8 | 0x80);
        kind >>= 7;
    }
    data.push(kind as u8);
}

fn take_kind(rest: &mut &[u8]) -> Option<u32> {
    let mut kind = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        kind |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(kind);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn packed(names: &BTreeMap<String, u32>) -> Packed {
        let mut packer = Packer::default();
        names.iter().for_each(|(key, kind)| packer.push(key.as_bytes(), *kind));
        packer.finish()
    }

    fn view(packed: &Packed) -> Names<'_> {
        let Packed { sample_at, sample_keys, block_at, data } = packed;
        Names { sample_at, sample_keys, block_at, data }
    }

    #[test]
    fn every_name_is_found_with_its_kind_and_its_neighbours_are_not() {
        let names: BTreeMap<String, u32> = (0..2000).map(|i| (format!("com.name{i}"), i * 37 % 20_000)).collect();
        let packed = packed(&names);
        let view = view(&packed);
        assert!(view.is_sound(2000));
        assert!(!view.is_sound(2100));
        for (key, kind) in &names {
            assert_eq!(view.find(key.as_bytes()), Some(*kind), "{key}");
            assert_eq!(view.find(format!("{key}-").as_bytes()), None);
            assert_eq!(view.find(format!("{key}.www").as_bytes()), None);
        }
        assert_eq!(view.find(b"com"), None);
        assert_eq!(view.find(b"zz"), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            names in proptest::collection::btree_map("[a-c.]{1,7}", 0u32..1 << 20, 0..600),
            others in proptest::collection::vec("[a-c.]{1,8}", 0..50),
        ) {
            let packed = packed(&names);
            let view = view(&packed);
            for key in others.iter().chain(names.keys()) {
                prop_assert_eq!(view.find(key.as_bytes()), names.get(key).copied());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(
            at in proptest::collection::vec(0u8..4, 0..64),
            data in proptest::collection::vec(any::<u8>(), 0..200),
            key in "[a-c.]{1,8}",
        ) {
            let names = Names { sample_at: &at, sample_keys: &data, block_at: &at, data: &data };
            let _ = (names.find(key.as_bytes()), names.is_sound(20));
            let _ = find_in_block(&data, key.as_bytes());
        }
    }
}
