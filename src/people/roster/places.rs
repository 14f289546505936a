//! What the doors read: address → who is there, without a lock and without waiting for whoever writes. See decision 0033.
//!
//! A table of chains. The first [`Line`] of each lies at home in the table, the others in slots that it leads to. Whoever changes
//! something in a chain writes it anew: the others into free slots, and then the first one in its place, with an odd count while
//! it is written; what it was then lies where readers find it. A slot that is free again may be written while somebody still reads
//! it; a reader looks at the count again after each line, and begins anew when it is another.

use super::here::Here;
use super::line::{Back, Front, Line, PLACES, Place};
use crate::people::key::Key;
use crate::people::keyed::Keyed;
use crate::people::seats::Seen;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Of 60,000 addresses two in three are the first of their chain, of the most that a teller says four share one: so many are looked
/// through, and written anew when one of them changes. They take 5 MB.
const HOMES: usize = 65_536;
/// Slots come in blocks of so many, 80 KB, when they are needed.
const BLOCK: usize = 1024;
/// More slots than the book tells of addresses, each teller its most, and than a chain that is written anew takes beside them.
const BLOCKS: usize = PLACES / BLOCK - 1;

/// Where the front of a line lies: two in one line of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(32))]
struct FrontSlot([AtomicU64; 4]);

#[derive(Debug, Default)]
struct BackSlot([AtomicU64; 6]);

impl FrontSlot {
    /// With the count.
    #[inline]
    fn last(&self) -> &AtomicU64 {
        let [.., last] = &self.0;
        last
    }

    #[inline]
    fn read(&self) -> Front {
        Front(self.0.each_ref().map(|word| word.load(Ordering::Relaxed)))
    }

    /// The last word last.
    fn write(&self, front: Front) {
        let Front([words @ .., last]) = front;
        self.0.iter().zip(words).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
        self.last().store(last, Ordering::Release);
    }
}

impl BackSlot {
    #[inline]
    fn read(&self) -> Back {
        Back(self.0.each_ref().map(|word| word.load(Ordering::Relaxed)))
    }

    fn write(&self, back: Back) {
        self.0.iter().zip(back.0).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
    }
}

/// Fronts apart from backs: most of the time nothing is asked of these.
#[derive(Debug)]
struct Slots {
    fronts: Box<[FrontSlot]>,
    backs: Box<[BackSlot]>,
}

impl Slots {
    fn new(count: usize) -> Self {
        let (fronts, backs) = (0..count).map(|_| <(FrontSlot, BackSlot)>::default()).unzip::<_, _, Vec<_>, Vec<_>>();
        Self { fronts: fronts.into(), backs: backs.into() }
    }

    #[inline]
    fn at(&self, index: usize) -> (&FrontSlot, &BackSlot) {
        (&self.fronts[index], &self.backs[index])
    }
}

/// Slots that no chain leads to: some that one did, and all from the last one that was ever taken.
#[derive(Debug, Default)]
struct Free {
    again: Vec<Place>,
    taken: Place,
}

/// What is written with every change: not in one line of the processor's cache with what every reader reads.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Changing {
    /// What lay in the home that is being written.
    before: (FrontSlot, BackSlot),
    /// Held by whoever writes.
    free: Mutex<Free>,
}

#[derive(Debug)]
pub(super) struct Places {
    homes: Slots,
    blocks: Box<[OnceLock<Slots>]>,
    keyed: Keyed,
    changing: Changing,
}

impl Default for Places {
    fn default() -> Self {
        Self::of(HOMES, BLOCKS)
    }
}

impl Places {
    /// `homes`: a power of two, as the size of a map is.
    fn of(homes: usize, blocks: usize) -> Self {
        debug_assert!(homes.is_power_of_two());
        Self {
            homes: Slots::new(homes),
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
            keyed: Keyed::default(),
            changing: Changing::default(),
        }
    }

    /// What a door asks for. Waits for nobody: a change that is being made does not count, and one that was made meanwhile is read.
    #[inline]
    pub fn glance(&self, key: Key) -> Option<Front> {
        self.find(key, |front, _| *front)
    }

    /// All that is known; as [`Places::glance`].
    pub fn look_up(&self, key: Key) -> Option<Line> {
        self.find(key, |front, back| Line { front: front.linked(0, 0), back: back.read() })
    }

    #[inline]
    fn find<T>(&self, key: Key, what: impl Fn(&Front, &BackSlot) -> T) -> Option<T> {
        let home = self.home(key);
        loop {
            let its = |front: &Front, back: &BackSlot| front.is_of(key, || back.read().key()).then(|| what(front, back));
            if let Some(found) = self.walk(home, its) {
                return found;
            }
        }
    }

    /// Goes along a chain until something is found. `None`: it was changed meanwhile; what was found before that was so.
    #[inline]
    fn walk<T>(&self, home: usize, mut find: impl FnMut(&Front, &BackSlot) -> Option<T>) -> Option<Option<T>> {
        let (home, back) = self.homes.at(home);
        let seen = home.last().load(Ordering::Acquire);
        let before = (&self.changing.before.0, &self.changing.before.1);
        let (mut front, mut back) = if Front::count(seen).is_multiple_of(2) { (home, back) } else { before };
        loop {
            let line = front.read();
            let found = find(&line, back);
            // Before the count is looked at again: what was read of the slot. Pairs with the fences of `swap` and `begin`.
            fence(Ordering::Acquire);
            if home.last().load(Ordering::Relaxed) != seen {
                return None;
            }
            if found.is_some() {
                return Some(found);
            }
            let Some(next) = self.slot(line.next()) else { return Some(None) };
            (front, back) = next;
        }
    }

