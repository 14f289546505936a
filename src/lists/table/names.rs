//! The names themselves: sorted keys, front-coded in blocks of three cache lines.
//!
//! A block is 192 bytes of names, each of them
//!
//! ```text
//! how many bytes it shares with the one before · 8   (80 hex: it is a block's first, and written whole)
//! how its kind is written · 3, how many bytes of its own follow · 5
//! that number again · 8                              (if it does not fit into 5 bits)
//! its kind · 0, 8, 16 or 32                          (the first five, which most names are of, need nothing)
//! its own bytes
//! ```
//!
//! and zeros behind the last. A name never lies in two blocks, but for one that is too long for any: that has as many for
//! itself alone as it needs. Keys are ASCII, so a block that goes on with one does not begin as others do.
//!
//! A look-up is told by a hint (see [`super::fuse`]) in which block its name stands, and reads that block from its beginning:
//! one place in memory, however many names there are. What is not where the hint says, because the hint is another name's or
//! two names have one hash, is searched for among the first names of all blocks; so a hint never decides.

/// Bytes of a block: three cache lines, 17 names of real lists. In shorter ones the first names, which are written whole, cost
/// more than a name may; longer ones take longer to read.
const BLOCK: usize = 192;
/// Most blocks that one name takes: 255 bytes, and 7 in front of them.
const MOST_BLOCKS: usize = 2;
/// In place of what it shares with the one before: a block's first name. No two keys that are ASCII share more.
const FIRST: u8 = 0x80;
/// The bits of a name's own length.
const OWN: u8 = 0x1f;
/// Kinds below this are written in the same byte; others in 1, 2 or 4 more.
const DIRECT: u32 = 5;

/// Takes sorted keys and makes the section.
#[derive(Default)]
pub(in crate::lists) struct Packer {
    /// What has not been taken away yet: whole blocks, and the one begun.
    blocks: Vec<u8>,
    /// Bytes of the block begun.
    begun: usize,
    /// How many bytes were taken away.
    taken: u64,
    before: Vec<u8>,
    names: u64,
    /// How many names begin in each block.
    counts: Vec<u8>,
}

impl Packer {
    /// Adds a name. Keys come sorted, each once, ASCII, 1 to 255 bytes.
    pub fn push(&mut self, key: &[u8], kind: u32) {
        let shared = common(&self.before, key);
        let mut entry = entry(shared as u8, &key[shared..], kind);
        if self.begun == 0 || self.begun + entry.len() > BLOCK || shared >= FIRST.into() {
            self.fill();
            entry = self::entry(FIRST, key, kind);
            self.counts.push(0);
        }
        self.begun += entry.len();
        self.blocks.extend_from_slice(&entry);
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
        key.clone_into(&mut self.before);
        self.names += 1;
    }

    /// Ends the block begun, or those of a long name.
    fn fill(&mut self) {
        let end = self.begun.next_multiple_of(BLOCK);
        self.blocks.resize(self.blocks.len() + end - self.begun, 0);
        (1..end / BLOCK).for_each(|_| self.counts.push(0));
        self.begun = 0;
    }

    pub fn names(&self) -> u64 {
        self.names
    }

    /// What has come since this was last asked, if it is this many bytes; the caller keeps it.
    pub fn blocks(&mut self, at_least: usize) -> Option<Vec<u8>> {
        (self.blocks.len() >= at_least).then(|| {
            self.taken += self.blocks.len() as u64;
            std::mem::replace(&mut self.blocks, Vec::with_capacity(at_least + 4 * BLOCK))
        })
    }

    /// How many bytes of blocks there are, taken away or not.
    pub fn blocks_length(&self) -> u64 {
        self.taken + self.blocks.len() as u64
    }

    /// What has not been taken away, and how many names begin in each block.
    pub fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.fill();
        (self.blocks, self.counts)
    }
}

