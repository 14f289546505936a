//! List files on disk to one table file, and back to the line an entry stands on.
//!
//! Comes in: a configuration. Goes out: its table, mapped, and made first if its lists have changed since. Always holds: there is a
//! table in force until a better one is, whatever is killed or full; only a list whose files changed is read again; a list that
//! cannot be used stays as it was when it last could.
//!
//! In `DATA/lists`: `table.sgt`, and the one before it in `table.previous.sgt`; `table.damaged.sgt`, one that the disk spoilt;
//! `sources.json`, what the table was made of; `runs/NAME.run`, each list as it was read.
//!
//! - [`files`] which lists there are, and their files
//! - [`lines`] where an entry stands in them
//! - `runs`    a run of each list: kept, made again, or the last good one
//! - `force`   the table put in force, and the one before kept
//! - `pace`    beside a running gate, only what the doors leave
//! - [`held`]  the filter held in memory
//! - [`walk`]  the file of the table in force read again, now and then

mod files;
mod force;
pub mod held;
mod lines;
mod pace;
mod runs;
pub mod walk;

pub use files::{ListFile, Unread, list_files, unread};
pub use lines::{lines, member_path, places};

use crate::config::{Config, PublicList};
use crate::lists::{self, Canaries, CompileFault, Known, Origin, Platforms, Progress, Provenance, Reading, Table, Written};
use crate::ops::files as disk;
use crate::words::{Category, CategorySet};
use force::Folder;
use runs::{Lists, State, Tell};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum TablesFault {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: {fault}", path = path.display())]
    Known { path: PathBuf, fault: String },
    #[error(transparent)]
    Compile(#[from] lists::CompileFault),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Broken(Vec<BrokenList>),
    #[error("{}: {source}", path.display())]
    Table { path: PathBuf, source: lists::TableFault },
}

/// A list that cannot be used, and never could: else its last good version would be.
#[derive(Debug, thiserror::Error)]
#[error("list {name} ({}): {why}", path.display())]
pub struct BrokenList {
    name: String,
    path: PathBuf,
    why: String,
}

/// What to do about a list that cannot be used and has no last good version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Make no table: whoever asked is there to mend it, and a running gate keeps what it has.
    Refuse,
    /// Go on with the last good table, or without the list if there is none: a gate that starts must answer.
    Endure,
}

/// A table that has just been put in force.
#[derive(Debug)]
pub struct Made {
    /// What became of each list, in the order of [`list_files`].
    pub lists: Vec<Provenance>,
    pub written: Written,
}

/// What a table was made of: if this is the same, so is the table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MadeOf {
    /// A number for each list, of everything that decides what is in it.
    lists: Vec<(String, u64)>,
}

impl MadeOf {
    fn new(files: &[ListFile], known: &Known) -> Self {
        let known = known.checksum();
        Self { lists: files.iter().map(|file| (file.name.clone(), file.recipe(known).checksum())).collect() }
    }
}

fn folder(config: &Config) -> Folder {
    Folder(config.data.join("lists"))
}

/// A table to be put in force.
#[derive(Debug)]
pub struct ToForce {
    pub table: Table,
    /// It is not the one that should be, for this reason.
    pub instead: Option<String>,
}

/// The table of a configuration: mapped if it is there and made of these lists, else compiled first.
///
/// # Errors
/// [`TablesFault`]; a table that was there is still there.
pub fn current(config: &Config, broken: Broken) -> Result<Table, TablesFault> {
    to_force(config, broken).map(|to_force| to_force.table)
}

/// [`current`], and whether it is the one before, because the disk spoilt the one that should be and no other can be made.
///
/// # Errors
/// As [`current`].
pub fn to_force(config: &Config, broken: Broken) -> Result<ToForce, TablesFault> {
    let folder = folder(config);
    match fresh(config, &folder) {
        Err(fault) if broken == Broken::Endure => {
            tracing::error!("not every list can be used; `schoolgate lists compile` tries again\n{fault}");
            let there = force::open(&folder.table()).or_else(|_| {
                // Not called the table of these files: the next start tries them again.
                make(config, Broken::Endure, &[], &mut |_| {})?;
                force::open(&folder.table())
            });
            there.map(ToForce::from).or_else(|fault| {
                let Ok(table) = force::open(&folder.previous()) else { return Err(fault) };
                let instead =
                    format!("the table of lists was lost and cannot be made again; the one before is in force: {fault}");
                tracing::error!("{instead}");
                Ok(ToForce { table, instead: Some(instead) })
            })
        }
        table => table.map(ToForce::from),
    }
}

