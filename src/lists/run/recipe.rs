//! What a run was made of and judged by: if that is the same, so is the run.

use crate::lists::source::About;
use crate::lists::table::bytes::{Reader, Writer};
use crate::lists::table::hash::{START, of_bytes};
use crate::lists::{Known, Origin, Reach, Source, suffixes};
use crate::words::Category;

/// Raised with every change of what a line of a list means, or of how an entry is judged: runs made before are made again.
const RULES: u32 = 2;

/// What decides what is in a run, but for the bytes of the source, which `made_of` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    program: String,
    rules: u32,
    /// Of the platforms and canaries it is judged by, and the version of the public suffixes.
    known: u64,
    suffixes: String,
    name: String,
    category: Category,
    origin: Origin,
    reach: Reach,
    about: About,
    /// The caller's word for the files as they are: names, formats, sizes, times.
    made_of: Vec<u8>,
}

impl Recipe {
    /// `known` is [`Known::checksum`], `made_of` whatever changes when the source's files do.
    pub fn new(source: &Source<'_>, known: u64, made_of: &[u8]) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").into(),
            rules: RULES,
            known,
            suffixes: suffixes::version().into(),
            name: source.name.clone(),
            category: source.category,
            origin: source.origin,
            reach: source.reach,
            about: source.about.clone(),
            made_of: made_of.to_vec(),
        }
    }

    /// Whether a run of this recipe, though of other bytes, is of the same list and means the same: a last good version.
    pub fn is_of_the_same_list(&self, other: &Self) -> bool {
        self.name == other.name && (self.category, self.origin, self.reach) == (other.category, other.origin, other.reach)
    }

    /// A number of all of it: another recipe, another number.
    pub fn checksum(&self) -> u64 {
        let mut to = Writer::default();
        self.write(&mut to);
        of_bytes(START, &to.finish())
    }

    pub(super) fn write(&self, to: &mut Writer) {
        to.text(&self.program);
        to.u32(self.rules);
        to.u64(self.known);
        to.text(&self.suffixes);
        to.text(&self.name);
        to.u8(self.category.bit());
        to.u8(self.origin as u8);
        to.u8(self.reach as u8);
        self.about.write(to);
        to.u32(self.made_of.len() as u32);
        to.raw(&self.made_of);
    }

    pub(super) fn read(from: &mut Reader) -> Option<Self> {
        Some(Self {
            program: from.text()?.to_owned(),
            rules: from.u32()?,
            known: from.u64()?,
            suffixes: from.text()?.to_owned(),
            name: from.text()?.to_owned(),
            category: Category::from_bit(from.u8()?)?,
            origin: *[Origin::Shipped, Origin::School, Origin::Public].get(usize::from(from.u8()?))?,
            reach: *[Reach::Below, Reach::HostOnly, Reach::Exact].get(usize::from(from.u8()?))?,
            about: About::read(from)?,
            made_of: {
                let length = from.u32()? as usize;
                from.raw(length)?.to_vec()
            },
        })
    }
}

impl Known {
    /// A number of everything that entries are judged by here: other platforms or canaries, another number.
    pub fn checksum(&self) -> u64 {
        let all = [self.platforms.iter().collect::<Vec<_>>(), self.canaries.every().collect(), self.canaries.popular().collect()];
        all.into_iter().fold(START, |sum, hosts| {
            let mut names: Vec<&str> = hosts.into_iter().map(|h| h.as_str()).collect();
            names.sort_unstable();
            names.iter().fold(of_bytes(sum, b"\n"), |sum, name| of_bytes(sum, name.as_bytes()))
        })
    }
}
