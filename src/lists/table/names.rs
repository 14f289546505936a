//! The names themselves: sorted keys, front-coded in blocks of 16.
//!
//! A name is written as how many bytes it shares with the one before and its other bytes, with the top bit set on the last
//! (keys are ASCII); the first of a block is written whole, without the count. After each name comes its kind (LEB128: the
//! most frequent kinds have the smallest numbers).
//!
//! A look-up is told by a hint (see [`super::fuse`]) in which block its name stands, and reads that block from its beginning:
//! two places in memory, however many names there are. What the hint does not find, since it is another name's or two names
//! share a hash, is searched for among the heads of all blocks; so the hint never decides.

/// Names in a block: long enough that most names are written short, short enough that one is read in two or three cache lines.
pub(super) const BLOCK: usize = 16;

/// Takes sorted keys and makes the sections.
#[derive(Default)]
pub(in crate::lists) struct Packer {
    packed: Packed,
    names: u64,
    before: Vec<u8>,
}

/// The sections. Offsets are 32 bits each, one for each beginning and one for the end; what is past 4 GiB is refused by the
/// caller.
#[derive(Default)]
pub(in crate::lists) struct Packed {
    pub block_at: Vec<u8>,
    /// What has not been taken away yet.
    pub blocks: Vec<u8>,
    /// How many bytes of blocks were taken away.
    pub blocks_before: u64,
}

impl Packer {
    /// Adds a name. Keys come sorted, each once, ASCII, 1 to 255 bytes.
    pub fn push(&mut self, key: &[u8], kind: u32) {
        let packed = &mut self.packed;
        let shared = if self.names.is_multiple_of(BLOCK as u64) {
            push_offset(&mut packed.block_at, packed.blocks_before + packed.blocks.len() as u64);
            0
        } else {
            let shared = common(&self.before, key);
            packed.blocks.push(shared as u8);
            shared
        };
        packed.blocks.extend_from_slice(&key[shared..]);
        // Never empty: keys are sorted and distinct, so a key is no beginning of the one before.
        if let Some(last) = packed.blocks.last_mut() {
            *last |= 0x80;
        }
        push_kind(&mut packed.blocks, kind);
        key.clone_into(&mut self.before);
        self.names += 1;
    }

    pub fn names(&self) -> u64 {
        self.names
    }

    /// The blocks that have come since this was last asked, if they are this many bytes; the caller keeps them.
    pub fn blocks(&mut self, at_least: usize) -> Option<Vec<u8>> {
        let blocks = &mut self.packed.blocks;
        (blocks.len() >= at_least).then(|| {
            self.packed.blocks_before += blocks.len() as u64;
            std::mem::replace(blocks, Vec::with_capacity(at_least + 512))
        })
    }

    /// How many bytes of blocks there are, taken away or not.
    pub fn blocks_length(&self) -> u64 {
        self.packed.blocks_before + self.packed.blocks.len() as u64
    }

    pub fn finish(mut self) -> Packed {
        let end = self.blocks_length();
        push_offset(&mut self.packed.block_at, end);
        self.packed
    }
}

/// The sections of a table, to look up in. Bytes that are not as they should be make a name unfound, never a panic.
pub(in crate::lists) struct Names<'a> {
    pub block_at: &'a [u8],
    pub blocks: &'a [u8],
}

