//! What the lists say of one host: the answer to a look-up.

use crate::words::{Category, CategorySet};

/// Which sources gave an entry its categories: an index into the kinds of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub u32);

/// A source of a table: an index into its provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u16);

/// One entry that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    pub categories: CategorySet,
    /// What part of the host the entry is of, as [`crate::words::Host::entry`] reads it: how many labels from the right, the
    /// length of a range, or a page.
    pub labels: u8,
    /// Of a page, how many bytes of the path's one spelling are the entry's; of a pattern, its number.
    pub at: u16,
    pub kind: KindId,
}

impl Match {
    const NONE: Self = Self { categories: CategorySet::EMPTY, labels: 0, at: 0, kind: KindId(0) };
}

/// An entry of a sealed list: which tier, and its number. Nothing else of it is known to anybody here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedEntry {
    pub category: Category,
    /// From 1.
    pub number: u32,
}

/// Most entries of one host's suffixes that are kept apart; what more there is only adds to the union.
pub const MAX_MATCHES: usize = 6;

/// The union of what every matching entry says, and which entries those were, the longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    categories: CategorySet,
    len: u8,
    locked: Option<LockedEntry>,
    matches: [Match; MAX_MATCHES],
}

impl Found {
    /// On no list.
    pub const NOTHING: Self = Self { categories: CategorySet::EMPTY, len: 0, locked: None, matches: [Match::NONE; MAX_MATCHES] };

    /// What no entry says, but the page itself.
    pub fn of(categories: CategorySet) -> Self {
        Self { categories, ..Self::NOTHING }
    }

    /// Adds a match; matches come longest first.
    pub fn push(&mut self, found: Match) {
        self.categories = self.categories.or(found.categories);
        if let Some(free) = self.matches.get_mut(usize::from(self.len)) {
            *free = found;
            self.len += 1;
        }
    }

    /// Adds what a sealed list says; of two the more serious stays.
    pub fn lock(&mut self, entry: LockedEntry) {
        self.categories.insert(entry.category);
        if self.locked.is_none_or(|held| entry.category < held.category) {
            self.locked = Some(entry);
        }
    }

    /// The entry of a sealed list that names it.
    pub fn locked(&self) -> Option<LockedEntry> {
        self.locked
    }

    /// Everything that any entry says.
    pub fn categories(&self) -> CategorySet {
        self.categories
    }

    pub fn matches(&self) -> &[Match] {
        &self.matches[..usize::from(self.len)]
    }

    /// The longest entry that says this category.
    pub fn saying(&self, category: Category) -> Option<&Match> {
        self.matches().iter().find(|m| m.categories.contains(category))
    }

    /// Both findings as one, for a name and the chain behind it.
    #[must_use]
    pub fn or(mut self, other: &Found) -> Self {
        other.matches().iter().for_each(|m| self.push(*m));
        other.locked.into_iter().for_each(|entry| self.lock(entry));
        self.categories = self.categories.or(other.categories);
        self
    }
}
