//! A rule of a public phrase list: what must be on a page, and what that means.

use super::engine::LONGEST;
use super::fold::{Folded, fold};
use super::matcher::MAX_WORDS;
use super::words::normal;
use crate::words::Category;
use std::sync::Arc;

/// All parts on one page, in any order, and what that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// At least one; no two are the same.
    pub parts: Vec<Part>,
    pub effect: Effect,
    /// What its list says it is about: e2guardian's `#listcategory`. Empty, if it says nothing.
    pub category: Arc<str>,
    /// The file it stands in, as a path inside the folder of lists, and the line, from 1.
    pub file: Arc<str>,
    pub line: u32,
}

impl Rule {
    /// This rule, with a category of ours in place of what its list says.
    #[must_use]
    pub fn speaking_of(self, category: Category) -> Self {
        Self { category: category.bit().to_string().into(), ..self }
    }
}

/// The category that [`Rule::speaking_of`] wrote.
pub fn category(said: &str) -> Option<Category> {
    said.parse().ok().and_then(Category::from_bit)
}

/// What a rule does to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is not shown.
    Ban,
    /// It is shown, whatever else is on it.
    Except,
    /// So much is added to its weight; what speaks for a page is below zero.
    Weigh(i32),
}

/// A piece of text as the engine looks for it: words with a space between, and one at an end that must be the end of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pattern: String,
    words: usize,
}

impl Part {
    /// `None`: there is no word in it, or too much.
    ///
    /// What is no letter or digit is a space, as in the text; so `< sex` and `<?sex` begin where a word does, `<sex` anywhere.
    pub fn read(text: &str) -> Option<Self> {
        let words = normal(text);
        let gap = |c: Option<char>| c.is_some_and(|c| fold(c) == Folded::Gap);
        // Letters that are spelt out (`s e x`) become one word in a text too, and a whole one.
        let letters = text.split(|c| fold(c) == Folded::Gap).filter(|piece| piece.chars().count() == 1).count();
        let spelt = letters > 2 && words.iter().filter(|word| word.chars().count() == 1).count() < letters;
        let before = if spelt || gap(text.chars().next()) { " " } else { "" };
        let after = if spelt || gap(text.chars().next_back()) { " " } else { "" };
        let pattern = format!("{before}{}{after}", words.join(" "));
        let fits = !words.is_empty() && words.len() <= MAX_WORDS && pattern.len() <= LONGEST && !pattern.contains('\0');
        fits.then_some(Self { pattern, words: words.len() })
    }

    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    pub(super) fn words(&self) -> usize {
        self.words
    }
}
