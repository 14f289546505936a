//! The first four bytes of phrases, exactly, with what may follow them.

use super::sieve::Sieve;
use super::tails::Tails;
use super::{NONE, head};

/// Slots a head up to [`FEW`] of them: one look in fifteen then meets another head first. Each further look is a wrong guess.
const ROOMY: usize = 8;
/// Slots a head from there on: 16 bytes each are to stay below what a phrase list is worth.
const TIGHT: usize = 3;
const FEW: usize = 1 << 14;

/// A hash table with open addressing, never more than half full.
#[derive(Debug)]
pub(super) struct Heads {
    slots: Vec<Slot>,
    shift: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    head: u32,
    /// The root of the tree of what follows; [`NONE`]: nobody's slot.
    tail: u32,
    /// Bits for what the fifth and the sixth byte may be modulo 32; all of them, if a phrase is over before.
    fifth: u32,
    sixth: u32,
}

impl Heads {
    /// `order`: the phrases of four bytes and more, sorted by their bytes.
    pub fn build(phrases: &[&[u8]], order: &[u32], sieve: &mut Sieve, tails: &mut Tails) -> Self {
        let groups = || order.chunk_by(|a, b| phrases[*a as usize][..4] == phrases[*b as usize][..4]);
        let count = groups().count();
        let size = (count * if count < FEW { ROOMY } else { TIGHT }).next_power_of_two().max(16);
        let shift = 32 - size.trailing_zeros();
        let empty = Slot { head: 0, tail: NONE, fifth: 0, sixth: 0 };
        let mut heads = Self { slots: vec![empty; size], shift };
        for group in groups() {
            let mut slot = Slot { head: head(phrases[group[0] as usize]), ..empty };
            for &phrase in group {
                let bit = |place| phrases[phrase as usize].get(place).map_or(u32::MAX, |byte| 1_u32 << (byte & 31));
                slot.fifth |= bit(4);
                slot.sixth |= bit(5);
            }
            slot.tail = tails.grow(phrases, group);
            sieve.add(slot.head);
            let mut at = heads.slot(slot.head);
            while heads.slots[at].tail != NONE {
                at = (at + 1) & (size - 1);
            }
            heads.slots[at] = slot;
        }
        heads
    }

    /// The root of what follows this head, and whether the two bytes after it may.
    #[inline(always)]
    pub fn look_up(&self, head: u32, fifth: u8, sixth: u8) -> (u32, bool) {
        let last = self.slots.len() - 1;
        let mut at = self.slot(head);
        let mut slot = &self.slots[at & last];
        while slot.head != head && slot.tail != NONE {
            at += 1;
            slot = &self.slots[at & last];
        }
        (slot.tail, slot.fifth >> (fifth & 31) & slot.sixth >> (sixth & 31) & 1 != 0)
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    #[inline(always)]
    fn slot(&self, head: u32) -> usize {
        // Another multiplier than the sieve's (one of murmur3's), so that what falls together there does not here.
        (head.wrapping_mul(0x85EB_CA6B) >> self.shift) as usize
    }
}
