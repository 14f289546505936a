//! Names to try a category by, from the lists themselves.

use crate::gate::Snapshot;
use crate::ops::tables;
use crate::words::{Category, CategorySet, Host};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Names of each category, and how far into a file they are looked for.
const NAMES: usize = 8;
const MOST_BYTES: u64 = 64 << 10;

/// Some names of each category that the table knows as such.
pub struct Canaries(BTreeMap<Category, Vec<Host>>);

impl Canaries {
    pub fn find(snapshot: &Snapshot, wanted: &CategorySet) -> Self {
        let mut names: BTreeMap<Category, Vec<Host>> = BTreeMap::new();
        for file in tables::list_files(&snapshot.config).into_iter().filter(|f| wanted.contains(f.category)) {
            let found = names.entry(file.category).or_default();
            // Only what is of this category alone tells whether it is blocked.
            let alone = |host: &Host| snapshot.find(host, "").categories() == CategorySet::of(&[file.category]);
            let left = NAMES.saturating_sub(found.len());
            found.extend(hosts(&file.path).filter(alone).take(left));
        }
        Self(names)
    }

    pub fn of(&self, category: Category) -> &[Host] {
        self.0.get(&category).map_or(&[], Vec::as_slice)
    }
}

/// The hosts that the lines of a list begin or end with, whatever its format: what is none is passed over.
fn hosts(path: &Path) -> impl Iterator<Item = Host> {
    let file = path.is_file().then(|| crate::ops::files::open_regular(path).ok()).flatten();
    let lines = file.map(|file| BufReader::new(file.take(MOST_BYTES)).lines().map_while(Result::ok));
    lines.into_iter().flatten().filter_map(|line| {
        let line = line.split('#').next()?.trim();
        let word = line.split_whitespace().last()?.trim_start_matches("*.").trim_matches(['|', '^']);
        Host::parse(word).ok().filter(|host| !host.is_address() && word.contains('.'))
    })
}
