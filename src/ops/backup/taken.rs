//! What of a school is taken into a backup: the one list.

use crate::config::Config;
use crate::ops::tables;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Of DATA everything is taken but this: what is made anew at a start, what is fetched anew, and what belongs to a running
/// process. `lists/locked` is taken: nobody fetches it.
const LEFT: &[&str] = &["lock", "control.sock", "run", "journal/lock", "lists", "backup.work"];
const TAKEN_ALL_THE_SAME: &[&str] = &["lists/locked"];

/// Most files: 90 days of reports in every edition, and what mail and names leave.
const MOST: usize = 50_000;
/// Deepest folder of the data; and of the configuration, whose folder may be anybody's.
const DEEPEST: usize = 12;
const DEEPEST_CONFIG: usize = 3;

/// One file to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Where it is on this machine.
    pub from: PathBuf,
    /// Where it is in the backup: `data/…`, `config/…`, `lists/…`.
    pub to: String,
    /// A database of SQLite, in use or not.
    pub is_database: bool,
}

/// The files of a school, in the order in which they are taken: segments before the week files they are moved to, so that what
/// moves meanwhile is in both, and never in neither.
///
/// # Errors
/// A folder cannot be read, or holds more than any school's does.
pub fn taken(config: &Config, main: &Path, not: &Path) -> io::Result<Vec<Taken>> {
    let mut all = Vec::new();
    walk(
        (&config.data, "data", DEEPEST),
        &mut |path, inner| {
            let is = |named: &&str| inner == Path::new("data").join(named);
            let within = |named: &&str| Path::new("data").join(named).starts_with(inner) && !is(named);
            let kept = TAKEN_ALL_THE_SAME.iter().any(|named| is(named) || inner.starts_with(Path::new("data").join(named)));
            let on_the_way = TAKEN_ALL_THE_SAME.iter().any(within);
            let left = LEFT.iter().any(|named| inner.starts_with(Path::new("data").join(named)));
            path != not && (kept || on_the_way || !left) && (path.is_dir() || !on_the_way)
        },
        &mut all,
    )?;
    all.sort_by_key(|taken| (!taken.to.starts_with("data/journal/segments/"), !taken.is_database, taken.to.clone()));
    let folder = main.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    walk((folder, "config", DEEPEST_CONFIG), &mut |path, _| path != not && path != config.data, &mut all)?;
    // Lists that somebody keeps elsewhere; what ships comes with the package.
    let elsewhere =
        |path: &Path| !path.starts_with(folder) && !path.starts_with(&config.data) && !path.starts_with(&config.lists.shipped);
    for (place, file) in tables::list_files(config).into_iter().filter(|file| elsewhere(&file.path)).enumerate() {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file.path.is_file() {
            all.push(Taken { from: file.path, to: format!("lists/{place}-{name}"), is_database: false });
        }
    }
    Ok(all)
}

/// Regular files below a folder. Links are not followed: what they lead to is not the school's.
fn walk(
    (root, name, deepest): (&Path, &str, usize),
    wanted: &mut dyn FnMut(&Path, &Path) -> bool,
    into: &mut Vec<Taken>,
) -> io::Result<()> {
    let mut folders = vec![(root.to_owned(), PathBuf::from(name), 0)];
    while let Some((folder, inner, depth)) = folders.pop() {
        let with = |fault: io::Error| io::Error::new(fault.kind(), format!("{}: {fault}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(with)? {
            let entry = entry.map_err(with)?;
            let (path, inner) = (entry.path(), inner.join(entry.file_name()));
            let Ok(kind) = entry.file_type() else { continue };
            if !wanted(&path, &inner) {
                continue;
            }
            match inner.to_str() {
                // A name that is no text is none of ours.
                None => continue,
                Some(_) if kind.is_dir() && depth < deepest => folders.push((path, inner, depth + 1)),
                Some(to) if kind.is_file() && !is_passing(to) => {
                    into.push(Taken { from: path, to: to.to_owned(), is_database: to.ends_with(".db") && name == "data" });
                }
                Some(_) => {}
            }
            if into.len() > MOST {
                return Err(io::Error::other(format!("there are more than {MOST} files under {}", root.display())));
            }
        }
    }
    Ok(())
}

/// What is beside a file while it is being written, and a database's own logs: they are taken with it.
fn is_passing(name: &str) -> bool {
    name.ends_with(".new") || [".db-wal", ".db-shm", ".db-journal"].iter().any(|end| name.ends_with(end))
}

/// Where a file of a backup goes below a folder. `None`: nowhere, its path leads out or is of no part that there is.
pub fn place(inner: &Path) -> Option<PathBuf> {
    let mut parts = inner.components();
    let part = match parts.next()? {
        Component::Normal(part) => part.to_str()?,
        _ => return None,
    };
    let rest: PathBuf = parts.as_path().to_owned();
    let plain = rest.components().all(|part| matches!(part, Component::Normal(_))) && rest.components().next().is_some();
    match part {
        "data" if plain => Some(rest),
        "config" | "lists" if plain => Some(Path::new("restored").join(part).join(rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_backup_leads_out_of_its_folder() {
        for (path, to) in [
            ("data/journal/2026-W47.db", Some("journal/2026-W47.db")),
            ("config/schoolgate.toml", Some("restored/config/schoolgate.toml")),
            ("lists/0-own.txt", Some("restored/lists/0-own.txt")),
            ("data/../x", None),
            ("/etc/passwd", None),
            ("data", None),
            ("other/x", None),
            ("data/a/../../x", None),
        ] {
            assert_eq!(place(Path::new(path)), to.map(PathBuf::from), "{path}");
        }
    }
}