/// The bytes of a name.
fn entry(shared: u8, own: &[u8], kind: u32) -> Vec<u8> {
    let way = match kind {
        0..DIRECT => kind,
        DIRECT..=0xff => DIRECT,
        0x100..=0xffff => DIRECT + 1,
        0x1_0000.. => DIRECT + 2,
    };
    let mut entry = Vec::with_capacity(own.len() + 7);
    entry.extend([shared, (way as u8) << 5 | own.len().min(OWN.into()) as u8]);
    if own.len() >= OWN.into() {
        entry.push(own.len() as u8);
    }
    entry.extend_from_slice(&kind.to_le_bytes()[..kind_bytes(way)]);
    entry.extend_from_slice(own);
    entry
}

/// In how many bytes a kind is written in this way: none, and 1, 2 and 4 for the last three.
fn kind_bytes(way: u32) -> usize {
    (0x4210_0000u32 >> (4 * way) & 7) as usize
}

/// The blocks of a table, to look up in. Bytes that are not as they should be make a name unfound, never a panic.
#[derive(Clone, Copy)]
pub(in crate::lists) struct Names<'a>(pub &'a [u8]);

impl<'a> Names<'a> {
    /// The kind of the name with this key, which probably stands in this block.
    pub fn find(&self, key: &[u8], hint: Option<usize>) -> Option<u32> {
        match hint.and_then(|block| self.in_block(block, key)) {
            Some(kind) => Some(kind),
            None => self.in_block(self.block_of(key)?, key),
        }
    }

    /// A block and what follows it, as far as a name may go that begins there.
    fn block(&self, block: usize) -> Option<&'a [u8]> {
        let from = self.0.get(block.checked_mul(BLOCK)?..)?;
        Some(&from[..from.len().min(MOST_BLOCKS * BLOCK)])
    }

    /// Asks memory for the block's cache lines.
    pub fn touch(&self, block: usize) {
        const LINE: usize = 64;
        let Some(start) = block.checked_mul(BLOCK) else { return };
        (0..BLOCK / LINE).for_each(|line| super::touch(self.0, start + line * LINE));
    }

    /// The kind of the name with this key, if it stands in this block.
    ///
    /// No name is put together: of the last one, only how far it agrees with the key is known, and that is enough to read the
    /// next.
    fn in_block(&self, block: usize, key: &[u8]) -> Option<u32> {
        let bytes = self.block(block)?;
        let mut name = Name::read(bytes, 0).filter(|name| name.shared == usize::from(FIRST))?;
        let mut agreed = 0;
        name.shared = 0;
        loop {
            if name.shared < agreed {
                // It leaves the key's path earlier than the one before did, and upwards.
                return None;
            }
            // Where it shares more than agreed, it leaves the key's path where the one before did.
            if name.shared == agreed {
                let (own, wanted) = (bytes.get(name.own..name.end)?, key.get(agreed..)?);
                let same = common(own, wanted);
                agreed += same;
                match (own.get(same), wanted.get(same)) {
                    (None, None) => return name.kind(bytes),
                    (Some(own), Some(wanted)) if own < wanted => {}
                    (None, Some(_)) => {}
                    _ => return None,
                }
            }
            if name.end >= BLOCK {
                return None;
            }
            name = Name::read(bytes, name.end)?;
        }
    }

    /// The last block that begins with a name that is not after the key.
    #[cold]
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.0.len() / BLOCK);
        while low < high {
            let middle = low + (high - low) / 2;
            let begins = self.begins(middle)?;
            let bytes = self.block(begins)?;
            let name = Name::read(bytes, 0)?;
            if bytes.get(name.own..name.end)? <= key { low = middle + 1 } else { high = begins }
        }
        self.begins(low.checked_sub(1)?)
    }

    /// The block with which begins what this one goes on with; itself, mostly.
    fn begins(&self, block: usize) -> Option<usize> {
        (0..MOST_BLOCKS).filter_map(|back| block.checked_sub(back)).find(|at| self.0.get(at * BLOCK) == Some(&FIRST))
    }

    /// Whether there are whole blocks, and some if there are names.
    pub fn is_sound(&self, names: u64) -> bool {
        self.0.len().is_multiple_of(BLOCK) && self.0.is_empty() == (names == 0)
    }
}

/// Where the parts of a name lie in its block.
struct Name {
    shared: usize,
    way: u32,
    own: usize,
    end: usize,
}

