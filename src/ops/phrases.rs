//! The term files of the shipped folder and the school's phrase lists, made into a matcher.

use crate::config::PhraseSource;
use crate::lists::phrases::{Matcher, Rule, Term, TooMuch, e2guardian, file};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most bytes of one term file: a hundred times what the largest that ships has.
const MAX_BYTES: u64 = 4 << 20;

/// Why there are no terms to look for.
#[derive(Debug, thiserror::Error)]
pub enum NoTerms {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The first fault of a file, with how many more there are.
    #[error("{}:{fault}{}", path.display(), if *more > 0 { format!(" (and {more} faults more)") } else { String::new() })]
    Wrong { path: PathBuf, fault: file::Fault, more: usize },
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
}

/// The terms that ship, and the school's phrase lists.
///
/// # Errors
/// [`NoTerms`]: a file that cannot be read or is wrong, or too many terms.
pub fn matcher(shipped: &Path, own: &[PhraseSource]) -> Result<Matcher, NoTerms> {
    let mut rules = Vec::new();
    for source in own {
        rules.extend(rules_of(source)?);
    }
    Ok(Matcher::with_rules(terms(shipped)?, rules)?)
}

/// The rules of one list: what its file calls them is put aside for the category the school gives it.
fn rules_of(source: &PhraseSource) -> Result<Vec<Rule>, NoTerms> {
    let (folder, name) = split(&source.file);
    let mut open = |path: &str| Ok(Box::new(File::open(folder.join(path))?) as Box<dyn Read>);
    let list = e2guardian::read(source.kind, &name, &mut open);
    let failed = |fault| NoTerms::Read { path: source.file.clone(), source: fault };
    let list = list.map_err(failed)?;
    if list.rules.is_empty() {
        return Err(failed(io::Error::other("there is no phrase in it (it is to be e2guardian's: <phrase><50>)")));
    }
    Ok(list.rules.into_iter().map(|rule| rule.speaking_of(source.category)).collect())
}

/// The folder in which lists name each other, and this one's path in it: e2guardian's is called `lists`.
fn split(file: &Path) -> (&Path, String) {
    let above = file.ancestors().skip(1).find(|folder| folder.file_name().is_some_and(|name| name == "lists"));
    let folder = above.or(file.parent()).unwrap_or(Path::new(""));
    (folder, file.strip_prefix(folder).unwrap_or(file).to_string_lossy().into_owned())
}

/// Reads `phrases/*.toml` below the folder of the lists that ship. A folder without them has no terms.
fn terms(shipped: &Path) -> Result<Vec<Term>, NoTerms> {
    let folder = shipped.join("phrases");
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| NoTerms::Read { path, source }
    };
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(&folder))?,
    };
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>().map_err(failed(&folder))?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let mut terms = Vec::new();
    for path in paths {
        let mut text = String::new();
        File::open(&path).and_then(|f| f.take(MAX_BYTES).read_to_string(&mut text)).map_err(failed(&path))?;
        match file::read(&text) {
            Ok(more) => terms.extend(more),
            Err(faults) => {
                let more = faults.len().saturating_sub(1);
                if let Some(fault) = faults.into_iter().next() {
                    return Err(NoTerms::Wrong { path, fault, more });
                }
            }
        }
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::matcher;
    use crate::config::PhraseSource;
    use crate::lists::phrases::e2guardian::Kind;
    use crate::lists::phrases::rule::category;
    use crate::words::Category;
    use std::path::Path;

    #[test]
    fn the_languages_that_ship_are_named() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("blocklists");
        assert_eq!(matcher(&shipped, &[]).unwrap().languages(), ["ar", "bn", "cy", "en", "pl", "ro", "uk", "ur"]);
    }

    #[test]
    fn a_wrong_term_file_is_named_with_its_line_and_none_is_no_terms() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(matcher(dir.path(), &[]).unwrap().terms().count(), 0);
        std::fs::create_dir(dir.path().join("phrases")).unwrap();
        std::fs::write(dir.path().join("phrases/notes.txt"), "not a term file").unwrap();
        assert_eq!(matcher(dir.path(), &[]).unwrap().terms().count(), 0);
        std::fs::write(dir.path().join("phrases/xx.toml"), "language = \"xx\"\n").unwrap();
        let fault = matcher(dir.path(), &[]).unwrap_err().to_string();
        assert!(fault.contains("phrases/xx.toml:1:1: there is no `[[theme]]`"), "{fault}");
    }

    #[test]
    fn a_phrase_list_of_the_school_says_the_category_the_school_gives_it_and_names_others_from_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let file = write(
            "lists/phraselists/weighted",
            "#listcategory: \"Betting\"\n< red fox ><60>\n.Include</etc/e2guardian/lists/phraselists/more>\n",
        );
        write("lists/phraselists/more", "<den><50>\n");
        let source = |file| PhraseSource { file, category: Category::GAMBLING, kind: Kind::Weighted };
        let built = matcher(dir.path(), &[source(file)]).unwrap();
        let score = built.score(b"a red fox in its den");
        let sums: Vec<_> = score.categories().into_iter().map(|(rule, sum)| (category(rule), sum)).collect();
        assert_eq!(sums, [(Some(Category::GAMBLING), 110)]);
        for (file, why) in [(write("empty", "# nothing\n"), "there is no phrase in it"), (dir.path().join("gone"), "gone: ")] {
            let fault = matcher(dir.path(), &[source(file)]).unwrap_err().to_string();
            assert!(fault.contains(why), "{fault}");
        }
    }
}
