//! What the ids of one policy version were called: stored once, so that an old row goes on meaning what it meant.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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
    /// The school's own entries by [`crate::policy::Entry::id`]: what was written, and why.
    pub rules: Vec<(u32, String)>,
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

    /// What the school wrote in its own entry of this id.
    pub fn rule(&self, id: u32) -> Option<&str> {
        self.rules.iter().find(|(rule, _)| *rule == id).map(|(_, text)| text.as_str())
    }
}

/// The folder of the versions' names, below the journal's.
fn folder(dir: &Path) -> PathBuf {
    dir.join("names")
}

/// Stores the names of a version: whole, and on the disk when this returns.
pub(super) fn store(dir: &Path, version: u32, names: &Names) -> io::Result<()> {
    let folder = folder(dir);
    let path = folder.join(format!("{version}.json"));
    let text = serde_json::to_string(names)?;
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let new = folder.join(format!("{version}.json.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, &path)?;
    File::open(&folder)?.sync_all()
}

/// The stored text of a version's names, as week files hold it.
pub(super) fn stored_text(dir: &Path, version: u32) -> Option<String> {
    let text = std::fs::read_to_string(folder(dir).join(format!("{version}.json"))).ok()?;
    serde_json::from_str::<Names>(&text).is_ok().then_some(text)
}

/// The last version that was stored; 0 if none was.
pub(super) fn last_version(dir: &Path) -> io::Result<u32> {
    let version = |name: std::ffi::OsString| name.to_str()?.strip_suffix(".json")?.parse::<u32>().ok();
    Ok(std::fs::read_dir(folder(dir))?.filter_map(|e| version(e.ok()?.file_name())).max().unwrap_or(0))
}

/// The version that these names have: the last one's if nothing changed, else the next.
pub(super) fn version_of(dir: &Path, names: &Names) -> io::Result<u32> {
    let last = last_version(dir)?;
    let same = stored_text(dir, last).and_then(|text| serde_json::from_str::<Names>(&text).ok()).is_some_and(|n| n == *names);
    Ok(if same { last } else { last + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stays_while_nothing_changes_and_is_never_given_twice() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder(dir.path())).expect("made");
        let one = Names { school: "Hill".into(), ..Names::default() };
        let two = Names { groups: vec!["year 7".into()], ..one.clone() };
        assert_eq!(version_of(dir.path(), &one).expect("read"), 1);
        store(dir.path(), 1, &one).expect("stored");
        assert_eq!(version_of(dir.path(), &one).expect("read"), 1);
        assert_eq!(version_of(dir.path(), &two).expect("read"), 2);
        store(dir.path(), 2, &two).expect("stored");
        assert_eq!(version_of(dir.path(), &one).expect("read"), 3);
        assert_eq!(stored_text(dir.path(), 2).and_then(|t| serde_json::from_str(&t).ok()), Some(two));
        assert_eq!(stored_text(dir.path(), 9), None);
    }
}