impl Name {
    /// The name that begins there. `None`: none does.
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let &[shared, front] = bytes.get(at..)?.first_chunk()?;
        let way = u32::from(front >> 5);
        let (mut length, mut own) = (usize::from(front & OWN), at + 2);
        if length == usize::from(OWN) {
            length = usize::from(*bytes.get(own)?);
            own += 1;
        }
        own += kind_bytes(way);
        (length > 0).then_some(Self { shared: shared.into(), way, own, end: own + length })
    }

    fn kind(&self, bytes: &[u8]) -> Option<u32> {
        let before = |count: usize| bytes.get(self.own - count..self.own);
        Some(match self.way {
            DIRECT.. => before(kind_bytes(self.way))?.iter().rev().fold(0, |kind, byte| kind << 8 | u32::from(*byte)),
            direct => direct,
        })
    }
}

/// How many bytes two texts have in common at their beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The blocks, and in which each name stands.
    fn packed(names: &BTreeMap<String, u32>) -> (Vec<u8>, Vec<usize>) {
        let mut packer = Packer::default();
        names.iter().for_each(|(key, kind)| packer.push(key.as_bytes(), *kind));
        let (blocks, counts) = packer.finish();
        assert_eq!(blocks.len(), counts.len() * BLOCK);
        let stands = counts.iter().enumerate().flat_map(|(block, count)| std::iter::repeat_n(block, (*count).into())).collect();
        (blocks, stands)
    }

    #[test]
    fn every_name_is_found_with_its_kind_whatever_the_hint_and_its_neighbours_are_not() {
        let kind = |i: u32| if i.is_multiple_of(3) { i % 7 } else { i * 37_003 };
        let mut names: BTreeMap<String, u32> = (0..2000).map(|i| (format!("com.name{i}"), kind(i))).collect();
        // Too long for a block, for two, and as long as a key may be; and a child of each.
        for length in [27, 28, 29, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 240, 247, 248, 249, 250, 255] {
            let long = format!("com.{}", "l".repeat(length - 4));
            names.insert(format!("{}.", &long[..long.len() - 1]), length as u32);
            names.insert(long, 70_000);
        }
        let (blocks, stands) = packed(&names);
        let view = Names(&blocks);
        assert!(view.is_sound(names.len() as u64) && !view.is_sound(0) && !Names(&blocks[1..]).is_sound(2000));
        for ((key, kind), block) in names.iter().zip(stands) {
            assert_eq!(view.in_block(block, key.as_bytes()), Some(*kind), "{key}");
            for hint in [Some(block), None, Some(0), Some(block + 1), Some(blocks.len()), Some(usize::MAX)] {
                assert_eq!(view.find(key.as_bytes(), hint), Some(*kind), "{key}");
                assert_eq!(view.find(format!("{key}-").as_bytes(), hint), None);
                assert_eq!(view.find(format!("{key}.www").as_bytes(), hint), None);
            }
        }
        assert_eq!(view.find(b"com", None), None);
        assert_eq!(view.find(b"zz", Some(124)), None);
        assert_eq!(Names(&[]).find(b"com", Some(0)), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            names in proptest::collection::btree_map("[a-c.]{1,7}", 0u32..1 << 20, 0..600),
            others in proptest::collection::vec("[a-c.]{1,8}", 0..50),
            hint in proptest::option::of(0usize..50),
        ) {
            let (blocks, stands) = packed(&names);
            let view = Names(&blocks);
            prop_assert_eq!(stands.len(), names.len());
            for key in others.iter().chain(names.keys()) {
                prop_assert_eq!(view.find(key.as_bytes(), hint), names.get(key).copied());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(
            data in proptest::collection::vec(any::<u8>(), 0..600),
            begins in proptest::collection::vec(any::<bool>(), 5),
            key in "[a-c.]{1,8}",
            hint in proptest::option::of(any::<usize>()),
        ) {
            let mut data = data;
            data.chunks_mut(BLOCK).zip(begins).filter(|(_, begins)| *begins).for_each(|(block, _)| block[0] = FIRST);
            let names = Names(&data);
            let _ = (names.find(key.as_bytes(), hint), names.is_sound(20));
            for block in 0..6 {
                let _ = names.find(key.as_bytes(), Some(block));
            }
        }
    }
}
