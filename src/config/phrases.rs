//! `[[phrases]]`: phrase lists by which pages are scored.

use super::categories::Categories;
use super::fault::Wrong;
use super::file::Section;
use super::lists::path;
use crate::lists::phrases::e2guardian::Kind;
use crate::words::Category;
use std::path::{Path, PathBuf};

/// Most of them: e2guardian's folder has 60.
const MAX: usize = 256;

/// A phrase list of the school's, in the form of e2guardian and DansGuardian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhraseSource {
    pub file: PathBuf,
    /// What a page is taken for that has enough of these phrases.
    pub category: Category,
    pub kind: Kind,
}

pub(super) fn read(root: &Section, categories: &Categories, folder: &Path) -> Vec<PhraseSource> {
    let sections = root.sections("phrases");
    if let Some(first) = sections.get(MAX) {
        first
            .fault(Wrong::new(format!("there are more than {MAX} phrase lists"), "this is the first too many").at(first.place()));
    }
    let words: Vec<_> = Kind::ALL.iter().map(|k| (k.word(), *k)).collect();
    let one = |section: &Section| {
        let file = section.need("file", |item| path(item.text()?));
        let category = section.need("category", |item| categories.judged(item, "this is no category"));
        let kind = section.value("kind", |item| item.word(&words)).map_or(Kind::Weighted, |k| k.value);
        section.end();
        Some(PhraseSource { file: folder.join(file?.value), category: category?.value?, kind })
    };
    sections.iter().take(MAX).filter_map(one).collect()
}
