//! What a list says that no other list of its category does: whether it is worth its place.

use super::{KindId, ListId, Table};
use crate::words::{Category, CategorySet};

/// How much of a table's lists is said by others too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// By [`ListId`]: entries that no other list of the category has.
    unique: Vec<u64>,
    /// By [`ListId`]: all entries.
    entries: Vec<u64>,
    /// By bit: distinct entries of all lists of the category.
    categories: Vec<u64>,
}

impl Overlap {
    /// Adds up how many names each kind has.
    ///
    /// Names are compared as they stand: that `example.com` in one list reaches `www.example.com` in another is not counted.
    pub fn of(table: &Table) -> Self {
        let lists = table.lists().len();
        let mut overlap = Self { unique: vec![0; lists], entries: vec![0; lists], categories: vec![0; 64] };
        for (kind, (count, _)) in (0..).map(KindId).zip(table.counts()) {
            let sources: Vec<_> = table.kind_sources(kind).collect();
            let mut said = CategorySet::EMPTY;
            for source in &sources {
                let others = sources.iter().any(|o| o.category == source.category && o.list != source.list);
                if let Some(entries) = overlap.entries.get_mut(usize::from(source.list.0)) {
                    *entries += count;
                }
                if let Some(unique) = overlap.unique.get_mut(usize::from(source.list.0)).filter(|_| !others) {
                    *unique += count;
                }
                said.insert(source.category);
            }
            said.iter().for_each(|category| overlap.categories[usize::from(category.bit())] += count);
        }
        overlap
    }

    /// Entries that no other list of the same category has.
    pub fn unique(&self, list: ListId) -> u64 {
        self.unique.get(usize::from(list.0)).copied().unwrap_or_default()
    }

    /// How many in a hundred of its entries other lists of the category have too, rounded down; `None`: it has no entries.
    pub fn percent(&self, list: ListId) -> Option<u64> {
        let entries = self.entries.get(usize::from(list.0)).copied().filter(|e| *e > 0)?;
        Some((entries - self.unique(list)) * 100 / entries)
    }

    /// Distinct entries of all lists of a category.
    pub fn of_category(&self, category: Category) -> u64 {
        self.categories.get(usize::from(category.bit())).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{Format, Known, ListText, Origin, Reach, compile_texts};

    #[test]
    fn what_others_of_the_category_say_too_is_overlap() {
        let texts = [
            (Category::ADULT, "a.example\nb.example\nc.example\nwww.a.example\n"),
            (Category::ADULT, "a.example\nb.example\nd.example\n"),
            (Category::GAMBLING, "c.example\n"),
            (Category::DRUGS, ""),
        ];
        let texts = texts.map(|(category, text)| ListText {
            name: category.id().expect("a fixed one"),
            category,
            format: Format::Domains,
            origin: Origin::School,
            reach: Reach::Below,
            text: text.as_bytes(),
        });
        let made = compile_texts(&texts, &Known::default()).expect("memory can be read");
        let overlap = Overlap::of(&Table::open(Box::new(made.bytes)).expect("a table"));
        let of = |list| (overlap.unique(ListId(list)), overlap.percent(ListId(list)));
        assert_eq!([of(0), of(1), of(2), of(3)], [(2, Some(50)), (1, Some(66)), (1, Some(0)), (0, None)]);
        let of = [Category::ADULT, Category::GAMBLING, Category::VIDEO].map(|c| overlap.of_category(c));
        assert_eq!(of, [5, 1, 0]);
        assert_eq!(overlap.percent(ListId(9)), None);
    }
}
