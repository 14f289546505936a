//! `include:other @attr @-attr` in v2fly's data: the rules of the other file that have the one attribute and not the other.
//!
//! It is filtering, not flagging (its README): what an included file includes is filtered again, so the conditions add up on the
//! way. An include that is followed is taken out of the text, and so is a rule that is filtered out; lines keep their numbers.
//! One that cannot be followed stays, and its parser refuses and counts it.

use super::{Kind, Tree};
use crate::lists::Format;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io;

/// Most files of one list. `geolocation-!cn`, which is nearly all of the data, has 1,000; what a school wants has up to 60.
const MOST_FILES: usize = 500;
/// How deep includes go. The data's deepest is 5.
const DEEPEST: u8 = 8;
/// Longest name of a file.
const LONGEST_NAME: usize = 128;

/// A file that is a member, or will be.
pub(super) struct Wanted {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) format: Format,
    depth: u8,
    only: Filter,
}

impl Wanted {
    pub(super) fn whole(path: String, name: String, format: Format) -> Self {
        Self { path, name, format, depth: 0, only: Filter::default() }
    }
}

/// What attributes a rule must have, and must not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Filter {
    with: BTreeSet<String>,
    without: BTreeSet<String>,
}

impl Filter {
    fn takes(&self, attributes: &[&str]) -> bool {
        let has = |name: &String| attributes.contains(&name.as_str());
        self.with.iter().all(has) && !self.without.iter().any(has)
    }
}

/// The files of one list so far, so that none is read twice for the same rules.
#[derive(Default)]
pub(super) struct Include {
    seen: HashSet<(String, Filter)>,
}

impl Include {
    /// The text of a file without what is not of this list; what it includes is put into `wanted`.
    pub(super) fn follow(
        &mut self,
        file: &Wanted,
        text: &[u8],
        tree: &mut impl Tree,
        wanted: &mut VecDeque<Wanted>,
    ) -> io::Result<Vec<u8>> {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = file.path.rsplit('/').next().unwrap_or_default();
        self.seen.insert((own.to_owned(), file.only.clone()));
        let mut kept = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|&c| c == b'\n') {
            let says = line.split(|&c| c == b'#').next().unwrap_or_default();
            let says = std::str::from_utf8(says).unwrap_or_default().trim();
            let mut words = says.split_ascii_whitespace();
            let first = words.next().unwrap_or_default();
            let attributes: Vec<&str> = words.filter_map(|word| word.strip_prefix('@')).collect();
            let keep = match first.strip_prefix("include:") {
                Some(name) => !self.want(name, &attributes, file, folder, tree, wanted)?,
                // What says nothing is of no list; and what is no text its parser is to see.
                None => first.is_empty() || file.only.takes(&attributes),
            };
            if keep {
                kept.extend_from_slice(line);
            } else if line.ends_with(b"\n") {
                kept.push(b'\n');
            }
        }
        Ok(kept)
    }

    /// Whether the include is followed, or has been.
    fn want(
        &mut self,
        name: &str,
        attributes: &[&str],
        by: &Wanted,
        folder: &str,
        tree: &mut impl Tree,
        wanted: &mut VecDeque<Wanted>,
    ) -> io::Result<bool> {
        // Names are names: nothing that leads to another folder.
        if name.is_empty() || name.len() > LONGEST_NAME || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Ok(false);
        }
        let mut only = by.only.clone();
        for attribute in attributes {
            match attribute.strip_prefix('-') {
                Some(banned) => only.without.insert(banned.to_owned()),
                None => only.with.insert((*attribute).to_owned()),
            };
        }
        let whole = (name.to_owned(), Filter::default());
        let this = (name.to_owned(), only.clone());
        if self.seen.contains(&whole) || self.seen.contains(&this) {
            return Ok(true);
        }
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let full = self.seen.len() >= MOST_FILES || by.depth >= DEEPEST;
        if full || tree.kind(&path)? != Some(Kind::File) {
            return Ok(false);
        }
        self.seen.insert(this);
        wanted.push_back(Wanted { path, name: name.to_owned(), format: Format::V2fly, depth: by.depth + 1, only });
        Ok(true)
    }
}
