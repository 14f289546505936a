//! Phrase lists of e2guardian and DansGuardian → rules.
//!
//! ```text
//! #listcategory: "Pornography"
//! <phrase>                    banned and exception lists: this, anywhere on the page
//! < word >                    a space is the end of a word
//! <one>,<two>                 all of them, in any order
//! <one>,<two><50>             weighted lists: so much is added, or taken away if it is below zero
//! .Include</etc/e2guardian/lists/phraselists/gambling/weighted>
//! ```
//!
//! A line that says anything else is rejected and counted, never half applied: no rule comes of it. Weights in per cent (`<10%>`)
//! are of a limit that only e2guardian has, so they are rejected too. Text is UTF-8, else Latin-1 where most of its letters are
//! ASCII ones; lists in other encodings have a UTF-8 form beside them (`weighted_russian_utf8`).

use super::rule::{Effect, Part, Rule};
use crate::words::person::words;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::sync::Arc;

/// Most bytes of one file: e2guardian's longest has 190,000.
const MAX_FILE: u64 = 16 << 20;
/// Most files that one list may name, itself among them: all of e2guardian's are 150.
const MAX_FILES: usize = 1024;
/// How deep files may name files: e2guardian's go two deep.
const MAX_DEPTH: usize = 8;
/// Most phrases of one combination: e2guardian's longest has seven.
const MAX_PARTS: usize = 32;
/// Most rejected lines that are told one by one; all are counted.
const MAX_TOLD: usize = 100;

words! {
    /// What a list does to a page.
    Kind {
        Banned "banned",
        Exception "exception",
        /// Its rules have weights.
        Weighted "weighted",
    }
}

words! {
    /// Why a line is no rule.
    Reason {
        /// It is none of the forms above.
        Form "form",
        /// A phrase without a letter or digit, or with more than the engine takes.
        Phrase "phrase",
        /// No weight in a weighted list, or one that is no whole number.
        Weight "weight",
        /// A weight in per cent.
        Percent "percent",
        /// Neither UTF-8 nor Latin-1.
        Encoding "encoding",
        /// The file it names is not in the folder, or has `..` in its path.
        Outside "outside",
        /// The file it names cannot be read.
        Missing "missing",
        /// Files that name files too deep, or too many of them.
        TooMany "too-many",
        /// A file that was read before: its rules would count twice.
        Again "again",
    }
}

/// A line that no rule came of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// As a path inside the folder.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    pub reason: Reason,
}

/// What a list says, with all the files it names.
#[derive(Debug, Default)]
pub struct PhraseList {
    pub rules: Vec<Rule>,
    /// How many files were read.
    pub files: usize,
    /// Rejected lines by reason.
    pub counts: BTreeMap<Reason, usize>,
    /// The first hundred of them.
    pub rejected: Vec<Rejected>,
}

/// Reads the list at `path`, with the files it names. `open` gets paths inside the folder of lists, with `/` between names,
/// never one that leads out of it.
///
/// # Errors
/// The list itself cannot be read. One that it names and that cannot be read is a rejected line.
pub fn read(kind: Kind, path: &str, open: &mut dyn FnMut(&str) -> io::Result<Box<dyn Read>>) -> io::Result<PhraseList> {
    let bytes = bytes_of(path, open)?;
    let mut reader = Reader { kind, open, read: HashSet::from([path.to_owned()]), list: PhraseList::default() };
    reader.file(path, &bytes, 0);
    Ok(reader.list)
}

