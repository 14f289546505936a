//! Sealed lists on disk: those the configuration names, and the copies that are kept of them.
//!
//! A copy of each good list stands in `DATA/lists/locked/`, one for a category and issuer. What the configuration names takes
//! its place; a file that is damaged, gone or no longer named leaves it in force. So no edit turns the tier off.

use super::files;
use super::tables::Broken;
use crate::config::Config;
use crate::lists::Locked;
use crate::lists::locked::{Key, MAX_FILE, Sealed, SealedFault};
use crate::words::{CategorySet, Day};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most copies that are read: a category has a handful of issuers in the world.
const MOST_KEPT: usize = 64;

/// Why sealed lists cannot be used: one line each, with the place of the configuration where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct LockedFault(Vec<String>);

/// Every sealed list of a configuration, with the kept copies of those that cannot be had from it.
///
/// # Errors
/// [`LockedFault`], with [`Broken::Refuse`] only: whoever asked is there to mend it, and a running gate keeps what it has.
pub fn load(config: &Config, broken: Broken) -> Result<Locked, LockedFault> {
    let (lists, mut refused) = named(config);
    let copies = kept(config);
    let mut lists: Vec<Sealed> =
        lists.into_iter().filter(|list| !is_older_than_kept(list, &copies, config, &mut refused)).collect();
    if broken == Broken::Refuse && !refused.is_empty() {
        return Err(LockedFault(refused));
    }
    for (path, kept) in copies {
        match kept {
            Ok(kept) if lists.iter().any(|list| is_an_edition_of(list, &kept)) => {}
            Ok(kept) => lists.push(kept),
            Err(why) => refused.push(format!("{}: {why}", path.display())),
        }
    }
    Ok(Locked::new(lists, refused))
}

/// What would keep the sealed lists from being used, for `check`.
pub fn faults(config: &Config) -> Vec<String> {
    named(config).1
}

/// Keeps a copy of every list, where it is not kept yet: nobody but the gate reads it.
///
/// # Errors
/// As the file system says.
pub fn keep(config: &Config, locked: &Locked) -> io::Result<()> {
    locked.lists().iter().try_for_each(|list| {
        let path = kept_as(config, list);
        let same = read(&path).is_ok_and(|there| there == list.bytes());
        if same { Ok(()) } else { files::replace_private(&path, list.bytes()) }
    })
}

/// The day that an age is reckoned to: of the world's clock, for a list is of the same day everywhere.
pub fn day(unix_ms: i64) -> Day {
    Day(unix_ms.div_euclid(24 * 60 * 60 * 1000).try_into().unwrap_or(i32::MAX))
}

/// The lists that the configuration names, and why others are not used.
fn named(config: &Config) -> (Vec<Sealed>, Vec<String>) {
    let mut lists: Vec<Sealed> = Vec::new();
    let mut faults = plain_lists(config);
    for file in &config.lists.locked {
        match open(&file.path, config.lists.locked_key.as_ref()) {
            Ok(list) if lists.iter().any(|other| is_an_edition_of(other, &list)) => faults.push(format!(
                "{}: {}: there is another list of {} by {} above: name the newer one only",
                file.at,
                file.path.display(),
                list.category(),
                list.issuer()
            )),
            Ok(list) => lists.push(list),
            Err(why) => faults.push(format!("{}: {}: {why}", file.at, file.path.display())),
        }
    }
    (lists, faults)
}

/// Plain lists of the locked tier in the folder of the lists that ship: they are read by nobody.
fn plain_lists(config: &Config) -> Vec<String> {
    let plain = CategorySet::LOCKED.iter().filter_map(|category| {
        let path = config.lists.shipped.join(format!("{}.txt", category.id()?));
        path.exists().then_some((category, path))
    });
    plain
        .map(|(category, path)| {
            format!(
                "{}: the locked tier takes sealed lists only: `schoolgate lists seal FILE --category {category} …`, then destroy \
                 the plain file",
                path.display()
            )
        })
        .collect()
}

/// An older edition than the one that is kept takes names out of the tier: nobody does that by putting a file back.
fn is_older_than_kept(
    list: &Sealed,
    kept: &[(PathBuf, Result<Sealed, Unused>)],
    config: &Config,
    refused: &mut Vec<String>,
) -> bool {
    let copies = kept.iter().filter_map(|(path, copy)| Some((path, copy.as_ref().ok()?)));
    let newer = copies.into_iter().find(|(_, copy)| is_an_edition_of(copy, list) && copy.date() > list.date());
    if let Some((path, _)) = newer {
        let at = config.lists.locked.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ");
        refused.push(format!(
            "{at}: the list of {} by {} is older than the one in force: name the newer one, or delete {} if its issuer took it back",
            list.category(),
            list.issuer(),
            path.display()
        ));
    }
    newer.is_some()
}

fn is_an_edition_of(one: &Sealed, other: &Sealed) -> bool {
    one.category() == other.category() && one.issuer() == other.issuer()
}

fn folder(config: &Config) -> PathBuf {
    config.data.join("lists/locked")
}

fn kept_as(config: &Config, list: &Sealed) -> PathBuf {
    folder(config).join(format!("{}-{:08x}.sealed", list.category(), crc32fast::hash(list.issuer().as_bytes())))
}

/// The copies, in the order of their names. Whether they were signed was looked at when they came.
fn kept(config: &Config) -> Vec<(PathBuf, Result<Sealed, Unused>)> {
    let entries = folder(config).read_dir().into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "sealed")).collect();
    paths.sort();
    paths.truncate(MOST_KEPT);
    paths.into_iter().map(|path| (open(&path, None), path)).map(|(list, path)| (path, list)).collect()
}

/// Why one file is not used.
#[derive(Debug, thiserror::Error)]
enum Unused {
    #[error("it cannot be read: {0}")]
    Unread(#[from] io::Error),
    #[error(transparent)]
    Sealed(#[from] SealedFault),
}

fn open(path: &Path, key: Option<&Key>) -> Result<Sealed, Unused> {
    Ok(Sealed::read(read(path)?, key)?)
}

/// A file, up to one byte more than a sealed list has.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
