//! `matters.toml`: what the weekly report weighs, row by row.

use super::fault::{Text, Wrong};
use super::file::{Reader, Section};
use super::item::Item;
use crate::lists::phrases::Tier;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use toml::de::DeValue;

/// The themes whose tier a school sets, as the report knows them. The illegal lists are no choice.
pub const THEMES: [&str; 23] = [
    "suicide",
    "threat",
    "self-harm",
    "eating-disorder",
    "grooming",
    "abuse",
    "radicalisation",
    "nudify",
    "weapons",
    "hate",
    "misogyny",
    "sexting",
    "violence",
    "drugs",
    "gambling",
    "bypass",
    "adult",
    "ai-companions",
    "dating",
    "crime",
    "hacking",
    "identity-theft",
    "alcohol-tobacco",
];

const TIERS: [(&str, Tier); 4] =
    [("critical", Tier::Critical), ("high", Tier::High), ("medium", Tier::Medium), ("low", Tier::Low)];

/// Most points a row may give or take: more than any sum of the others.
const MOST: i32 = 500;

/// The rows of `matters.toml`, which says what each is for. In points, but for `names_from`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scoring {
    pub enough: i32,
    pub critical: i32,
    pub high: i32,
    pub medium: i32,
    pub low: i32,
    /// The tier of each of [`THEMES`].
    pub themes: BTreeMap<&'static str, Tier>,
    pub search: i32,
    pub address: i32,
    pub link: i32,
    pub unknown: i32,
    pub part_of_a_page: i32,
    pub background: i32,
    pub words_each_ten: i32,
    pub search_then_page: i32,
    pub again_each: i32,
    pub again_most: i32,
    pub days_each: i32,
    pub days_most: i32,
    /// How many names.
    pub names_from: i32,
    pub names: i32,
    pub outside_lessons: i32,
    pub under_pass: i32,
    pub let_through: i32,
    pub perhaps_nobody: i32,
    pub sure_high: i32,
    pub sure_medium: i32,
    pub sure_low: i32,
    pub sure_nobody: i32,
}

impl Scoring {
    /// The table that ships.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Scoring> = LazyLock::new(|| {
            let text = Text { path: "config/matters.toml".into(), text: include_str!("../../config/matters.toml").to_owned() };
            let texts = [text];
            let reader = Reader::new(&texts);
            read(&reader.root([0], "the table"), &Scoring::default())
        });
        &SHIPPED
    }

    /// The tier of a theme; one that no school sets is critical.
    pub fn tier(&self, theme: &str) -> Tier {
        self.themes.get(theme).copied().unwrap_or(Tier::Critical)
    }

    /// Where a theme of this tier begins.
    pub fn begins(&self, tier: Tier) -> i32 {
        match tier {
            Tier::Critical => self.critical,
            Tier::High => self.high,
            Tier::Medium => self.medium,
            Tier::Low => self.low,
        }
    }
}

/// Reads the table; a row that is not written is that of `otherwise`.
pub(super) fn read(root: &Section, otherwise: &Scoring) -> Scoring {
    let mut scoring = otherwise.clone();
    let row = |section: &Section, key: &'static str, to: &mut i32| {
        if let Some(points) = section.value(key, |item| points(item, -MOST..=MOST)) {
            *to = points.value;
        }
    };
    if let Some(enough) = root.value("enough", |item| points(item, 1..=MOST)) {
        scoring.enough = enough.value;
    }
    let tiers = root.section("tier");
    row(&tiers, "critical", &mut scoring.critical);
    row(&tiers, "high", &mut scoring.high);
    row(&tiers, "medium", &mut scoring.medium);
    row(&tiers, "low", &mut scoring.low);
    tiers.end();
    let themes = root.section("theme");
    for theme in THEMES {
        if let Some(tier) = themes.value(theme, |item| item.word(&TIERS)) {
            scoring.themes.insert(theme, tier.value);
        }
    }
    themes.end();
    let intent = root.section("intent");
    row(&intent, "search", &mut scoring.search);
    row(&intent, "address", &mut scoring.address);
    row(&intent, "link", &mut scoring.link);
    row(&intent, "unknown", &mut scoring.unknown);
    row(&intent, "part-of-a-page", &mut scoring.part_of_a_page);
    row(&intent, "background", &mut scoring.background);
    intent.end();
    let words = root.section("words");
    row(&words, "each-ten", &mut scoring.words_each_ten);
    words.end();
    let sequence = root.section("sequence");
    row(&sequence, "search-then-page", &mut scoring.search_then_page);
    sequence.end();
    let again = root.section("again");
    row(&again, "each", &mut scoring.again_each);
    row(&again, "most", &mut scoring.again_most);
    again.end();
    let days = root.section("days");
    row(&days, "each", &mut scoring.days_each);
    row(&days, "most", &mut scoring.days_most);
    days.end();
    let names = root.section("names");
    if let Some(from) = names.value("from", |item| points(item, 2..=MOST)) {
        scoring.names_from = from.value;
    }
    row(&names, "points", &mut scoring.names);
    names.end();
    let circumstance = root.section("circumstance");
    row(&circumstance, "outside-lessons", &mut scoring.outside_lessons);
    row(&circumstance, "under-pass", &mut scoring.under_pass);
    row(&circumstance, "let-through", &mut scoring.let_through);
    row(&circumstance, "perhaps-nobody", &mut scoring.perhaps_nobody);
    circumstance.end();
    let sure = root.section("sure");
    row(&sure, "high", &mut scoring.sure_high);
    row(&sure, "medium", &mut scoring.sure_medium);
    row(&sure, "low", &mut scoring.sure_low);
    row(&sure, "nobody", &mut scoring.sure_nobody);
    sure.end();
    scoring
}

/// A whole number, which may be below nothing.
fn points(item: &Item, range: std::ops::RangeInclusive<i32>) -> Result<i32, Wrong> {
    let number = match item.value {
        DeValue::Integer(integer) => i32::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    };
    number.filter(|n| range.contains(n)).ok_or_else(|| {
        let title = format!("`{}` is no number of points", item.key);
        Wrong::new(title, format!("right is a whole number from {} to {}, without quotes", range.start(), range.end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Scoring {
        let texts = [Text { path: "matters.toml".into(), text: text.to_owned() }];
        let reader = Reader::new(&texts);
        let root = reader.root([0], "the table");
        let read = read(&root, Scoring::shipped());
        root.end();
        drop(root);
        assert!(reader.is_faultless(), "{}", reader.faults());
        read
    }

    #[test]
    fn what_is_not_written_counts_as_it_ships() {
        assert_eq!(&table(""), Scoring::shipped());
        let own = table("enough = 50\n[theme]\ngambling = \"low\"\n[circumstance]\nunder-pass = -20\n");
        assert_eq!((own.enough, own.tier("gambling"), own.under_pass), (50, Tier::Low, -20));
        assert_eq!((own.again_each, own.tier("illegal")), (Scoring::shipped().again_each, Tier::Critical));
    }

    #[test]
    fn the_table_that_ships_writes_every_row() {
        let text = include_str!("../../config/matters.toml");
        let mut written = std::collections::BTreeSet::new();
        let mut section = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                written.insert(format!("{section}.{key}"));
            }
        }
        assert_eq!(written.len(), 27 + THEMES.len());
        assert_eq!(Scoring::shipped().themes.len(), THEMES.len());
    }
}
