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
    let copies = kept(config);
    let (mut lists, mut refused) = named(config, &copies);
    if broken == Broken::Refuse && !refused.is_empty() {
        return Err(LockedFault(refused));
    }
    for Kept { path, list, unsigned } in copies {
        match list {
            Ok(kept) if lists.iter().any(|list| is_an_edition_of(list, &kept)) => {}
            Ok(kept) => {
                refused.extend(unsigned.map(|why| format!("{} stays in force until a signed one comes: {why}", path.display())));
                lists.push(kept);
            }
            Err(why) => refused.push(format!("{}: {why}", path.display())),
        }
    }
    Ok(Locked::new(lists, refused))
}

/// What would keep the sealed lists from being used, for `check`.
pub fn faults(config: &Config) -> Vec<String> {
    named(config, &kept(config)).1
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
fn named(config: &Config, kept: &[Kept]) -> (Vec<Sealed>, Vec<String>) {
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
            Ok(list) => match newer_than(&list, kept) {
                Some(newer) => faults.push(format!(
                    "{}: {}: the list of {} by {} is older than the one in force: name the newer one, or delete {} if its issuer \
                     took it back",
                    file.at,
                    file.path.display(),
                    list.category(),
                    list.issuer(),
                    newer.display()
                )),
                None => lists.push(list),
            },
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

/// The kept copy that is a newer edition than this one: an older one takes names out of the tier, and nobody does that by putting a
/// file back. A copy that is not signed as it must be says nothing of what is.
fn newer_than<'a>(list: &Sealed, kept: &'a [Kept]) -> Option<&'a Path> {
    let copies =
        kept.iter().filter(|copy| copy.unsigned.is_none()).filter_map(|copy| Some((&copy.path, copy.list.as_ref().ok()?)));
    let mut newer = copies.filter(|(_, copy)| is_an_edition_of(copy, list) && copy.date() > list.date());
    newer.next().map(|(path, _)| path.as_path())
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

/// A copy that was kept.
struct Kept {
    path: PathBuf,
    list: Result<Sealed, Unused>,
    /// Why its signature is not what `locked_key` asks for now: that was written after it came, or somebody put it there. It closes
    /// what it closes, for no edit turns the tier off, and stands in nobody's way.
    unsigned: Option<SealedFault>,
}

/// The copies, in the order of their names.
fn kept(config: &Config) -> Vec<Kept> {
    let entries = folder(config).read_dir().into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "sealed")).collect();
    paths.sort();
    paths.truncate(MOST_KEPT);
    let copy = |path: PathBuf| match open(&path, config.lists.locked_key.as_ref()) {
        Err(Unused::Sealed(why @ (SealedFault::Unsigned | SealedFault::WrongSignature))) => {
            Kept { list: open(&path, None), path, unsigned: Some(why) }
        }
        list => Kept { list, path, unsigned: None },
    };
    paths.into_iter().map(copy).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SealedFile, Spot};
    use crate::lists::Known;
    use crate::lists::locked::{Sealing, seal};
    use crate::words::{Category, Host};

    /// Of `bad.example` as [`sealed`] makes it of day 20,777, signed outside as minisign does.
    const KEY: &str = "RWRzY2hvb2xndA8VNimFwIRBu8XQ59ri7D7NSoIkDtVkcOstCvKbYKcb";
    const SIGNATURE: &str = "\
untrusted comment: signature of the tests
RURzY2hvb2xndM0F2I0rQqQu0MGJlLpo4nWOrJTAoQ1Eb2N3fLhOi79hPBhW3ShPENPCuzkUZqWGXDT/n0cXEtlV88M0oFWbAgg=
trusted comment: timestamp:1795132800\tfile:illegal-csam.sealed
0n7bA9tlFqfURBN77wG2PCVP2PvwsojaN7KmuR7oqTwbhZYCuZ3Y4cqU5ZxeiPctyW8JbiHW36Ze0Nro3sfUBA==
";

    fn sealed(plain: &str, day: i32) -> Vec<u8> {
        let salt = *b"a salt of the tests, 32 bytes it";
        let (category, issuer) = (Category::ILLEGAL_CSAM, "A Licensed Party");
        let sealing = Sealing { category, issuer, date: Day(day), fresh_days: 7, salt };
        seal(plain.as_bytes(), &Known::default(), &sealing).expect("it can be sealed").bytes
    }

    /// A configuration that names one sealed list, at `schoolgate.toml:7:1`.
    fn naming(folder: &Path, list: &[u8]) -> Config {
        let mut config = crate::gate::school::config("");
        config.data = folder.join("data");
        config.lists.shipped = folder.join("shipped");
        let path = folder.join("csam.sealed");
        std::fs::write(&path, list).expect("a file");
        config.lists.locked = vec![SealedFile { path, at: Spot { path: "schoolgate.toml".into(), line: 7, column: 1 } }];
        config
    }

    fn closes(locked: &Locked, name: &str) -> bool {
        locked.find(&Host::parse(name).expect("a host"), "").is_some()
    }

    #[test]
    fn an_older_edition_is_refused_where_it_is_named_and_check_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = naming(folder.path(), &sealed("bad.example\nworse.example\n", 20_777));
        keep(&config, &load(&config, Broken::Refuse).expect("a list")).expect("kept");
        assert_eq!(faults(&config), Vec::<String>::new());
        let config = naming(folder.path(), &sealed("bad.example\n", 20_776));
        let told = faults(&config);
        assert!(told.len() == 1 && told[0].starts_with("schoolgate.toml:7:1: "), "{told:?}");
        assert!(told[0].contains("is older than the one in force"), "{told:?}");
        assert_eq!(load(&config, Broken::Refuse).expect_err("refused").0, told);
        assert!(closes(&load(&config, Broken::Endure).expect("the copy"), "worse.example"));
    }

    #[test]
    fn a_kept_copy_is_held_against_the_key_too_and_never_keeps_a_signed_list_out() {
        let folder = tempfile::tempdir().expect("a folder");
        // Somebody put it there: of the far future, so that nothing would ever replace it.
        let forged = naming(folder.path(), &sealed("other.example\n", 30_000));
        keep(&forged, &load(&forged, Broken::Refuse).expect("a list")).expect("kept");
        let signed = [&sealed("bad.example\n", 20_777)[..], SIGNATURE.as_bytes()].concat();
        let mut config = naming(folder.path(), &signed);
        config.lists.locked_key = Some(Key::parse(KEY).expect("a key"));
        let locked = load(&config, Broken::Refuse).expect("the signed one");
        assert!(closes(&locked, "bad.example") && !closes(&locked, "other.example"));
        assert_eq!(locked.refused(), Vec::<String>::new());
        // Without the signed one it stays, for no edit turns the tier off; and that is told.
        config.lists.locked = Vec::new();
        let locked = load(&config, Broken::Refuse).expect("the copy");
        assert!(closes(&locked, "other.example"));
        assert!(
            locked.refused()[0].contains("stays in force until a signed one comes: it is not signed"),
            "{:?}",
            locked.refused()
        );
    }
}