impl From<Table> for ToForce {
    fn from(table: Table) -> Self {
        Self { table, instead: None }
    }
}

fn fresh(config: &Config, folder: &Folder) -> Result<Table, TablesFault> {
    let made_of = MadeOf::new(&list_files(config), &known(config)?);
    if stored(folder).as_ref() == Some(&made_of) {
        match force::open(&folder.table()) {
            Ok(table) => return Ok(table),
            Err(fault) if force::is_damage(&fault) => {
                tracing::error!("THE TABLE OF LISTS WAS DAMAGED on the disk, and is made again from the lists: {fault}");
                if let Err(fault) = folder.set_aside() {
                    tracing::warn!("the damaged table could not be set aside: {fault}");
                }
            }
            Err(fault) => tracing::warn!("the table is made again: {fault}"),
        }
    }
    make(config, Broken::Refuse, &[], &mut |_| {})?;
    force::open(&folder.table())
}

/// Sets the table's file aside as `table.damaged.sgt` if the disk spoilt it; whether it did.
///
/// # Errors
/// [`TablesFault`]: it cannot be moved.
pub fn set_aside(config: &Config) -> Result<bool, TablesFault> {
    folder(config).set_aside()
}

fn stored(folder: &Folder) -> Option<MadeOf> {
    serde_json::from_slice(&std::fs::read(folder.made_of()).ok()?).ok()
}

/// The table that was in force before this one, for when a block of this one rots.
///
/// # Errors
/// [`TablesFault`]: there is none, or it cannot be used.
pub fn open_previous(config: &Config) -> Result<Table, TablesFault> {
    force::open(&folder(config).previous())
}

/// Reads every list that has changed, and replaces the table file. Where a gate runs on this data, it takes only what the
/// doors leave.
///
/// # Errors
/// [`TablesFault`]: every list that cannot be used, or why the table cannot be written; a table that was there is still there.
///
/// `accepted` names lists that somebody has looked at: what the guard refused of them for its size or its canaries is used.
pub fn compile(config: &Config, accepted: &[String], progress: &mut dyn FnMut(Progress)) -> Result<Made, TablesFault> {
    make(config, Broken::Refuse, accepted, progress)
}

fn make(config: &Config, broken: Broken, accepted: &[String], progress: &mut dyn FnMut(Progress)) -> Result<Made, TablesFault> {
    let folder = folder(config);
    let known = known(config)?;
    let files = list_files(config);
    let lists = Lists { folder: &folder, files: &files, known: &known, accepted };
    pace::apart(pace::a_gate_runs(&config.data), progress, |tell| make_of(&lists, broken, tell))
}

fn make_of(lists: &Lists, broken: Broken, tell: Tell) -> Result<Made, TablesFault> {
    let _lock = lists.folder.lock()?;
    // Of the files as they are before they are read: what changes meanwhile is read next time.
    let made_of = MadeOf::new(lists.files, lists.known);
    let mut states = lists.bring_up_to_date(tell)?;
    let mut again = HashSet::new();
    let (made, written) = loop {
        if broken == Broken::Refuse && refuses(lists, &states) {
            let ours = states.into_iter().zip(lists.files).filter(|(_, file)| !file.fetched);
            return Err(TablesFault::Broken(ours.filter_map(|(state, _)| state.unusable()).collect()));
        }
        let (places, mut opened): (Vec<usize>, Vec<_>) = lists.open(&states).into_iter().unzip();
        let merged = lists
            .folder
            .replace(|spill, to| lists::merge(&mut opened, spill, to, &mut |progress| tell(progress)).map_err(TablesFault::from));
        match merged {
            Ok(written) => break (opened.iter().map(|run| run.provenance().clone()).collect(), written),
            // A run that rotted on the disk is made again from its source, once.
            Err(TablesFault::Compile(CompileFault::Run { number, list, fault })) if again.insert(places[number]) => {
                tracing::warn!("list {list} is read again: its run cannot be: {fault}");
                let at = places[number];
                let _ = std::fs::remove_file(lists.path(at));
                states[at] = lists.make(at, &lists.files[at].recipe(lists.known.checksum()), tell)?;
            }
            Err(fault) => return Err(fault),
        }
    };
    if !refuses(lists, &states) {
        let path = lists.folder.made_of();
        let bytes = serde_json::to_vec_pretty(&made_of).unwrap_or_default();
        disk::replace_private(&path, &bytes).map_err(|source| TablesFault::File { path, source })?;
    } else {
        let _ = std::fs::remove_file(lists.folder.made_of());
    }
    lists.remove_others();
    Ok(Made { lists: made, written })
}