impl Names<'_> {
    /// The kind of the name with this key, which probably stands in this block.
    pub fn find(&self, key: &[u8], hint: Option<usize>) -> Option<u32> {
        match hint.and_then(|block| self.in_block(block, key)) {
            Some(kind) => Some(kind),
            None => self.in_block(self.block_of(key)?, key),
        }
    }

    /// The kind of the name with this key, if it stands in this block.
    fn in_block(&self, block: usize, key: &[u8]) -> Option<u32> {
        let mut names = part(self.blocks, self.block_at, block)?;
        let mut walk = Walk::begin(key);
        walk.own(0, &mut names)?;
        let mut kind = take_kind(&mut names)?;
        while !walk.is_there() && !walk.past && !names.is_empty() {
            walk.name(&mut names)?;
            kind = take_kind(&mut names)?;
        }
        walk.is_there().then_some(kind)
    }

    /// The last block whose first name is not after the key.
    #[cold]
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, (self.block_at.len() / 4).saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let mut head = Walk::begin(key);
            head.own(0, &mut part(self.blocks, self.block_at, middle)?)?;
            if head.past { high = middle } else { low = middle + 1 }
        }
        low.checked_sub(1)
    }

    /// Whether there are as many blocks as so many names need, and each begins where the one before ends.
    pub fn is_sound(&self, names: u64) -> bool {
        let blocks = names.div_ceil(BLOCK as u64);
        self.block_at.len() as u64 == 4 * (blocks + 1) && rises_to(self.block_at, self.blocks.len())
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
    /// In front of the first name.
    fn begin(key: &'a [u8]) -> Self {
        Self { key, agreed: 0, more: true, past: false }
    }

    fn is_there(&self) -> bool {
        self.agreed == self.key.len() && !self.more
    }

    /// Reads the next name. `None`: it is cut.
    fn name(&mut self, from: &mut &[u8]) -> Option<()> {
        let (&shared, after) = from.split_first()?;
        *from = after;
        self.own(shared.into(), from)
    }

    /// Reads what a name has of its own behind so many bytes of the one before.
    fn own(&mut self, shared: usize, from: &mut &[u8]) -> Option<()> {
        let (own, rest) = from.split_at(end_of_own(from)?);
        *from = rest;
        match shared.cmp(&self.agreed) {
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

fn push_offset(at: &mut Vec<u8>, offset: u64) {
    at.extend((offset as u32).to_le_bytes());
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
        Names { block_at: &packed.block_at, blocks: &packed.blocks }
    }

    #[test]
    fn every_name_is_found_with_its_kind_whatever_the_hint_and_its_neighbours_are_not() {
        let names: BTreeMap<String, u32> = (0..2000).map(|i| (format!("com.name{i}"), i * 37 % 20_000)).collect();
        let packed = packed(&names);
        let view = view(&packed);
        assert!(view.is_sound(2000));
        assert!(!view.is_sound(2100));
        for (number, (key, kind)) in names.iter().enumerate() {
            let right = Some(number / BLOCK);
            assert_eq!(right.and_then(|block| view.in_block(block, key.as_bytes())), Some(*kind), "{key}");
            for hint in [right, None, Some(0), Some(124), Some(125), Some(usize::MAX)] {
                assert_eq!(view.find(key.as_bytes(), hint), Some(*kind), "{key}");
                assert_eq!(view.find(format!("{key}-").as_bytes(), hint), None);
                assert_eq!(view.find(format!("{key}.www").as_bytes(), hint), None);
            }
        }
        assert_eq!(view.find(b"com", None), None);
        assert_eq!(view.find(b"zz", Some(124)), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            names in proptest::collection::btree_map("[a-c.]{1,7}", 0u32..1 << 20, 0..600),
            others in proptest::collection::vec("[a-c.]{1,8}", 0..50),
            hint in proptest::option::of(0usize..50),
        ) {
            let packed = packed(&names);
            let view = view(&packed);
            for key in others.iter().chain(names.keys()) {
                prop_assert_eq!(view.find(key.as_bytes(), hint), names.get(key).copied());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(
            at in proptest::collection::vec(0u8..4, 0..64),
            data in proptest::collection::vec(any::<u8>(), 0..200),
            key in "[a-c.]{1,8}",
            hint in proptest::option::of(any::<usize>()),
        ) {
            let names = Names { block_at: &at, blocks: &data };
            let _ = (names.find(key.as_bytes(), hint), names.is_sound(20));
        }
    }
}
