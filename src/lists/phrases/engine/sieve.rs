//! Four bytes: can a phrase begin so? Never no where one does; yes about twice as often as one does.

use super::short::WIDE;

/// log2 of the rows: 8,192 of four bytes are 32 KiB, most of a first-level cache and no more. Half as many let a sixth more
/// places of e2guardian's list through, twice as many fall out of the cache (measured, see the decision).
const ROWS: u32 = 13;

/// A row for what the first three bytes hash to, in it a bit for what the fourth is modulo 32: `a` to `z` have one each.
#[derive(Debug)]
pub(super) struct Sieve {
    rows: Box<[u32; 1 << ROWS]>,
    /// A bit a row: a phrase of two or three bytes begins so.
    short: Box<[u32; 1 << (ROWS - 5)]>,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { rows: Box::new([0; 1 << ROWS]), short: Box::new([0; 1 << (ROWS - 5)]) }
    }
}

impl Sieve {
    #[inline(always)]
    pub fn passes(&self, head: u32) -> bool {
        self.rows[row(head)] >> (head >> 24 & 31) & 1 != 0
    }

    #[inline(always)]
    pub fn may_be_short(&self, head: u32) -> bool {
        let row = row(head);
        self.short[row >> 5] >> (row & 31) & 1 != 0
    }

    pub fn add(&mut self, head: u32) {
        self.rows[row(head)] |= 1 << (head >> 24 & 31);
    }

    /// A phrase of three bytes, whatever the fourth is.
    pub fn add_short(&mut self, head: u32) {
        let row = row(head);
        self.rows[row] = u32::MAX;
        self.short[row >> 5] |= 1 << (row & 31);
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.rows) + size_of_val(&*self.short)
    }
}

/// Of the third byte only what it is modulo [`WIDE`] counts: so a phrase of two bytes has that many rows, not 256.
#[inline(always)]
pub(super) fn row(head: u32) -> usize {
    // Fibonacci hashing: 2^32 divided by the golden ratio; the highest bits are the best mixed.
    ((head & (WIDE - 1) << 16 | head & 0xFFFF).wrapping_mul(0x9E37_79B1) >> (32 - ROWS)) as usize
}
