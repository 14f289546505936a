//! What several rings hold, in the order in which it happened: workers hand over once a second, and what one of them noted first
//! is to be told first.

use super::record;
use super::ring::{Damaged, Ring};
use super::segment::Noted;
use std::ops::Range;

/// An event of one of the rings.
struct Note {
    /// When it was, or the latest that was noted in its ring before it: in a ring, what was noted first stays first, since a ring
    /// is given back from its start.
    when_ms: i64,
    ring: usize,
    position: u64,
    next: u64,
    body: Range<usize>,
}

/// What was copied out of some rings, told by their places in a list.
#[derive(Default)]
pub struct Gathered {
    bodies: Vec<u8>,
    notes: Vec<Note>,
}

impl Gathered {
    /// Copies what a ring holds up to `head`.
    ///
    /// # Errors
    /// [`Damaged`]: some of it cannot be read; nothing of this ring is taken.
    pub fn take(&mut self, nth: usize, ring: &Ring, head: u64) -> Result<(), Damaged> {
        let mut at = ring.tail();
        let (before, mut latest) = (self.notes.len(), i64::MIN);
        loop {
            let start = self.bodies.len();
            match ring.read(at, head, &mut self.bodies) {
                Ok(None) => return Ok(()),
                Ok(Some((position, next))) => {
                    let body = start..self.bodies.len();
                    latest = latest.max(record::moment(&self.bodies[body.clone()]).map_or(latest, |(when, _)| when));
                    self.notes.push(Note { when_ms: latest, ring: nth, position, next, body });
                    at = next;
                }
                Err(damaged) => {
                    self.notes.truncate(before);
                    return Err(damaged);
                }
            }
        }
    }

    /// Puts them in their order; what was noted at the same moment stays in that of the rings.
    pub fn sort(&mut self) {
        self.notes.sort_by_key(|note| note.when_ms);
    }

    /// The events, those of the same ring in the order of their positions once they are sorted.
    pub fn noted<'a>(&'a self, rings: &[std::sync::Arc<Ring>]) -> Vec<Noted<'a>> {
        let of =
            |note: &Note| Noted { ring: rings[note.ring].id, position: note.position, body: &self.bodies[note.body.clone()] };
        self.notes.iter().map(of).collect()
    }

    /// Up to where the rings are no more needed when these events are elsewhere: a ring's place, and its position.
    pub fn ends(&self, events: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
        self.notes[events].iter().map(|note| (note.ring, note.next))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::Producer;
    use super::super::samples::event;
    use super::super::time::BootId;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_two_rings_hold_comes_in_the_order_in_which_it_happened_and_that_of_each_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let ring =
            |id: u64| Arc::new(Ring::create(&folder.path().join(id.to_string()), id, BootId([1; 16]), 64 << 10).expect("made"));
        let rings = [ring(7), ring(9)];
        let mut producers = rings.clone().map(Producer::of);
        // The second notes the event of 2 late, after that of 8: in its ring it stays there.
        let noted: [&[u64]; 2] = [&[1, 3, 5, 7, 9, 10, 30], &[4, 6, 8, 2, 10, 20]];
        for (producer, times) in producers.iter_mut().zip(noted) {
            times.iter().for_each(|n| assert!(producer.push(&event(*n))));
        }
        let mut gathered = Gathered::default();
        for (nth, ring) in rings.iter().enumerate() {
            gathered.take(nth, ring, ring.head()).expect("whole");
        }
        gathered.sort();
        let all = gathered.noted(&rings);
        let told: Vec<_> = all
            .iter()
            .map(|one| {
                let read = record::decode(one.body).expect("an event");
                (one.ring, read.when_ms - event(0).when_ms)
            })
            .collect();
        let order = [(7, 1), (7, 3), (9, 4), (7, 5), (9, 6), (7, 7), (9, 8), (9, 2), (7, 9), (7, 10), (9, 10), (9, 20), (7, 30)];
        assert_eq!(told, order);
        // However much of it is taken, what is not yet is what is above.
        for some in 0..=all.len() {
            let mut ends = rings.each_ref().map(|ring| ring.tail());
            gathered.ends(0..some).for_each(|(nth, next)| ends[nth] = next);
            let left = |one: &&Noted| one.position >= ends[usize::from(one.ring == 9)];
            assert_eq!(all.iter().filter(left).count(), all.len() - some);
        }
    }
}
