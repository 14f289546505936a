//! Which sources say what of a name, once for all names of which the same is said.
//!
//! A name's kind is a number. Its row, read from the file, holds a [`saying`](super::header::saying) a source; how many names
//! are of the kind stands beside it.

use super::bytes::Reader;
use crate::lists::ListId;
use crate::lists::source::Says;
use std::collections::HashMap;

/// Numbers kinds in the order in which they are first seen: a frequent one is seen early and gets a number of one byte.
#[derive(Default)]
pub(super) struct Numbering {
    rows: Vec<u16>,
    ends: Vec<u32>,
    counts: Vec<u32>,
    /// The kinds of one source alone, which most names are of, by their saying: no hash is worked out for them.
    single: Vec<u32>,
    others: HashMap<Vec<u16>, u32>,
}

/// Most kinds of one table. A list that is made to say of each name
/// something in the company of others makes as many as it has names.
pub(super) const MOST_KINDS: usize = 1 << 16;

/// Not numbered yet.
const NONE: u32 = u32::MAX;

impl Numbering {
    /// The kind of a name of which this is said, sorted; counts the name. `None`: there are [`MOST_KINDS`] others.
    pub fn number(&mut self, said: &[u16]) -> Option<u32> {
        let kind = match said {
            [one] => match self.single.get(usize::from(*one)) {
                Some(&kind) if kind != NONE => kind,
                _ => {
                    let kind = self.add(said)?;
                    if self.single.is_empty() {
                        self.single = vec![NONE; usize::from(u16::MAX) + 1];
                    }
                    self.single[usize::from(*one)] = kind;
                    kind
                }
            },
            _ => match self.others.get(said) {
                Some(&kind) => kind,
                None => {
                    let kind = self.add(said)?;
                    self.others.insert(said.to_vec(), kind);
                    kind
                }
            },
        };
        let count = &mut self.counts[kind as usize];
        *count = count.saturating_add(1);
        Some(kind)
    }

    /// The list that takes part in most kinds.
    pub fn most_mixed(&self) -> Option<ListId> {
        let mut kinds = HashMap::new();
        self.rows.iter().for_each(|said| *kinds.entry(super::header::said(*said).0).or_insert(0_u32) += 1);
        kinds.into_iter().max_by_key(|(list, kinds)| (*kinds, *list)).map(|(list, _)| list)
    }

    fn add(&mut self, said: &[u16]) -> Option<u32> {
        if self.ends.len() >= MOST_KINDS {
            return None;
        }
        self.rows.extend_from_slice(said);
        self.ends.push(self.rows.len() as u32);
        self.counts.push(0);
        Some(self.ends.len() as u32 - 1)
    }

    /// The section: how many kinds, the end of each row, how many names are of each, the rows.
    pub fn finish(self) -> Vec<u8> {
        let numbers = [&[self.ends.len() as u32], self.ends.as_slice(), self.counts.as_slice()].concat();
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend(self.rows.iter().flat_map(|said| said.to_le_bytes()));
        bytes
    }
}

/// The section, to read in.
#[derive(Clone, Copy, Default)]
pub(super) struct Rows<'a> {
    ends: &'a [[u8; 4]],
    counts: &'a [[u8; 4]],
    rows: &'a [[u8; 2]],
}

impl<'a> Rows<'a> {
    pub fn of(section: &'a [u8]) -> Option<Self> {
        let mut from = Reader(section);
        let kinds = from.u32()? as usize;
        let ends = from.raw(kinds.checked_mul(4)?)?.as_chunks().0;
        let counts = from.raw(kinds.checked_mul(4)?)?.as_chunks().0;
        Some(Self { ends, counts, rows: from.0.as_chunks().0 })
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many names are of a kind.
    pub fn count(&self, kind: u32) -> u32 {
        self.counts.get(kind as usize).map_or(0, |n| u32::from_le_bytes(*n))
    }

    /// What each source of a kind says.
    pub fn row(&self, kind: u32) -> impl Iterator<Item = (ListId, Says)> + use<'a> {
        let end = |kind: usize| self.ends.get(kind).map(|n| u32::from_le_bytes(*n) as usize);
        let kind = kind as usize;
        let from = kind.checked_sub(1).map_or(Some(0), end);
        let row = from.zip(end(kind)).and_then(|(from, to)| self.rows.get(from..to)).unwrap_or_default();
        row.iter().map(|said| super::header::said(u16::from_le_bytes(*said)))
    }

    /// Whether the rows are of so many sources, and each begins where the one before ends.
    pub fn is_sound(&self, lists: usize) -> bool {
        let ends = || self.ends.iter().map(|n| u32::from_le_bytes(*n) as usize);
        let sources = self.rows.iter().map(|said| u16::from_le_bytes(*said));
        ends().is_sorted()
            && ends().next_back().unwrap_or_default() == self.rows.len()
            && sources.into_iter().all(|said| usize::from(said >> 3) < lists && usize::from(said & 7) < Says::ALL.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::table::header::saying;

    #[test]
    fn the_same_said_of_two_names_is_one_kind_and_every_row_reads_back() {
        let (a, b) = (saying(0, Says::Below), saying(700, Says::HostOnly));
        let mut numbering = Numbering::default();
        let said: [&[u16]; 6] = [&[a], &[a, b], &[b], &[a], &[a, b], &[a]];
        assert_eq!(said.map(|s| numbering.number(s)), [0, 1, 2, 0, 1, 0].map(Some));
        let bytes = numbering.finish();
        let rows = Rows::of(&bytes).expect("a section");
        assert_eq!((0..4).map(|k| rows.count(k)).collect::<Vec<_>>(), [3, 2, 1, 0]);
        assert_eq!(rows.row(1).collect::<Vec<_>>(), [(ListId(0), Says::Below), (ListId(700), Says::HostOnly)]);
        assert_eq!(rows.row(3).count(), 0);
        assert!(rows.is_sound(701) && !rows.is_sound(700));
    }

    #[test]
    fn kinds_have_a_bound_and_the_list_that_makes_most_of_them_is_told() {
        let mut numbering = Numbering::default();
        let mixed = |one: u16, other: u16| [saying(7, Says::Below), saying(one, Says::Below), saying(other, Says::Exact)];
        let all = (100..400).flat_map(|one| (400..700).map(move |other| mixed(one, other)));
        assert_eq!(all.take_while(|said| numbering.number(said).is_some()).count(), MOST_KINDS);
        assert_eq!(numbering.ends.len(), MOST_KINDS);
        assert_eq!(numbering.number(&mixed(100, 400)), Some(0), "what is there is counted on");
        assert_eq!(numbering.most_mixed(), Some(ListId(7)));
    }
}
