//! `[backup]`: where the nightly backup goes, and by which passphrase it is sealed.

use super::fault::Wrong;
use super::file::Section;
use super::item::Item;
use super::values;
use std::path::{Path, PathBuf};

/// The nightly backup. As shipped there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// A folder: of another disk, or of another machine.
    pub to: PathBuf,
    /// Its first line is the passphrase.
    pub passphrase_file: PathBuf,
    /// Local minute of the day. As shipped: 02:30.
    pub minute: u16,
    /// How many stay. As shipped: 14.
    pub keep: u32,
}

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path) -> Option<Backup> {
    let section = root.section("backup");
    if !["to", "passphrase_file", "at", "keep"].into_iter().any(|key| section.has(key)) {
        section.end();
        return None;
    }
    let to = section.need("to", |item| path(item, folder));
    let passphrase_file = section.need("passphrase_file", |item| path(item, folder));
    let minute = section.value("at", values::minute).map_or(150, |at| at.value);
    let keep = section.value("keep", |item| item.number(1..=1000)).map_or(14, |keep| keep.value);
    section.end();
    Some(Backup { to: to?.value, passphrase_file: passphrase_file?.value, minute, keep })
}

fn path(item: &Item, folder: &Path) -> Result<PathBuf, Wrong> {
    super::lists::path(item.text()?).map(|path| folder.join(path))
}
