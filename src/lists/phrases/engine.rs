//! Many phrases → every place of a text where one stands, overlapping ones too.
//!
//! Comes in: phrases as bytes; a text as bytes, whole or in chunks.
//! Goes out: for every occurrence of every phrase its number and where it ends, in no promised order.
//! Always holds: the occurrences are those that a plain overlapping Aho-Corasick pass finds (`tests` holds it to that), however
//! the text is cut; between two chunks it remembers fewer bytes than the longest phrase has; no bytes make it panic.
//!
//! An automaton takes a step a byte, each waiting for the one before. Here every place is looked at by itself, so that many are
//! in the processor at once, and most are done with after one load from a table that stays in its nearest cache:
//!
//! - [`sieve`] the first four bytes of a place: can a phrase begin so? (32 KiB; lets about one place in eight of a page through)
//! - [`heads`] the same four, exactly, and the two after them: does one? (one place in forty is left)
//! - [`tails`] the rest of the phrases that begin so, as a tree: which?
//! - [`short`] phrases of fewer than four bytes
//!
//! A place costs at most the steps of the longest phrase ([`LONGEST`]): a text made to hurt costs that much more, not without
//! end. `docs/decisions/0011` has the figures and what else was tried.

mod heads;
mod short;
mod sieve;
mod tails;
#[cfg(test)]
mod tests;

use heads::Heads;
use short::Shorts;
use sieve::Sieve;
use tails::Tails;

/// Longest phrase, in bytes: twice the longest of e2guardian's lists (88), and what one place may cost.
pub const LONGEST: usize = 255;
/// Most bytes of all phrases together: a node of the tree has its number in 26 bits beside a place's in 6.
const MOST_BYTES: usize = 1 << 25;
/// How many places are looked at in one go: what a `u8` of six bits tells apart, and small enough to stay in registers' reach.
const BLOCK: usize = 64;
/// Bytes after a block's last place that the tables look at.
const AHEAD: usize = 5;
/// No phrase, no node.
const NONE: u32 = u32::MAX;

/// Why phrases cannot be made into an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineFault {
    #[error("phrase {0} has no bytes: it would stand everywhere")]
    Empty(usize),
    #[error("phrase {0} has more than {LONGEST} bytes: shorten it")]
    TooLong(usize),
    #[error("the phrases have more than {MOST_BYTES} bytes together: leave some out")]
    TooMuch,
}

/// All phrases, made ready. It does not change; many texts share it.
#[derive(Debug)]
pub struct Engine {
    sieve: Sieve,
    heads: Heads,
    tails: Tails,
    shorts: Shorts,
    /// Of each phrase the next with the same bytes, else [`NONE`].
    same: Vec<u32>,
    /// Bytes of the longest phrase.
    longest: usize,
}

/// What is remembered of a text between two of its chunks: its last bytes.
#[derive(Debug, Default, Clone)]
pub struct Carry {
    bytes: Vec<u8>,
    /// Bytes of the text so far.
    read: u64,
}

impl Carry {
    /// Bytes of the text so far.
    pub fn read(&self) -> u64 {
        self.read
    }
}

impl Engine {
    /// # Errors
    /// [`EngineFault`]: a phrase without bytes or with too many, or too many in all.
    pub fn build<P: AsRef<[u8]>>(phrases: &[P]) -> Result<Self, EngineFault> {
        let phrases: Vec<&[u8]> = phrases.iter().map(AsRef::as_ref).collect();
        let total: usize = phrases.iter().map(|p| p.len()).sum();
        if total > MOST_BYTES {
            return Err(EngineFault::TooMuch);
        }
        if let Some(empty) = phrases.iter().position(|p| p.is_empty()) {
            return Err(EngineFault::Empty(empty));
        }
        if let Some(long) = phrases.iter().position(|p| p.len() > LONGEST) {
            return Err(EngineFault::TooLong(long));
        }
        // Sorted, what begins alike stands together; those that are alike become one chain with the lowest number first.
        let number = |index: usize| u32::try_from(index).unwrap_or(NONE); // fewer than MOST_BYTES, as none is empty
        let mut order: Vec<u32> = (0..phrases.len()).map(number).collect();
        order.sort_by_key(|&phrase| (phrases[phrase as usize], phrase));
        let mut same = vec![NONE; phrases.len()];
        for pair in order.windows(2) {
            if phrases[pair[0] as usize] == phrases[pair[1] as usize] {
                same[pair[0] as usize] = pair[1];
            }
        }
        order.dedup_by(|later, first| phrases[*later as usize] == phrases[*first as usize]);
        let (long, short): (Vec<u32>, Vec<u32>) = order.into_iter().partition(|&phrase| phrases[phrase as usize].len() >= 4);
        let mut sieve = Sieve::default();
        let shorts = Shorts::build(&phrases, &short, &mut sieve);
        let mut tails = Tails::default();
        let heads = Heads::build(&phrases, &long, &mut sieve, &mut tails);
        Ok(Self { sieve, heads, tails, shorts, same, longest: phrases.iter().map(|p| p.len()).max().unwrap_or(0) })
    }

