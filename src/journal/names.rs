//! What the ids of one policy version were called: stored once, so that an old row goes on meaning what it meant.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The names of one policy version, each by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub school: String,
    pub gateway: String,
    pub profiles: Vec<String>,
    pub groups: Vec<String>,
    pub networks: Vec<String>,
    pub lists: Vec<String>,
    /// What the numbers of the locked tier's entries meant: `1 to 12: illegal-csam, ISSUER, DATE`.
    #[serde(default)]
    pub locked: Vec<String>,
    pub cells: Vec<String>,
    /// The school's own entries by [`crate::policy::Entry::id`], in the order of these: what was written. Shared with the entries.
    #[serde(with = "shared")]
    pub rules: Vec<Rule>,
    /// The passes by [`crate::policy::Pass::id`]: what was opened, for whom, until when.
    #[serde(default)]
    pub passes: Vec<(u16, String)>,
    /// The school's own categories by bit.
    pub categories: Vec<(u8, String)>,
}

impl Names {
    /// The id of a category, the school's own among them.
    pub fn category(&self, category: crate::words::Category) -> String {
        let own = || self.categories.iter().find(|(bit, _)| *bit == category.bit()).map(|(_, id)| id.clone());
        category.id().map(str::to_owned).or_else(own).unwrap_or_else(|| category.to_string())
    }

    /// What a pass of this number opened, for whom, until when and why: what happened under it is a lesson.
    pub fn lesson(&self, pass: u16) -> Option<&str> {
        self.passes.iter().find(|(id, _)| *id == pass).map(|(_, text)| &**text)
    }

    /// What the school wrote in its own entry of this id.
    pub fn rule(&self, id: u32) -> Option<&str> {
        self.rules.iter().find(|(rule, _)| *rule == id).map(|(_, text)| &**text)
    }
}

/// Shared texts as plain ones: serde's own way of doing this is a feature that all of the house would be built with.
mod shared {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::sync::Arc;

    pub fn serialize<S: Serializer>(rules: &[(u32, Arc<str>)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(rules.iter().map(|(id, text)| (id, &**text)))
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<(u32, Arc<str>)>, D::Error> {
        let rules = Vec::<(u32, String)>::deserialize(from)?;
        Ok(rules.into_iter().map(|(id, text)| (id, text.into())).collect())
    }
}

/// An entry's id, and what was written.
type Rule = (u32, Arc<str>);

/// Names that differ from a version stored whole by a few entries and passes: of a school with thousands of entries, one more
/// is a line on the disk, not all of them again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// The version that is stored whole.
    as_in: u32,
    #[serde(with = "shared")]
    added: Vec<Rule>,
    gone: Vec<u32>,
    passes: Vec<(u16, String)>,
}

/// Most entries of a difference: what is read back takes two files instead of one, and should be worth it.
const MAX_DIFFERENCE: usize = 256;

impl Difference {
    /// `None`: more is different, or too much.
    fn between(as_in: u32, whole: &Names, names: &Names) -> Option<Self> {
        let Names { school, gateway, profiles, groups, networks, lists, locked, cells, rules: _, passes: _, categories } = names;
        let same = (school, gateway, profiles, groups) == (&whole.school, &whole.gateway, &whole.profiles, &whole.groups)
            && (networks, lists, locked) == (&whole.networks, &whole.lists, &whole.locked)
            && (cells, categories) == (&whole.cells, &whole.categories);
        if !same {
            return None;
        }
        let (added, gone) = differing(&whole.rules, &names.rules)?;
        let few = added.len() + gone.len() <= MAX_DIFFERENCE;
        few.then(|| Self { as_in, added, gone, passes: names.passes.clone() })
    }

