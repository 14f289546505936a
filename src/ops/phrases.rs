//! The term files of the shipped folder, made into a matcher.

use crate::lists::phrases::{Matcher, TooMuch, file};
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

/// Reads `phrases/*.toml` below the folder of the lists that ship. A folder without them has no terms.
///
/// # Errors
/// [`NoTerms`]: a file that cannot be read or is wrong, or too many terms.
pub fn matcher(shipped: &Path) -> Result<Matcher, NoTerms> {
    let folder = shipped.join("phrases");
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| NoTerms::Read { path, source }
    };
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Matcher::new(Vec::new())?),
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
    Ok(Matcher::new(terms)?)
}

/// The languages that are watched for, sorted: `ar`, `en`.
///
/// # Errors
/// [`NoTerms`], as [`matcher`].
pub fn languages(shipped: &Path) -> Result<Vec<String>, NoTerms> {
    Ok(matcher(shipped)?.languages().into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::{languages, matcher};
    use std::path::Path;

    #[test]
    fn the_languages_that_ship_are_named() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("blocklists");
        assert_eq!(languages(&shipped).unwrap(), ["ar", "bn", "cy", "en", "pl", "ro", "uk", "ur"]);
    }

    #[test]
    fn a_wrong_term_file_is_named_with_its_line_and_none_is_no_terms() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(matcher(dir.path()).unwrap().terms().count(), 0);
        std::fs::create_dir(dir.path().join("phrases")).unwrap();
        std::fs::write(dir.path().join("phrases/notes.txt"), "not a term file").unwrap();
        assert_eq!(matcher(dir.path()).unwrap().terms().count(), 0);
        std::fs::write(dir.path().join("phrases/xx.toml"), "language = \"xx\"\n").unwrap();
        let fault = matcher(dir.path()).unwrap_err().to_string();
        assert!(fault.contains("phrases/xx.toml:1:1: there is no `[[theme]]`"), "{fault}");
    }
}
