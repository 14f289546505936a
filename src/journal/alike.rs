//! Which row of a week file a question is counted in: the same question of the same client, judged in the same way within a minute
//! of the first, is one row with a count.
//!
//! A row is known by 128 keyed bits of what its questions have in common, so that nobody outside can make two that are taken for
//! one. What is known here is no more than a help: with it forgotten, the next question begins another row, and the counts still
//! add up.

use super::book::Row;
use super::event::{ATTEMPT_MS, Event, Span};
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Longest time from the first to the last question of one row.
const ROW_MS: i64 = 60_000;

/// Rows that are known, in each of two generations: half a minute of 1,000 different questions a second; 3 MiB both.
const MOST: usize = 32_768;

/// The rows of one file that may still count on.
pub struct Alike {
    keys: [RandomState; 2],
    young: Generation,
    old: Generation,
    /// Since when the young ones are.
    since_ms: i64,
    /// The transaction that is going on.
    turn: u32,
}

type Generation = HashMap<u128, Known, BuildHasherDefault<Low>>;

/// The keys are hashes already.
#[derive(Default)]
struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// A row that may still count on.
#[derive(Debug, Clone, Copy)]
struct Known {
    seq: u64,
    first_ms: i64,
    last_ms: i64,
    count: u32,
    /// In which transaction it was written last, and where among what that writes.
    turn: u32,
    place: u32,
}

/// What one transaction does with one row of the file.
pub struct Entry<'r, 'a> {
    pub seq: u64,
    /// What is added. `None`: the row is there, and counts on.
    pub row: Option<(&'r Row<'a>, &'r Event<'a>)>,
    pub sums: Sums,
}

/// What events of one row come to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub when_ms: i64,
    pub boot_ms: u64,
    pub last_ms: i64,
    pub attempts: u32,
    pub count: u32,
    pub bytes_up: u64,
    pub bytes_down: u64,
    /// The longest.
    pub duration_ms: u32,
    /// Whether it is more than one event.
    several: bool,
}

impl Sums {
    fn of(event: &Event, attempts: u32) -> Self {
        Self {
            when_ms: event.when_ms,
            boot_ms: event.boot_ms,
            last_ms: event.when_ms,
            attempts,
            count: event.count,
            bytes_up: event.bytes_up,
            bytes_down: event.bytes_down,
            duration_ms: event.duration_ms,
            several: false,
        }
    }

    fn add(&mut self, event: &Event, attempts: u32) {
        self.when_ms = self.when_ms.min(event.when_ms);
        self.boot_ms = self.boot_ms.min(event.boot_ms);
        self.last_ms = self.last_ms.max(event.when_ms);
        self.attempts += attempts;
        self.count += event.count;
        self.bytes_up = self.bytes_up.saturating_add(event.bytes_up);
        self.bytes_down = self.bytes_down.saturating_add(event.bytes_down);
        self.duration_ms = self.duration_ms.max(event.duration_ms);
        self.several = true;
    }

    /// Where in time these are; `None`: there is only the one.
    pub fn span(&self) -> Option<Span> {
        self.several.then_some(Span { last_ms: self.last_ms, attempts: self.attempts })
    }
}

impl Default for Alike {
    fn default() -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new()],
            young: Generation::default(),
            old: Generation::default(),
            since_ms: 0,
            turn: 0,
        }
    }
}

impl Alike {
    /// Begins a transaction.
    pub fn begin(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }

    /// Counts an event in the row it belongs to: one of `out`, one that the file has, or a new one.
    pub fn put<'r, 'a>(&mut self, row: &'r Row<'a>, event: &'r Event<'a>, out: &mut Vec<Entry<'r, 'a>>) {
        let new = Entry { seq: row.seq, row: Some((row, event)), sums: Sums::of(event, 1) };
        // No message is longer; what is has not been a question.
        let sizes = event.bytes_up.max(event.bytes_down) <= u64::from(u32::MAX);
        let Some(parts) = row.question.filter(|_| sizes) else { return out.push(new) };
        // A sum is one of a second; of the locked tier there is no name to tell one from another.
        let second = if event.host.is_empty() && event.who.is_some() { event.when_ms.div_euclid(1000) } else { 0 };
        let key = self.key(parts, row.dated as u8, second);
        self.grow_old(event.when_ms);
        let turn = self.turn;
        let known = match self.young.get_mut(&key) {
            Some(known) => Some(known),
            None => self.old.get_mut(&key),
        };
        if let Some(known) = known
            && let Some(count) = known.count.checked_add(event.count)
        {
            let (first, last) = (known.first_ms.min(event.when_ms), known.last_ms.max(event.when_ms));
            if last - first < ROW_MS {
                let again = u32::from(event.when_ms - known.last_ms > ATTEMPT_MS);
                (known.first_ms, known.last_ms, known.count) = (first, last, count);
                match out.get_mut(known.place as usize).filter(|_| known.turn == turn) {
                    Some(entry) => entry.sums.add(event, again),
                    None => {
                        (known.turn, known.place) = (turn, out.len() as u32);
                        out.push(Entry { seq: known.seq, row: None, sums: Sums::of(event, again) });
                    }
                }
                return;
            }
        }
        let place = out.len() as u32;
        let (first_ms, count) = (event.when_ms, event.count);
        self.old.remove(&key);
        self.young.insert(key, Known { seq: row.seq, first_ms, last_ms: first_ms, count, turn, place });
        out.push(new);
    }

    /// Forgets what can no longer count on.
    fn grow_old(&mut self, now_ms: i64) {
        if self.young.len() >= MOST || (now_ms - self.since_ms).abs() > ROW_MS {
            self.old = std::mem::take(&mut self.young);
            self.since_ms = now_ms;
        }
    }

    fn key(&self, parts: [&[u8]; 4], dated: u8, second: i64) -> u128 {
        let half = |keys: &RandomState| {
            let mut hasher = keys.build_hasher();
            hasher.write_u8(dated);
            hasher.write_i64(second);
            parts.iter().for_each(|part| hasher.write(part));
            hasher.finish()
        };
        u128::from(half(&self.keys[0])) << 64 | u128::from(half(&self.keys[1]))
    }
}