/// Whether a list cannot be used that somebody here can mend. A public list is mended by its keeper, and comes with the next
/// update: until then the school goes on without it.
fn refuses(lists: &Lists, states: &[State]) -> bool {
    states.iter().zip(lists.files).any(|(state, file)| state.is_unusable() && !file.fetched)
}

fn known(config: &Config) -> Result<Known, TablesFault> {
    let read = |name: &str| {
        let path = config.lists.shipped.join(name);
        match File::open(&path) {
            Ok(file) => Ok((path, BufReader::new(file))),
            Err(source) => Err(TablesFault::File { path, source }),
        }
    };
    let all = |faults: Vec<lists::KnownFault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let (path, mut reader) = read("platforms.txt")?;
    let platforms = Platforms::read(&mut reader).map_err(|f| TablesFault::Known { path, fault: all(f) })?;
    let (path, mut reader) = read("canaries.txt")?;
    let mut canaries = Canaries::read(&mut reader).map_err(|f| TablesFault::Known { path, fault: all(f) })?;
    // What ships to let through is not closed by what is fetched.
    let lets_through = CategorySet::of(&[Category::PLATFORM, Category::HELP, Category::EDUCATION]);
    let shipped = list_files(config).into_iter().filter(|f| f.origin == Origin::Shipped && lets_through.contains(f.category));
    for ListFile { path, .. } in shipped {
        let Ok(file) = File::open(&path) else { continue }; // said as a list that is not there
        canaries.add_every(&mut BufReader::new(file)).map_err(|f| TablesFault::Known { path, fault: all(f) })?;
    }
    Ok(Known { platforms, canaries })
}

/// Whether the table on disk was made of the lists as they are.
pub fn is_current(config: &Config) -> bool {
    let folder = folder(config);
    let made_of = known(config).map(|known| MadeOf::new(&list_files(config), &known));
    folder.table().is_file() && made_of.is_ok_and(|made_of| stored(&folder) == Some(made_of))
}

pub fn table_file(config: &Config) -> PathBuf {
    folder(config).table()
}

/// What would keep the lists from compiling, for `check`: each file that cannot be opened, or is no list. Nothing is kept.
pub fn faults(config: &Config) -> Vec<String> {
    let known = match known(config) {
        Ok(known) => known,
        Err(fault) => return vec![fault.to_string()],
    };
    let folder = folder(config);
    let checksum = known.checksum();
    let fault = |file: &ListFile| {
        let recipe = file.recipe(checksum);
        let told = |why: String| BrokenList { name: file.name.clone(), path: file.path.clone(), why }.to_string();
        match runs::read(file, Reading::new(0, &known, &recipe), &folder, &mut io::sink(), &|_| ()) {
            Ok(read) => read.broken.map(|broken| told(broken.to_string())),
            Err(TablesFault::Compile(CompileFault::Read { line: 0, error, .. })) => Some(told(error.to_string())),
            Err(fault) => Some(fault.to_string()),
        }
    };
    list_files(config).iter().filter_map(fault).collect()
}

/// What is in a list that was fetched, and is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    pub entries: u64,
    /// Lines that could not be taken.
    pub refused: u64,
    /// Why nothing of it would be used as it is.
    pub not_used: Option<String>,
}

/// Reads the body of a public list at `path` as a compile would; nothing is kept of it.
pub fn look(config: &Config, list: &PublicList, path: &Path) -> Looked {
    let none = |why: String| Looked { entries: 0, refused: 0, not_used: Some(why) };
    let known = match known(config) {
        Ok(known) => known,
        Err(fault) => return none(fault.to_string()),
    };
    let file = ListFile { path: path.to_owned(), ..files::of_public(config, list) };
    match runs::look(&file, &known, &folder(config)) {
        Ok((now, not_used)) => {
            Looked { entries: now.entries, refused: now.rejects.iter().map(|(_, count, _)| count).sum(), not_used }
        }
        Err(fault) => none(fault.to_string()),
    }
}

#[cfg(test)]
mod tests;