    /// Every occurrence in a text that is there as a whole: `each` gets the phrase's number and where it ends.
    pub fn find_overlapping(&self, text: &[u8], mut each: impl FnMut(usize, usize)) {
        self.places(text, text.len(), &mut each);
    }

    /// Reads a text on by a chunk; `each` gets the phrase's number and where it ends, counted from the start of the text.
    pub fn feed(&self, carry: &mut Carry, chunk: &[u8], mut each: impl FnMut(usize, u64)) {
        let keep = self.longest.saturating_sub(1);
        let held = carry.bytes.len();
        let began = carry.read - held as u64;
        if held > 0 {
            // Begins in what was held, ends in what is new.
            carry.bytes.extend_from_slice(&chunk[..chunk.len().min(keep)]);
            self.places(&carry.bytes, held, &mut |phrase, end| {
                if end > held {
                    each(phrase, began + end as u64);
                }
            });
        }
        let read = carry.read;
        self.places(chunk, chunk.len(), &mut |phrase, end| each(phrase, read + end as u64));
        carry.read += chunk.len() as u64;
        if chunk.len() >= keep {
            carry.bytes.clear();
            carry.bytes.extend_from_slice(&chunk[chunk.len() - keep..]);
        } else if held == 0 {
            carry.bytes.extend_from_slice(chunk);
        } else {
            let surplus = carry.bytes.len().saturating_sub(keep);
            carry.bytes.drain(..surplus);
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.sieve.bytes() + self.heads.bytes() + self.tails.bytes() + self.shorts.bytes() + self.same.len() * size_of::<u32>()
    }

    /// All that begins at one of the first `starts` places.
    fn places(&self, text: &[u8], starts: usize, each: &mut impl FnMut(usize, usize)) {
        let mut at = 0;
        while at < starts {
            match text.get(at..).and_then(|rest| rest.first_chunk()) {
                Some(block) => self.block(block, text, at..starts, each),
                None => {
                    // The end of the text: zeros after it, which no phrase is let reach into.
                    let rest = &text[at..];
                    let mut block = [0; BLOCK + AHEAD];
                    block[..rest.len()].copy_from_slice(rest);
                    self.block(&block, text, at..starts, each);
                }
            }
            at += BLOCK;
        }
        self.shorts.single(&text[..starts], |phrase, end| self.all(phrase, end, each));
    }

    /// The places from `span.start` on, a block of them, none at or after `span.end`.
    #[inline(always)]
    fn block(&self, block: &[u8; BLOCK + AHEAD], text: &[u8], span: std::ops::Range<usize>, each: &mut impl FnMut(usize, usize)) {
        // Three rounds, each over what the one before left. The first two write every place down and count on only if it
        // passes: a branch here would be guessed wrongly too often.
        let mut passed = [0_u8; BLOCK];
        let mut count = 0;
        for place in 0..BLOCK {
            passed[count & (BLOCK - 1)] = place as u8; // below 64
            count += usize::from(self.sieve.passes(four(block, place)));
        }
        let mut begun = [0_u32; BLOCK];
        let mut left = 0;
        for &place in &passed[..count] {
            let place = usize::from(place) & (BLOCK - 1);
            if span.start + place >= span.end {
                break;
            }
            let head = four(block, place);
            if self.sieve.may_be_short(head) {
                self.shorts.at(head, span.start + place, text.len(), |phrase, end| self.all(phrase, end, each));
            }
            let (tail, passes) = self.heads.look_up(head, block[place + 4], block[place + 5]);
            begun[left & (BLOCK - 1)] = tail << 6 | place as u32; // below 64; tails have numbers of at most 26 bits
            left += usize::from(passes);
        }
        for &found in &begun[..left] {
            let place = span.start + (found as usize & (BLOCK - 1));
            self.tails.walk(found >> 6, text, place + 4, |phrase, end| self.all(phrase, end, each));
        }
    }

    /// A phrase and those with the same bytes.
    #[inline(always)]
    fn all(&self, phrase: u32, end: usize, each: &mut impl FnMut(usize, usize)) {
        let mut next = phrase;
        while next != NONE {
            each(next as usize, end);
            next = self.same[next as usize];
        }
    }
}

/// The four bytes from a place on, the first the lowest.
#[inline(always)]
fn four(block: &[u8; BLOCK + AHEAD], place: usize) -> u32 {
    u32::from_le_bytes([block[place], block[place + 1], block[place + 2], block[place + 3]])
}

/// The first bytes of a phrase as [`four`] reads them; what is missing is zero.
fn head(phrase: &[u8]) -> u32 {
    phrase.iter().take(4).rev().fold(0, |head, &byte| head << 8 | u32::from(byte))
}
