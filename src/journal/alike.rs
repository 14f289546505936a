//! Which row of a week file a question is counted in: the same question of the same client, judged in the same way within a minute
//! of the first, and moved to the file together with it, is one row with a count. A row that is written is never written again.

use super::book::Row;
use super::event::{ATTEMPT_MS, Event, Span};
use super::interned::{Keyed, Keys};
use super::segment::What;
use crate::policy::Step;

/// Longest time from the first to the last question of one row.
const ROW_MS: i64 = 60_000;

/// A row of a week file that is to be.
pub struct Entry<'r, 'a> {
    pub row: &'r Row<'a>,
    pub event: &'r Event<'a>,
    pub sums: Sums,
}

/// What events of one row come to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub when_ms: i64,
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
    fn of(event: &Event) -> Self {
        Self {
            when_ms: event.when_ms,
            last_ms: event.when_ms,
            attempts: 1,
            count: event.count,
            bytes_up: event.bytes_up,
            bytes_down: event.bytes_down,
            duration_ms: event.duration_ms,
            several: false,
        }
    }

    /// Counts an event as well. False: it is too far from the others, or too much.
    fn add(&mut self, event: &Event) -> bool {
        let (first, last) = (self.when_ms.min(event.when_ms), self.last_ms.max(event.when_ms));
        let near = last.checked_sub(first).is_some_and(|apart| apart < ROW_MS);
        let Some(count) = self.count.checked_add(event.count).filter(|_| near) else { return false };
        self.attempts += u32::from(event.when_ms - self.last_ms > ATTEMPT_MS);
        (self.when_ms, self.last_ms, self.count) = (first, last, count);
        self.bytes_up = self.bytes_up.saturating_add(event.bytes_up);
        self.bytes_down = self.bytes_down.saturating_add(event.bytes_down);
        self.duration_ms = self.duration_ms.max(event.duration_ms);
        self.several = true;
        true
    }

    /// Where in time these are; `None`: there is only the one.
    pub fn span(&self) -> Option<Span> {
        self.several.then_some(Span { last_ms: self.last_ms, attempts: self.attempts })
    }
}

impl<'a> Entry<'_, 'a> {
    /// The row as an event.
    pub fn event(&self) -> Event<'a> {
        Event {
            when_ms: self.sums.when_ms,
            count: self.sums.count,
            span: self.sums.span(),
            bytes_up: self.sums.bytes_up,
            bytes_down: self.sums.bytes_down,
            duration_ms: self.sums.duration_ms,
            ..self.event.clone()
        }
    }
}

/// The rows that these come to, in the order of their first events; gaps are left out.
pub fn merge<'r, 'a>(rows: impl IntoIterator<Item = &'r Row<'a>>) -> Vec<Entry<'r, 'a>>
where
    'a: 'r,
{
    let (mut out, mut places, keys) = (Vec::new(), Keyed::<usize>::default(), Keys::default());
    for row in rows {
        let What::Event(event) = &row.what else { continue };
        let key = key(row, event, &keys);
        if let Some(key) = key {
            let known = places.get(&key).and_then(|place| out.get_mut(*place));
            if known.is_some_and(|entry: &mut Entry| entry.sums.add(event)) {
                continue;
            }
            places.insert(key, out.len());
        }
        out.push(Entry { row, event, sums: Sums::of(event) });
    }
    out
}

/// What the events of one row have in common. `None`: it has a row of its own.
fn key(row: &Row, event: &Event, keys: &Keys) -> Option<u128> {
    // No message is longer; what is has not been a question.
    let sizes = event.bytes_up.max(event.bytes_down) <= u64::from(u32::MAX);
    // Of the illegal lists every time is told.
    let [a, b, c, d] = row.question.filter(|_| sizes && event.step != Step::Locked)?;
    // A sum is one of a second, whichever worker made it.
    let second = if event.is_sum() { event.when_ms.div_euclid(1000) } else { 0 };
    Some(keys.of(&[&[row.dated as u8], &second.to_le_bytes(), a, b, c, d]))
}
