//! The names themselves: sorted keys, front-coded in blocks of 16, under an index of two levels.
//!
//! A name is written as how many bytes it shares with the one before and its other bytes, with the top bit set on the last
//! (keys are ASCII). The first name of a block is its head; 16 heads make a group, and are written the same way, one after
//! another; a group's first head is its sample, written whole. After each name comes its kind (LEB128: the most frequent
//! kinds have the smallest numbers), a head's kind at the beginning of its block.
//!
//! A look-up searches the samples, which are few and stay in the cache, then reads one group and one block from their
//! beginnings: three places in memory, however many names there are.

/// Names in a block: long enough that most names are written short, short enough that one is read in two or three cache lines.
const BLOCK: u64 = 16;
/// Blocks in a group, for the same reasons.
const GROUP: u64 = 16;

/// Takes sorted keys and makes the sections.
#[derive(Default)]
pub(in crate::lists) struct Packer {
    packed: Packed,
    names: u64,
    head: Vec<u8>,
    before: Vec<u8>,
}

/// The sections, in the order they stand in the file. Offsets are 32 bits each, one for each beginning and one for the end;
/// what is past 4 GiB is refused by the caller.
#[derive(Default)]
pub(in crate::lists) struct Packed {
    pub sample_at: Vec<u8>,
    pub samples: Vec<u8>,
    pub group_at: Vec<u8>,
    pub groups: Vec<u8>,
    pub block_at: Vec<u8>,
    pub blocks: Vec<u8>,
}

impl Packer {
    /// Adds a name. Keys come sorted, each once, ASCII, 1 to 253 bytes.
    pub fn push(&mut self, key: &[u8], kind: u32) {
        let packed = &mut self.packed;
        if !self.names.is_multiple_of(BLOCK) {
            push_name(&mut packed.blocks, &self.before, key);
        } else {
            push_offset(&mut packed.block_at, &packed.blocks);
            if (self.names / BLOCK).is_multiple_of(GROUP) {
                push_offset(&mut packed.sample_at, &packed.samples);
                push_offset(&mut packed.group_at, &packed.groups);
                packed.samples.extend_from_slice(key);
            } else {
                push_name(&mut packed.groups, &self.head, key);
            }
            key.clone_into(&mut self.head);
        }
        push_kind(&mut packed.blocks, kind);
        key.clone_into(&mut self.before);
        self.names += 1;
    }

    pub fn names(&self) -> u64 {
        self.names
    }

    pub fn finish(mut self) -> Packed {
        let Packed { sample_at, samples, group_at, groups, block_at, blocks } = &mut self.packed;
        push_offset(sample_at, samples);
        push_offset(group_at, groups);
        push_offset(block_at, blocks);
        self.packed
    }
}

/// The sections of a table, to look up in. Bytes that are not as they should be make a name unfound, never a panic.
pub(in crate::lists) struct Names<'a> {
    pub sample_at: &'a [u8],
    pub samples: &'a [u8],
    pub group_at: &'a [u8],
    pub groups: &'a [u8],
    pub block_at: &'a [u8],
    pub blocks: &'a [u8],
}

impl Names<'_> {
    /// The kind of the name with this key.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let group = self.group_of(key)?;
        let sample = part(self.samples, self.sample_at, group)?;
        let mut walk = Walk::begin(sample, key);
        let mut block = group * GROUP as usize;
        let mut heads = part(self.groups, self.group_at, group)?;
        while !heads.is_empty() {
            let mut next = walk;
            next.name(&mut heads)?;
            if next.past {
                break;
            }
            walk = next;
            block += 1;
        }
        let mut names = part(self.blocks, self.block_at, block)?;
        let mut kind = take_kind(&mut names)?;
        while !walk.is_there() && !walk.past && !names.is_empty() {
            walk.name(&mut names)?;
            kind = take_kind(&mut names)?;
        }
        walk.is_there().then_some(kind)
    }

    /// The kind of every name, in order of names.
    pub fn each_kind(&self, each: &mut dyn FnMut(u32)) {
        let blocks = (self.block_at.len() / 4).saturating_sub(1);
        for mut names in (0..blocks).filter_map(|block| part(self.blocks, self.block_at, block)) {
            let mut next = take_kind(&mut names);
            while let Some(kind) = next {
                each(kind);
                // How much is shared, then the name's own bytes.
                let own = names.get(1..).and_then(|own| own.get(end_of_own(own)?..));
                next = own.and_then(|mut rest| {
                    let kind = take_kind(&mut rest);
                    names = rest;
                    kind
                });
            }
        }
    }

    /// The last group whose sample is not after the key.
    fn group_of(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, (self.sample_at.len() / 4).saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if part(self.samples, self.sample_at, middle)? <= key { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }

    /// Whether there are as many blocks and groups as so many names need, and each begins where the one before ends.
    pub fn is_sound(&self, names: u64) -> bool {
        let blocks = names.div_ceil(BLOCK);
        let groups = blocks.div_ceil(GROUP);
        let rises = |at: &[u8], count: u64, bytes: &[u8]| at.len() as u64 == 4 * (count + 1) && rises_to(at, bytes.len());
        rises(self.sample_at, groups, self.samples)
            && rises(self.group_at, groups, self.groups)
            && rises(self.block_at, blocks, self.blocks)
    }
}

