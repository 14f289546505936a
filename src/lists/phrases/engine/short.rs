//! Phrases of fewer than four bytes: few in any list, but they stand everywhere.

use super::sieve::{Sieve, row};
use super::{NONE, head};

/// How many kinds of third byte the sieve tells apart.
pub(super) const WIDE: u32 = 32;

#[derive(Debug)]
pub(super) struct Shorts {
    /// By the sieve's row: where in `phrases` those of two and three bytes begin that may stand there.
    from: Vec<u32>,
    phrases: Vec<Short>,
    /// Those of one byte: no sieve is fine enough for them. Empty, as nearly always, or 256.
    single: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Short {
    head: u32,
    /// Which bits of a head count.
    mask: u32,
    length: u32,
    phrase: u32,
}

impl Shorts {
    /// `order`: the phrases of one to three bytes, which differ.
    pub fn build(phrases: &[&[u8]], order: &[u32], sieve: &mut Sieve) -> Self {
        let mut rows = Vec::new();
        let mut single = Vec::new();
        for &phrase in order {
            let bytes = phrases[phrase as usize];
            let length = bytes.len() as u32; // below 4
            let short = Short { head: head(bytes), mask: u32::MAX >> (32 - 8 * length), length, phrase };
            match bytes {
                [byte] => {
                    single.resize(256, NONE);
                    single[usize::from(*byte)] = phrase;
                }
                // Whatever the third byte is: a row for each that the sieve tells apart. Two may share one.
                [_, _] => rows.extend((0..WIDE).map(|third| (short.head | third << 16, short))),
                _ => rows.push((short.head, short)),
            }
        }
        rows.iter().for_each(|(head, _)| sieve.add_short(*head));
        let mut rows: Vec<(usize, Short)> = rows.into_iter().map(|(head, short)| (row(head), short)).collect();
        rows.sort_by_key(|(row, short)| (*row, short.phrase));
        rows.dedup_by_key(|(row, short)| (*row, short.phrase));
        let mut from = Vec::new();
        if let Some((last, _)) = rows.last() {
            // Rows after the last have none: they are not asked for, as the sieve says so.
            from = (0..=last + 1).map(|row| rows.partition_point(|(r, _)| *r < row) as u32).collect();
        }
        Self { from, phrases: rows.into_iter().map(|(_, short)| short).collect(), single }
    }

    /// Those of two and three bytes at a place of a text of this length.
    #[inline(never)]
    pub fn at(&self, head: u32, place: usize, length: usize, mut found: impl FnMut(u32, usize)) {
        let row = row(head);
        let (Some(&from), Some(&to)) = (self.from.get(row), self.from.get(row + 1)) else { return };
        for short in &self.phrases[from as usize..to as usize] {
            let end = place + short.length as usize;
            if head & short.mask == short.head && end <= length {
                found(short.phrase, end);
            }
        }
    }

    /// Those of one byte.
    pub fn single(&self, text: &[u8], mut found: impl FnMut(u32, usize)) {
        if self.single.is_empty() {
            return;
        }
        for (place, byte) in text.iter().enumerate() {
            let phrase = self.single[usize::from(*byte)];
            if phrase != NONE {
                found(phrase, place + 1);
            }
        }
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.from) + size_of_val(&*self.phrases) + size_of_val(&*self.single)
    }
}
