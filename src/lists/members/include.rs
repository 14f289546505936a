//! `include:other @attr @-attr` in v2fly's data: the rules of the other file that have the one attribute and not the other.
//!
//! It is filtering, not flagging (its README): what an included file includes is filtered again, so the conditions add up on the
//! way. An include that is followed is taken out of the text, and so is a rule that is filtered out; lines keep their numbers.
//! One that cannot be followed stays, and its parser refuses and counts it.

use super::{Kind, Tree};
use crate::lists::Format;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io::{self, Read};

/// Most files of one list. `geolocation-!cn`, which is nearly all of the data, has 1,000; what a school wants has up to 60.
const MOST_FILES: usize = 500;
/// Most bytes that are read for one list. A file that is included with several filters is read for each; all of the data together
/// has some 10 MB.
const MOST_READ: u64 = 64 << 20;
/// Most bytes of one file, which are held while it is read. The data's largest has 0.3 MB.
const MOST_OF_FILE: u64 = 16 << 20;
/// Most attributes that the includes on the way to a file ask for. The data's have one or two.
const MOST_ATTRIBUTES: usize = 16;
/// How deep includes go. The data's deepest is 5.
const DEEPEST: u8 = 8;
/// Longest name of a file, or of an attribute.
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
    read: u64,
}

impl Include {
    /// The text of a file, or of as much as may still be read.
    ///
    /// # Errors
    /// What the tree says; [`io::ErrorKind::InvalidData`] if the file, or all that was read, is too much.
    pub(super) fn read(&mut self, path: &str, tree: &mut impl Tree) -> io::Result<Vec<u8>> {
        let left = MOST_READ - self.read;
        let mut text = Vec::new();
        tree.read(path)?.take(left.min(MOST_OF_FILE) + 1).read_to_end(&mut text)?;
        let read = text.len() as u64;
        let too_much = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        if read > MOST_OF_FILE {
            return too_much(format!("`{path}` is larger than {} MiB: no data of v2fly's is", MOST_OF_FILE >> 20));
        }
        if read > left {
            return too_much(format!(
                "with `{path}` the list and what it includes come to more than {} MiB: it includes files over and over",
                MOST_READ >> 20
            ));
        }
        self.read += read;
        Ok(text)
    }

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
        let asked = only.with.iter().chain(&only.without);
        if only.with.len() + only.without.len() > MOST_ATTRIBUTES || asked.into_iter().any(|name| name.len() > LONGEST_NAME) {
            return Ok(false);
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