    fn apply(self, whole: Names) -> Names {
        let mut rules = whole.rules;
        rules.retain(|(id, _)| !self.gone.contains(id));
        rules.extend(self.added);
        rules.sort_unstable();
        Names { rules, passes: self.passes, ..whole }
    }
}

/// The folder of the versions' names, below the journal's.
fn folder(dir: &Path) -> PathBuf {
    dir.join("names")
}

/// What is only in the second of two ordered lists, and the ids of what is only in the first. `None`: far too much to list.
fn differing(from: &[Rule], to: &[Rule]) -> Option<(Vec<Rule>, Vec<u32>)> {
    let (mut from, mut to) = (from.iter().peekable(), to.iter().peekable());
    let (mut added, mut gone) = (Vec::new(), Vec::new());
    while added.len() + gone.len() <= 2 * MAX_DIFFERENCE {
        let next = match (from.peek(), to.peek()) {
            (None, None) => return Some((added, gone)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.cmp(new),
        };
        if next.is_le() {
            gone.extend(from.next().filter(|_| next.is_lt()).map(|(id, _)| *id));
        }
        if next.is_ge() {
            added.extend(to.next().filter(|_| next.is_gt()).cloned());
        }
    }
    None
}

/// Names as they are stored, and those they are stored as a difference from.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub version: u32,
    pub names: Names,
    /// The last version that is stored whole; `None`: this one.
    whole: Option<Arc<Stored>>,
}

/// Stores the names of a version, on the disk when this returns. `last` is what was stored before.
pub(super) fn store(dir: &Path, version: u32, names: &Names, last: Option<&Arc<Stored>>) -> io::Result<Stored> {
    let whole = last.map(|last| last.whole.as_ref().unwrap_or(last)).filter(|whole| whole.version != version);
    let found = whole.and_then(|whole| Some((whole, Difference::between(whole.version, &whole.names, names)?)));
    let text = match &found {
        Some((_, difference)) => serde_json::to_string(difference)?,
        None => serde_json::to_string(names)?,
    };
    let stored = Stored { version, names: names.clone(), whole: found.map(|(whole, _)| whole.clone()) };
    let folder = folder(dir);
    let path = folder.join(format!("{version}.json"));
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(stored);
    }
    let new = folder.join(format!("{version}.json.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, &path)?;
    File::open(&folder)?.sync_all()?;
    Ok(stored)
}

/// The names of a version, if they are stored.
pub(super) fn load(dir: &Path, version: u32) -> Option<Names> {
    let read = |version: u32| std::fs::read_to_string(folder(dir).join(format!("{version}.json"))).ok();
    let text = read(version)?;
    match serde_json::from_str::<Difference>(&text) {
        Ok(difference) => {
            let whole = serde_json::from_str(&read(difference.as_in)?).ok()?;
            Some(difference.apply(whole))
        }
        Err(_) => serde_json::from_str(&text).ok(),
    }
}

/// The text of a version's names, as week files hold it: whole.
pub(super) fn stored_text(dir: &Path, version: u32) -> Option<String> {
    serde_json::to_string(&load(dir, version)?).ok()
}

/// The last version that was stored; 0 if none was.
pub(super) fn last_version(dir: &Path) -> io::Result<u32> {
    let version = |name: std::ffi::OsString| name.to_str()?.strip_suffix(".json")?.parse::<u32>().ok();
    Ok(std::fs::read_dir(folder(dir))?.filter_map(|e| version(e.ok()?.file_name())).max().unwrap_or(0))
}

/// The version that these names have: the last one's if nothing changed, else the next.
pub(super) fn version_of(dir: &Path, names: &Names) -> io::Result<u32> {
    let last = last_version(dir)?;
    let same = load(dir, last).is_some_and(|n| n == *names);
    Ok(if same { last } else { last + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(dir: &Path, version: u32, names: &Names) -> Stored {
        store(dir, version, names, None).expect("stored")
    }

    #[test]
    fn a_version_stays_while_nothing_changes_and_is_never_given_twice() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder(dir.path())).expect("made");
        let one = Names { school: "Hill".into(), ..Names::default() };
        let two = Names { groups: vec!["year 7".into()], ..one.clone() };
        assert_eq!(version_of(dir.path(), &one).expect("read"), 1);
        stored(dir.path(), 1, &one);
        assert_eq!(version_of(dir.path(), &one).expect("read"), 1);
        assert_eq!(version_of(dir.path(), &two).expect("read"), 2);
        stored(dir.path(), 2, &two);
        assert_eq!(version_of(dir.path(), &one).expect("read"), 3);
        assert_eq!(stored_text(dir.path(), 2).and_then(|t| serde_json::from_str(&t).ok()), Some(two));
        assert_eq!(stored_text(dir.path(), 9), None);
    }

    #[test]
    fn one_entry_more_among_thousands_is_a_line_on_the_disk_and_all_of_them_when_read() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder(dir.path())).expect("made");
        let rule = |id: u32| (id, format!("block name{id}.example").into());
        let many = Names { school: "Hill".into(), rules: (1..=5_000).map(rule).collect(), ..Names::default() };
        let mut names = many.clone();
        let mut last = Arc::new(stored(dir.path(), 1, &many));
        let size = |version: u32| std::fs::metadata(folder(dir.path()).join(format!("{version}.json"))).expect("there").len();
        for (version, is_small) in [(2, true), (3, true), (4, false), (5, true)] {
            match version {
                2 => names.rules.push(rule(5_001)),
                3 => drop(names.rules.remove(7)),
                4 => names.rules.extend((6_000..7_000).map(rule)),
                _ => names.passes.push((1, "video for year-9".into())),
            }
            last = Arc::new(store(dir.path(), version, &names, Some(&last)).expect("stored"));
            assert_eq!(load(dir.path(), version).as_ref(), Some(&names), "{version}");
            assert_eq!(version_of(dir.path(), &names).expect("read"), version);
            assert_eq!(size(version) < 1_000, is_small, "{version}: {} octets", size(version));
        }
        assert_eq!(load(dir.path(), 2).expect("stored").rules.len(), 5_001, "the earlier ones mean what they meant");
        let renamed = Names { school: "Vale".into(), ..names };
        store(dir.path(), 6, &renamed, Some(&last)).expect("stored");
        assert_eq!(load(dir.path(), 6), Some(renamed));
    }
}
