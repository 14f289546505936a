//! What stands behind the entries of a run, because it is known only after them.

use super::Recipe;
use super::entries::Totals;
use crate::lists::Provenance;
use crate::lists::parse::Within;
use crate::lists::table::bytes::{Reader, Writer};
use crate::lists::table::header::{read_provenance, write_provenance};

/// A regular expression of a list. They are few, and have no order in the space of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::lists) struct Pattern {
    pub within: Within,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    pub recipe: Recipe,
    pub provenance: Provenance,
    pub patterns: Vec<Pattern>,
    pub entries: Totals,
}

impl Tail {
    pub fn bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        self.recipe.write(&mut to);
        write_provenance(&mut to, &self.provenance);
        to.u64(self.entries.count);
        to.u64(self.entries.bytes);
        to.u32(self.entries.checksum);
        to.u32(self.patterns.len() as u32);
        for pattern in &self.patterns {
            to.u8(pattern.within as u8);
            to.text(&pattern.text);
        }
        to.finish()
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let recipe = Recipe::read(&mut from)?;
        let provenance = read_provenance(&mut from)?;
        let entries = Totals { count: from.u64()?, bytes: from.u64()?, checksum: from.u32()? };
        let pattern = |from: &mut Reader| {
            let within = *[Within::Host, Within::Url].get(usize::from(from.u8()?))?;
            Some(Pattern { within, text: from.text()?.to_owned() })
        };
        let patterns = from.u32().and_then(|n| (0..n).map(|_| pattern(&mut from)).collect::<Option<_>>())?;
        from.0.is_empty().then_some(Self { recipe, provenance, patterns, entries })
    }
}