    #[inline]
    fn slot(&self, place: Place) -> Option<(&FrontSlot, &BackSlot)> {
        let index = (place as usize).checked_sub(1)?;
        Some(self.blocks.get(index / BLOCK)?.get()?.at(index % BLOCK))
    }

    /// Puts in force what is known of these addresses, each of them once, and what follows; `None` takes an address out. True:
    /// something is otherwise than before.
    pub fn put(&self, keys: impl Iterator<Item = Key>, known: impl Fn(Key) -> Option<(Here, Seen)>) -> bool {
        let mut all: Vec<(usize, Key)> = keys.map(|key| (self.home(key), key)).collect();
        all.sort_unstable();
        let mut free = self.changing.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut chain, mut otherwise) = (Vec::new(), false);
        for of_home in all.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((home, _)) = of_home.first() else { continue };
            self.chain(*home, &mut chain);
            let mut changed = false;
            for (_, key) in of_home {
                let before = chain.iter().position(|line| line.key() == *key);
                let now = known(*key).map(|(here, seen)| Line::of(*key, &here, &seen));
                changed |= before.map(|at| chain[at]) != now;
                match (before, now) {
                    (Some(at), Some(now)) => chain[at] = now,
                    (Some(at), None) => drop(chain.swap_remove(at)),
                    (None, now) => chain.extend(now),
                }
            }
            if changed {
                self.swap(*home, &chain, &mut free);
                otherwise = true;
            }
        }
        otherwise
    }

    /// Writes a chain anew; what it led to before is free.
    fn swap(&self, home: usize, chain: &[Line], free: &mut Free) {
        // Before what is free, or lay in another home, is written again: the counts that have changed since, by whomever.
        fence(Ordering::Release);
        let (first, rest) = chain.split_first().map_or((Line::default(), chain), |(first, rest)| (*first, rest));
        let mut next = 0;
        for line in rest {
            // There are more slots than the book tells of addresses.
            let Some((place, (front, back))) = self.take(free) else { break };
            back.write(line.back);
            front.write(line.front.linked(next, 0));
            next = place;
        }
        let before = self.begin(home);
        self.end(home, &Line { front: first.front.linked(next, Front::count(before.last()).wrapping_add(2)), ..first });
        let mut next = before.next();
        while let Some((front, _)) = self.slot(next) {
            free.again.push(next);
            next = front.read().next();
        }
    }

    /// From here on readers take what lies at this home from elsewhere: it may be written.
    fn begin(&self, home: usize) -> Front {
        let (home, back) = self.homes.at(home);
        let front = home.read();
        self.changing.before.1.write(back.read());
        self.changing.before.0.write(front);
        let odd = Front::count(front.last()).wrapping_add(1);
        home.last().store(front.linked(front.next(), odd).last(), Ordering::Release);
        // Before anything of it is written: the odd count.
        fence(Ordering::Release);
        front
    }

    /// And from here on they find `line` there, which has the next even count.
    fn end(&self, home: usize, line: &Line) {
        let (home, back) = self.homes.at(home);
        back.write(line.back);
        home.write(line.front);
    }

    fn take(&self, free: &mut Free) -> Option<(Place, (&FrontSlot, &BackSlot))> {
        let place = free.again.pop().unwrap_or(free.taken + 1);
        let index = place as usize - 1;
        let block = self.blocks.get(index / BLOCK)?.get_or_init(|| Slots::new(BLOCK));
        free.taken = free.taken.max(place);
        Some((place, block.at(index % BLOCK)))
    }

    /// All that share a home, as they were at one moment.
    fn chain(&self, home: usize, into: &mut Vec<Line>) {
        loop {
            into.clear();
            let whole = self.walk(home, |front, back| {
                if front.is_used() {
                    into.push(Line { front: front.linked(0, 0), back: back.read() });
                }
                None::<()>
            });
            if whole.is_some() {
                return;
            }
        }
    }

    /// Works out anew what follows for everybody.
    pub fn see(&self, see: impl Fn(Key, &Here) -> Seen) {
        let mut free = self.changing.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = Vec::new();
        for home in 0..self.homes.fronts.len() {
            self.chain(home, &mut chain);
            if !chain.is_empty() {
                for line in &mut chain {
                    let here = line.here();
                    *line = Line::of(line.key(), &here, &see(line.key(), &here));
                }
                self.swap(home, &chain, &mut free);
            }
        }
    }

    pub fn each(&self, mut with: impl FnMut(Key, &Here)) {
        let mut chain = Vec::new();
        for home in 0..self.homes.fronts.len() {
            self.chain(home, &mut chain);
            chain.iter().for_each(|line| with(line.key(), &line.here()));
        }
    }

    pub fn len(&self) -> usize {
        let mut count = 0;
        self.each(|_, _| count += 1);
        count
    }

    #[inline]
    fn home(&self, key: Key) -> usize {
        self.keyed.hash_one(key) as usize & (self.homes.fronts.len() - 1)
    }
}

#[cfg(test)]
mod tests;