/// A walk along sorted names towards a key. No name is put together: of the last one, only how far it agrees with the key is
/// known, and that is enough to read the next.
#[derive(Clone, Copy)]
struct Walk<'a> {
    key: &'a [u8],
    agreed: usize,
    /// The last name has bytes where it no longer agrees.
    more: bool,
    /// The last name sorts after the key.
    past: bool,
}

impl<'a> Walk<'a> {
    /// From a name that is not after the key.
    fn begin(name: &[u8], key: &'a [u8]) -> Self {
        let agreed = common(name, key);
        Self { key, agreed, more: agreed < name.len(), past: false }
    }

    fn is_there(&self) -> bool {
        self.agreed == self.key.len() && !self.more
    }

    /// Reads the next name. `None`: it is cut.
    fn name(&mut self, from: &mut &[u8]) -> Option<()> {
        let (&shared, after) = from.split_first()?;
        let (own, rest) = after.split_at(end_of_own(after)?);
        *from = rest;
        match usize::from(shared).cmp(&self.agreed) {
            // It leaves the key's path earlier than the one before did, and upwards.
            std::cmp::Ordering::Less => self.past = true,
            // It leaves the key's path where the one before did.
            std::cmp::Ordering::Greater => {}
            std::cmp::Ordering::Equal => {
                let wanted = self.key.get(self.agreed..)?;
                let same = own.iter().zip(wanted).take_while(|(o, w)| **o & 0x7f == **w).count();
                self.agreed += same;
                self.more = same < own.len();
                self.past = match (own.get(same), wanted.get(same)) {
                    (Some(o), Some(w)) => o & 0x7f > *w,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
            }
        }
        Some(())
    }
}

/// Whether the offsets begin at 0, never fall, and end at `end`.
fn rises_to(at: &[u8], end: usize) -> bool {
    let (offsets, _) = at.as_chunks::<4>();
    let value = |at: &[u8; 4]| u32::from_le_bytes(*at) as usize;
    offsets.is_sorted_by_key(value) && offsets.first().map(value) == Some(0) && offsets.last().map(value) == Some(end)
}

/// Part `at` of `bytes`, from its offset to the next.
fn part<'a>(bytes: &'a [u8], offsets: &[u8], at: usize) -> Option<&'a [u8]> {
    let (offsets, _) = offsets.as_chunks::<4>();
    let offset = |at: usize| offsets.get(at).map(|o| u32::from_le_bytes(*o) as usize);
    bytes.get(offset(at)?..offset(at + 1)?)
}

/// How many bytes up to and with the first that has its top bit set. Eight at a time: most of a hit is reading past names.
fn end_of_own(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marks = u64::from_le_bytes(*word) & 0x8080_8080_8080_8080;
        if marks != 0 {
            return Some(at * 8 + marks.trailing_zeros() as usize / 8 + 1);
        }
    }
    Some(bytes.len() - rest.len() + rest.iter().position(|c| c & 0x80 != 0)? + 1)
}

fn push_offset(at: &mut Vec<u8>, bytes: &[u8]) {
    at.extend((bytes.len() as u32).to_le_bytes());
}

fn push_name(to: &mut Vec<u8>, before: &[u8], key: &[u8]) {
    let shared = common(before, key);
    to.push(shared as u8);
    to.extend_from_slice(&key[shared..]);
    // Never empty: keys are sorted and distinct, so a key is no beginning of the one before.
    if let Some(last) = to.last_mut() {
        *last |= 0x80;
    }
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
        let Packed { sample_at, samples, group_at, groups, block_at, blocks } = packed;
        Names { sample_at, samples, group_at, groups, block_at, blocks }
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
            let (sample_at, group_at, block_at) = (&at, &at, &at);
            let names = Names { sample_at, samples: &data, group_at, groups: &data, block_at, blocks: &data };
            let _ = (names.find(key.as_bytes()), names.is_sound(20));
        }
    }
}
