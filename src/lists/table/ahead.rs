//! A look-up in steps, so that the waits of many are one wait.
//!
//! Who has several hosts to look up does each step for all of them before the next: what a step asks memory for is near when the
//! next one needs it. From memory that is not in the core's own cache a line takes as long as all else of a look-up, and a name that
//! is listed needs ten.

use super::{ITSELF, Table, hash, part_of};
use crate::words::Host;

/// Parts of a host that are looked up in steps: of those with more, all is done at once in the first.
const MOST: usize = 6;

/// How far a look-up has come.
#[derive(Default)]
pub struct Ahead {
    /// What the filter is still to be asked by, of two labels and more.
    hashes: [u64; MOST],
    count: u8,
    pub(super) maybe: Maybe,
}

/// Which parts of a host may be stored.
#[derive(Default)]
pub(super) struct Maybe {
    /// A bit each, by labels or length of range.
    pub parts: u128,
    /// Of the shortest of them, where they stand: a host on lists has one or two. The others are searched for.
    hints: [Option<usize>; 4],
}

impl Maybe {
    /// In which block a part stands, if it is stored.
    pub fn hint(&self, part: u8) -> Option<usize> {
        let shorter = self.parts & ((1 << (part & 127)) - 1);
        *self.hints.get(shorter.count_ones() as usize)?
    }
}

impl Table {
    /// The first step: what the filter will be asked of this host.
    pub fn approach(&self, host: &Host) -> Ahead {
        let mut ahead = Ahead::default();
        if host.is_address() {
            self.maybe_ranges(host, &mut ahead.maybe);
            return ahead;
        }
        let mut labels = host.as_str().as_bytes().rsplit(|&c| c == b'.');
        // One label is never an entry.
        let mut hash = hash::with_label(hash::START, labels.next().unwrap_or_default());
        for (count, label) in (2..=self.header.asked.most_labels).zip(labels) {
            hash = hash::with_label(hash, label);
            match ahead.hashes.get_mut(usize::from(count) - 2) {
                Some(free) => {
                    (*free, ahead.count) = (hash, count - 1);
                    self.header.filter.touch(self.filter(), hash);
                }
                None => {
                    self.filter_step(&mut ahead, true);
                    if self.header.filter.may_hold(self.filter(), hash) {
                        self.hold(count, hash, &mut ahead.maybe);
                    }
                }
            }
        }
        ahead
    }

    /// The second step: what the filter says, and where the names should stand of which it says yes.
    pub fn ask_filter(&self, ahead: &mut Ahead) {
        self.filter_step(ahead, false);
    }

    fn filter_step(&self, ahead: &mut Ahead, whole: bool) {
        let shape = &self.header.filter;
        let mut held = 0;
        for (place, &hash) in ahead.hashes.iter().enumerate().take(ahead.count.into()) {
            if shape.may_hold(self.filter(), hash) {
                shape.touch_hint(self.hints(), hash);
                held |= 1u8 << place;
            }
        }
        // What is left of them is what the third step looks at.
        let mut kept = 0;
        for place in (0..ahead.count).filter(|place| held >> place & 1 == 1) {
            let hash = ahead.hashes[usize::from(place)];
            ahead.hashes[kept] = hash;
            ahead.maybe.parts |= 1 << (place + 2);
            kept += 1;
        }
        ahead.count = kept as u8;
        if whole {
            self.ask_hints(ahead);
        }
    }

    /// The third step: in which blocks they should stand.
    pub fn ask_hints(&self, ahead: &mut Ahead) {
        for place in 0..usize::from(std::mem::take(&mut ahead.count)) {
            let hint = self.header.filter.hint(self.hints(), ahead.hashes[place]);
            if let (Some(free), Some(block)) = (ahead.maybe.hints.get_mut(place), hint) {
                *free = hint;
                self.names().touch(block);
            }
        }
    }

    /// Which ranges around an address may be stored: bit 24 for a /24, bit 1 for the address itself.
    fn maybe_ranges(&self, host: &Host, maybe: &mut Maybe) {
        let Some(address) = host.address() else { return };
        let asked = &self.header.asked;
        let mut lengths = if address.is_ipv4() { asked.ranges_v4.into() } else { asked.ranges_v6 } | ITSELF;
        while lengths != 0 {
            let length = lengths.trailing_zeros() as u8;
            lengths &= lengths - 1;
            let hash = hash::name_hash(part_of(host, length).as_bytes());
            if self.header.filter.may_hold(self.filter(), hash) {
                self.hold(length, hash, maybe);
            }
        }
    }

    /// One part more that may be stored; parts come from the shortest on.
    fn hold(&self, part: u8, hash: u64, maybe: &mut Maybe) {
        if let Some(free) = maybe.hints.get_mut(maybe.parts.count_ones() as usize) {
            *free = self.header.filter.hint(self.hints(), hash);
        }
        maybe.parts |= 1 << (part & 127);
    }
}

/// Asks memory for the line that `at` of these bytes is in, and waits for nothing. Says nothing, and changes nothing.
#[inline(always)]
pub fn touch<T>(bytes: &[T], at: usize) {
    let Some(place) = bytes.get(at) else { return };
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint to the core, which every x86-64 has; the address is that of a reference.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>((&raw const *place).cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a hint to the core, which reads and writes nothing that a program sees.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) &raw const *place, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = std::hint::black_box(place);
}
