//! Runs, merged into a table.

use super::{CompileFault, MOST_LISTS, Progress};
use crate::lists::run::{Run, RunFault};
use crate::lists::source::Says;
use crate::lists::table::header::saying;
use crate::lists::table::write::{Spill, Writer, Written};
use crate::lists::{Provenance, Reject};
use std::cmp::Ordering;
use std::io::Write;

const TELL_EVERY: u64 = 1 << 16;

/// Makes the table of these runs, each the source of its place. Memory: a block of each run, and what the writer takes.
///
/// # Errors
/// [`CompileFault::Run`]: that run is to be made again from its source; else what cannot be written.
pub fn merge(
    runs: &mut [Run<'_>],
    spill: &mut dyn Spill,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, CompileFault> {
    Ok(merged(runs, spill, to, progress)?.0)
}

/// As [`merge`], with what became of each source.
pub(super) fn merged(
    runs: &mut [Run<'_>],
    spill: &mut dyn Spill,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Written, Vec<Provenance>), CompileFault> {
    if runs.len() > MOST_LISTS {
        return Err(CompileFault::TooManyLists(runs.len()));
    }
    let total = runs.iter().map(Run::entries).sum();
    let mut lists: Vec<_> = runs.iter().map(|r| r.provenance().clone()).collect();
    let mut writer = Writer::new(spill, lists.iter().map(|list| list.name.clone()).collect());
    for (source, (run, list)) in runs.iter().zip(&mut lists).enumerate().filter(|(_, (_, list))| list.broken.is_none()) {
        let said = saying(source as u16, Says::Below);
        let left_out = run.patterns().iter().filter(|p| !writer.pattern(p.within, &p.text, said)).count() as u64;
        list.rejects.count(Reject::NoRoom, left_out);
        list.entries = list.entries.saturating_sub(left_out);
    }
    let mut heap = Heap::of(runs)?;
    let (mut names, mut key, mut said) = (0, Vec::new(), Vec::new());
    while let Some(run) = heap.first(runs) {
        if run.key() != key {
            if !said.is_empty() {
                writer.push(&key, &said)?;
                names += 1;
                if names % TELL_EVERY == 0 {
                    progress(Progress::Packing { names, total });
                }
            }
            run.key().clone_into(&mut key);
            said.clear();
        }
        said.push(saying(heap.source(), run.says()));
        heap.advance(runs)?;
    }
    if !said.is_empty() {
        writer.push(&key, &said)?;
    }
    Ok((writer.finish(&lists, to, progress)?, lists))
}

/// The runs that have an entry left, the least first: by key, then by source.
struct Heap(Vec<Place>);

/// The first bytes of the key stand beside the run, so that most comparisons touch nothing else.
#[derive(Clone, Copy)]
struct Place {
    first: u64,
    source: u16,
}

impl Heap {
    fn of(runs: &mut [Run<'_>]) -> Result<Self, CompileFault> {
        let mut places = Vec::with_capacity(runs.len());
        for (source, run) in runs.iter_mut().enumerate() {
            if run.provenance().broken.is_none() && advanced(run, source)? {
                places.push(Place { first: first_of(run.key()), source: source as u16 });
            }
        }
        let mut heap = Self(places);
        (0..heap.0.len() / 2).rev().for_each(|at| heap.sink(at, runs));
        Ok(heap)
    }

    fn first<'r, 'a>(&self, runs: &'r [Run<'a>]) -> Option<&'r Run<'a>> {
        self.0.first().map(|place| &runs[usize::from(place.source)])
    }

    fn source(&self) -> u16 {
        self.0.first().map_or(0, |place| place.source)
    }

    /// Goes to the next entry of the first run.
    fn advance(&mut self, runs: &mut [Run<'_>]) -> Result<(), CompileFault> {
        let Some(place) = self.0.first_mut() else { return Ok(()) };
        let source = usize::from(place.source);
        if advanced(&mut runs[source], source)? {
            place.first = first_of(runs[source].key());
        } else {
            self.0.swap_remove(0);
        }
        self.sink(0, runs);
        Ok(())
    }

    fn sink(&mut self, mut at: usize, runs: &[Run<'_>]) {
        loop {
            let below = 2 * at + 1..(2 * at + 3).min(self.0.len());
            let Some(least) = below.reduce(|a, b| if self.compare(b, a, runs).is_lt() { b } else { a }) else { return };
            if self.compare(at, least, runs).is_le() {
                return;
            }
            self.0.swap(at, least);
            at = least;
        }
    }

    fn compare(&self, a: usize, b: usize, runs: &[Run<'_>]) -> Ordering {
        let (a, b) = (self.0[a], self.0[b]);
        let key = |place: Place| runs[usize::from(place.source)].key();
        a.first.cmp(&b.first).then_with(|| key(a).cmp(key(b))).then(a.source.cmp(&b.source))
    }
}

fn advanced(run: &mut Run<'_>, source: usize) -> Result<bool, CompileFault> {
    run.advance().map_err(|fault: RunFault| CompileFault::Run { number: source, list: run.provenance().name.clone(), fault })
}

/// No key holds a zero, so a shorter key padded with zeros sorts where the key itself does.
pub(super) fn first_of(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let n = key.len().min(8);
    first[..n].copy_from_slice(&key[..n]);
    u64::from_be_bytes(first)
}