fn bytes_of(path: &str, open: &mut dyn FnMut(&str) -> io::Result<Box<dyn Read>>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if read as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it has more than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

struct Reader<'o> {
    kind: Kind,
    open: &'o mut dyn FnMut(&str) -> io::Result<Box<dyn Read>>,
    read: HashSet<String>,
    list: PhraseList,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, bytes: &[u8], depth: usize) {
        self.list.files += 1;
        let file: Arc<str> = path.into();
        let mut category: Arc<str> = "".into();
        for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let line_number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let done = match text_of(line) {
                None => Err(Reason::Encoding),
                Some(text) => self.line(text.trim_matches(['\r', '\t', ' ', '\u{feff}']), depth, &mut category),
            };
            let reason = match done {
                Ok(None) => continue,
                Ok(Some((parts, effect))) => {
                    let category = category.clone();
                    self.list.rules.push(Rule { parts, effect, category, file: file.clone(), line: line_number });
                    continue;
                }
                Err(reason) => reason,
            };
            *self.list.counts.entry(reason).or_default() += 1;
            if self.list.rejected.len() < MAX_TOLD {
                self.list.rejected.push(Rejected { file: file.clone(), line: line_number, reason });
            }
        }
    }

    fn line(&mut self, line: &str, depth: usize, category: &mut Arc<str>) -> Result<Option<(Vec<Part>, Effect)>, Reason> {
        if let Some(name) = line.strip_prefix("#listcategory:") {
            *category = name.trim().trim_matches('"').into();
            return Ok(None);
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if let Some(path) = line.strip_prefix(".Include<") {
            let (path, rest) = path.split_once('>').ok_or(Reason::Form)?;
            nothing_more(rest)?;
            return self.include(path, depth).map(|()| None);
        }
        rule(self.kind, line).map(Some)
    }

    fn include(&mut self, path: &str, depth: usize) -> Result<(), Reason> {
        let path = inside(path).ok_or(Reason::Outside)?.to_owned();
        if depth + 1 >= MAX_DEPTH || self.list.files >= MAX_FILES {
            return Err(Reason::TooMany);
        }
        if !self.read.insert(path.clone()) {
            return Err(Reason::Again);
        }
        let bytes = bytes_of(&path, self.open).map_err(|_| Reason::Missing)?;
        self.file(&path, &bytes, depth + 1);
        Ok(())
    }
}

/// The path of a file inside the folder of lists: lists name it by where it stood on the machine they were made for.
fn inside(path: &str) -> Option<&str> {
    let path = match path.strip_prefix("__LISTDIR__/") {
        Some(rest) => rest,
        None if path.starts_with('/') => path.split_once("/lists/")?.1,
        None => path,
    };
    let safe = |name: &str| !name.is_empty() && name != "." && name != ".." && !name.contains(['\\', '\0', ':']);
    path.split('/').all(safe).then_some(path)
}

/// `<one>,<two><50>`.
fn rule(kind: Kind, line: &str) -> Result<(Vec<Part>, Effect), Reason> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = line;
    loop {
        let (phrase, after) = bracket(rest).ok_or(Reason::Form)?;
        let part = Part::read(phrase).ok_or(Reason::Phrase)?;
        if !parts.contains(&part) {
            parts.push(part);
        }
        if parts.len() > MAX_PARTS {
            return Err(Reason::Phrase);
        }
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => break,
        }
    }
    let effect = match kind {
        Kind::Banned => Effect::Ban,
        Kind::Exception => Effect::Except,
        Kind::Weighted => {
            let (weight, after) = bracket(rest).ok_or(Reason::Weight)?;
            rest = after;
            if weight.ends_with('%') {
                return Err(Reason::Percent);
            }
            // A weight that no limit reaches is a slip of the finger.
            Effect::Weigh(weight.parse().ok().filter(|w: &i32| w.abs() <= 1_000_000).ok_or(Reason::Weight)?)
        }
    };
    nothing_more(rest)?;
    Ok((parts, effect))
}

/// What stands in the brackets that a text begins with, and what follows them.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (inner, after) = text.strip_prefix('<')?.split_once('>')?;
    (!inner.contains('<')).then_some((inner, after))
}

/// After a rule comes nothing, or a comment.
fn nothing_more(rest: &str) -> Result<(), Reason> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') { Ok(()) } else { Err(Reason::Form) }
}

/// The text of a line. Of Latin-1 the letters are mostly ASCII; a line of other letters is in another encoding and would be read
/// as nonsense.
fn text_of(line: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(line) {
        return Some(text.into());
    }
    let plain = line.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let marked = line.iter().filter(|byte| !byte.is_ascii()).count();
    // 0x80 to 0x9F are no characters of Latin-1.
    let latin = marked <= plain && !line.iter().any(|byte| (0x80..0xA0).contains(byte));
    latin.then(|| line.iter().map(|&byte| char::from(byte)).collect::<String>().into())
}

#[cfg(test)]
mod tests;
