//! A term file → terms. The form is TOML; `blocklists/README.md` describes it.
//!
//! Nothing stops at the first fault: a reader says what is wrong and goes on, and every fault comes out at once.

use super::theme::{Theme, Tier};
use super::words::normal;
use std::collections::HashSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Most faults of one file that are told.
const MAX_FAULTS: usize = 50;
/// Between alternatives of one companion.
const OR: char = '|';

/// What to look for, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Language, theme and the words of the term: `en/bypass/unblock games`. It stands in logs, so it stays what it is.
    pub id: String,
    /// Of what is written, not of who wrote it: `en`.
    pub language: String,
    pub theme: Theme,
    pub tier: Tier,
    /// 1 to 100: how much one hit weighs within its theme.
    pub severity: u8,
    /// The term, and other ways to write it.
    pub spellings: Vec<String>,
    /// Of each group, one must be near; none, if one hit is enough by itself.
    pub with: Vec<Vec<String>>,
    /// If one of these is near, it is not meant.
    pub without: Vec<String>,
    /// A text that it must be found in.
    pub positive: String,
    /// A text that looks like it, and that nothing may be found in.
    pub negative: String,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub what: String,
}

/// Reads a term file.
///
/// # Errors
/// Every [`Fault`] of the file, in order of lines; the first fifty of them.
pub fn read(text: &str) -> Result<Vec<Term>, Vec<Fault>> {
    let mut reader = Reader { text, faults: Vec::new(), ids: HashSet::new(), terms: Vec::new() };
    match DeTable::parse(text) {
        Ok(root) => reader.root(&root),
        Err(wrong) => reader.fault(wrong.span().unwrap_or(0..0), format!("this is not TOML: {}", wrong.message())),
    }
    let Reader { mut faults, terms, .. } = reader;
    if faults.is_empty() {
        return Ok(terms);
    }
    faults.sort_by_key(|f| (f.line, f.column));
    faults.truncate(MAX_FAULTS);
    Err(faults)
}

struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
    ids: HashSet<String>,
    terms: Vec<Term>,
}

type Table<'t> = Spanned<DeTable<'t>>;
type Value<'t> = Spanned<DeValue<'t>>;

impl<'t> Reader<'t> {
    fn root(&mut self, root: &Table<'t>) {
        self.known_keys(root.get_ref(), &["language", "theme"]);
        let Some(language) = self.text_of(root.get_ref(), 0..0, "language") else { return };
        for (table, span) in self.tables(root.get_ref(), root.span(), "theme") {
            self.theme(table, span, &language);
        }
    }

    fn theme(&mut self, table: &DeTable<'t>, span: Range<usize>, language: &str) {
        self.known_keys(table, &["id", "tier", "term"]);
        let Some(theme) = self.word(table, span.clone(), "id", Theme::from_word, &words_of(Theme::ALL)) else { return };
        let tier = match table.get("tier") {
            Some(_) => self.word(table, span.clone(), "tier", Tier::from_word, &words_of(Tier::ALL)),
            None => Some(theme.tier()),
        };
        let Some(tier) = tier else { return };
        for (table, span) in self.tables(table, span, "term") {
            if let Some(term) = self.term(table, span, language, theme, tier) {
                self.terms.push(term);
            }
        }
    }

    fn term(&mut self, table: &DeTable<'t>, span: Range<usize>, language: &str, theme: Theme, tier: Tier) -> Option<Term> {
        self.known_keys(table, &["term", "also", "with", "without", "severity", "positive", "negative"]);
        let term = self.text_of(table, span.clone(), "term");
        let mut spellings: Vec<String> = term.clone().into_iter().collect();
        spellings.extend(self.phrases(table, "also"));
        let with = self.phrases(table, "with").iter().map(|g| g.split(OR).map(|w| w.trim().to_owned()).collect()).collect();
        let without = self.phrases(table, "without");
        let severity = self.severity(table, span.clone());
        let positive = self.text_of(table, span.clone(), "positive");
        let negative = self.text_of(table, span.clone(), "negative");
        let id = format!("{language}/{theme}/{}", normal(&term?).join(" "));
        if !self.ids.insert(id.clone()) {
            self.fault(span, format!("'{id}' is written twice: delete one of them"));
            return None;
        }
        let (severity, positive, negative) = (severity?, positive?, negative?);
        Some(Term { id, language: language.to_owned(), theme, tier, severity, spellings, with, without, positive, negative })
    }

    fn severity(&mut self, table: &DeTable<'t>, span: Range<usize>) -> Option<u8> {
        let Some(value) = table.get("severity") else {
            self.fault(span, "`severity` is missing: a number from 1 to 100".into());
            return None;
        };
        let number = value.get_ref().as_integer().filter(|n| n.radix() == 10).and_then(|n| n.as_str().parse().ok());
        let number = number.filter(|n| (1..=100).contains(n));
        if number.is_none() {
            self.fault(value.span(), "`severity` is a number from 1 to 100".into());
        }
        number
    }

    /// A text that must be there and hold a word.
    fn text_of(&mut self, table: &DeTable<'t>, span: Range<usize>, key: &str) -> Option<String> {
        let Some(value) = table.get(key) else {
            self.fault(span, format!("`{key}` is missing"));
            return None;
        };
        self.phrase(value, key)
    }

    fn phrase(&mut self, value: &Value<'t>, key: &str) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) if text.split(OR).all(|part| !normal(part).is_empty()) => Some(text.to_owned()),
            Some(_) => {
                self.fault(value.span(), format!("`{key}` has no word in it"));
                None
            }
            None => {
                self.fault(value.span(), format!("`{key}` is a text in quotes"));
                None
            }
        }
    }

    /// A list of texts, which may be missing.
    fn phrases(&mut self, table: &DeTable<'t>, key: &str) -> Vec<String> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.fault(value.span(), format!("`{key}` is a list: [\"…\", \"…\"]"));
            return Vec::new();
        };
        list.iter().filter_map(|value| self.phrase(value, key)).collect()
    }

    fn word<T>(
        &mut self,
        table: &DeTable<'t>,
        span: Range<usize>,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        words: &str,
    ) -> Option<T> {
        let text = self.text_of(table, span, key)?;
        let found = read(&text);
        if found.is_none() {
            let span = table.get(key).map_or(0..0, Spanned::span);
            self.fault(span, format!("`{key}` is one of {words}"));
        }
        found
    }

    /// The tables of `[[key]]`; at least one.
    fn tables<'v>(&mut self, table: &'v DeTable<'t>, span: Range<usize>, key: &str) -> Vec<(&'v DeTable<'t>, Range<usize>)> {
        let Some(value) = table.get(key) else {
            self.fault(span, format!("there is no `[[{key}]]`"));
            return Vec::new();
        };
        let list = value.get_ref().as_array();
        let tables: Vec<_> =
            list.into_iter().flat_map(|l| l.iter()).filter_map(|v| Some((v.get_ref().as_table()?, v.span()))).collect();
        if tables.is_empty() || list.is_some_and(|l| l.iter().count() != tables.len()) {
            self.fault(value.span(), format!("`{key}` is written as `[[{key}]]`"));
        }
        tables
    }

    fn known_keys(&mut self, table: &DeTable<'t>, known: &[&str]) {
        for key in table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                self.fault(key.span(), format!("this key is not known here: known are {}", known.join(", ")));
            }
        }
    }

    fn fault(&mut self, span: Range<usize>, what: String) {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        self.faults.push(Fault { line, column: before[line_start..].chars().count() + 1, what });
    }
}

fn words_of<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
