//! What is wrong in a file, where, and what would be right.

use super::plain::plain;
use serde::Serialize;
use std::fmt;

/// Most faults that are kept: a screen or ten. The rest is counted.
const MAX_FAULTS: usize = 200;

/// A place in a text file, both from 1; columns count characters, as editors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub place: Place,
    pub what: String,
    /// What would be right.
    pub right: String,
}

/// Everything that is wrong in one file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Faults {
    pub file: String,
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl Faults {
    pub(super) fn none_in(file: &str) -> Self {
        Self { file: file.to_owned(), faults: vec![], more: 0 }
    }

    pub(super) fn add(&mut self, place: Place, what: impl Into<String>, right: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { place, what: what.into(), right: right.into() });
        } else {
            self.more += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn count(&self) -> usize {
        self.faults.len() + self.more
    }

    /// `value` if nothing is wrong, else everything that is.
    pub(super) fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            return Ok(value);
        }
        self.faults.sort_by_key(|f| f.place);
        Err(self)
    }
}

/// `FILE:LINE:COLUMN: what; what would be right`, a line each. Safe for a terminal.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = plain(&self.file);
        for Fault { place: Place { line, column }, what, right } in &self.faults {
            writeln!(f, "{file}:{line}:{column}: {}; {}", plain(what), plain(right))?;
        }
        if self.more > 0 {
            writeln!(f, "… and {} more", self.more)?;
        }
        let (count, s) = (self.count(), if self.count() == 1 { "" } else { "s" });
        write!(f, "{count} fault{s} in {file}; nothing was changed")
    }
}

/// The candidate most like `word`, if one is near enough that it was probably meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = |c: &&str| (distance(&word, &c.to_lowercase()), c.len());
    candidates.min_by_key(near).filter(|c| near(c).0 <= word.chars().count().max(c.chars().count()) / 3)
}

/// How many characters must be put in, taken out or changed (Levenshtein). Words are short: `import` bounds every field.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = corner + usize::from(ca != *cb);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_what_was_meant() {
        let groups = ["year-7", "year-8", "staff", "chess"];
        for (word, meant) in [
            ("chss", Some("chess")),
            ("Chess", Some("chess")),
            ("saff", Some("staff")),
            ("year7", Some("year-7")),
            ("football", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, groups.into_iter()), meant, "{word}");
        }
        assert_eq!(nearest("chess", std::iter::empty()), None);
    }

    #[test]
    fn a_thousand_faults_are_counted_and_not_all_kept() {
        let mut faults = Faults::none_in("a\x1b[2J.csv");
        for line in (1..=1000).rev() {
            faults.add(Place { line, column: 1 }, "wrong", "right");
        }
        let faults = faults.or(()).expect_err("faults");
        assert_eq!((faults.faults.len(), faults.count()), (MAX_FAULTS, 1000));
        let text = faults.to_string();
        assert!(text.ends_with("… and 800 more\n1000 faults in a\\u{1b}[2J.csv; nothing was changed"), "{text}");
        assert!(!text.contains('\x1b'));
    }
}
