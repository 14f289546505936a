//! List files on disk to one table file, and back to the line an entry stands on.
//!
//! The table is `DATA/lists/table.sgt`; beside it `sources.json` says which files, of which size and time, it was made of.

use super::{files, update};
use crate::config::{Config, PublicList};
use crate::lists::{self, Canaries, Compiled, Format, Known, Line, Origin, Platforms, Progress, Reach, Source, Table};
use crate::words::{Category, Host};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum TablesFault {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: {fault}", path = path.display())]
    Known { path: PathBuf, fault: String },
    #[error("{}", .0.join("\n"))]
    Unopened(Vec<String>),
    #[error(transparent)]
    Compile(#[from] lists::CompileFault),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Broken(Vec<BrokenList>),
    #[error("{}: {source}", path.display())]
    Table { path: PathBuf, source: lists::TableFault },
}

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("list {name} ({}): {why}", path.display())]
pub struct BrokenList {
    name: String,
    path: PathBuf,
    why: String,
}

/// What to do about a list that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Make no table: whoever asked is there to mend it, and a running gate keeps what it has.
    Refuse,
    /// Go on with the last good table, or without the list if there is none: a gate that starts must answer.
    Endure,
}

/// One list file and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    pub name: String,
    pub category: Category,
    pub format: Format,
    pub origin: Origin,
    pub path: PathBuf,
    /// The file meant, if `path` is an archive.
    pub inside: Option<String>,
}

/// What a table was made of: if this is the same, so is the table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MadeOf {
    program: String,
    files: Vec<(String, u8, PathBuf, u64, u128)>,
}

/// Every list of a configuration: those that ship, then the school's, then those that have been fetched.
pub fn list_files(config: &Config) -> Vec<ListFile> {
    let shipped = &config.lists.shipped;
    let mut files: Vec<ListFile> = Category::FIXED
        .iter()
        .filter_map(|category| Some((category, shipped.join(format!("{}.txt", category.id()?)))))
        .filter(|(_, path)| path.exists())
        .map(|(category, path)| shipped_list(category.to_string(), *category, path))
        .collect();
    for suite in &config.school.platforms {
        let name = format!("platform-{suite}");
        let path = shipped.join(format!("{name}.txt"));
        files.push(shipped_list(name, Category::PLATFORM, path));
    }
    files.extend(config.lists.sources.iter().map(|source| ListFile {
        name: source.name.clone(),
        category: source.category,
        format: source.format,
        // Until lists are fetched, everything beside the shipped folder is somebody's file: it opens nothing.
        origin: Origin::Public,
        path: names_of(&source.file),
        inside: None,
    }));
    files.extend(config.lists.public.iter().filter_map(|list| fetched(config, list)));
    files
}

/// The file of a public list; `None`: it has not been fetched yet, and is missed by nobody who starts.
fn fetched(config: &Config, list: &PublicList) -> Option<ListFile> {
    let path = update::kept::body(&config.data, list);
    path.is_file().then(|| ListFile {
        name: list.name.clone(),
        category: list.category,
        format: list.format,
        origin: Origin::Public,
        path,
        inside: list.inside.clone(),
    })
}

/// The file of names of a list: itself, or `domains` of a folder as UT1 and squidGuard have them.
fn names_of(file: &Path) -> PathBuf {
    if file.is_dir() { file.join("domains") } else { file.to_owned() }
}

/// A file in a list's folder that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub list: String,
    pub path: PathBuf,
    pub lines: usize,
}

/// What stands beside the names in a UT1 or squidGuard folder: pages (`urls`) and patterns (`expressions`). Neither is a host, and
/// read as hosts they would close whole services for one page.
pub fn unread(config: &Config) -> Vec<Unread> {
    let folders = config.lists.sources.iter().filter(|source| source.file.is_dir());
    let beside = folders.flat_map(|source| ["urls", "expressions"].map(|name| (&source.name, source.file.join(name))));
    let counted = beside.filter_map(|(list, path)| {
        let lines =
            BufReader::new(File::open(&path).ok()?).split(b'\n').map_while(Result::ok).filter(|l| !l.trim_ascii().is_empty());
        Some(Unread { list: list.clone(), lines: lines.count(), path })
    });
    counted.filter(|unread| unread.lines > 0).collect()
}

fn shipped_list(name: String, category: Category, path: PathBuf) -> ListFile {
    ListFile {
        name: format!("schoolgate/{name}"),
        category,
        format: Format::Domains,
        origin: Origin::Shipped,
        path,
        inside: None,
    }
}

pub fn table_file(config: &Config) -> PathBuf {
    config.data.join("lists/table.sgt")
}

fn made_of_file(config: &Config) -> PathBuf {
    config.data.join("lists/sources.json")
}

/// The table of a configuration: mapped if it is there and made of these lists, else compiled first.
///
/// # Errors
/// [`TablesFault`]; a table that was there is still there.
pub fn current(config: &Config, broken: Broken) -> Result<Table, TablesFault> {
    match fresh(config) {
        Err(fault) if broken == Broken::Endure => {
            tracing::error!("not every list can be used; `schoolgate lists compile` tries again\n{fault}");
            let path = table_file(config);
            open(&path).or_else(|_| {
                let compiled = compile_usable(config, &mut |_| {})?;
                // Not called the table of these files: the next start tries them again.
                write(&path, &compiled.bytes)?;
                open(&path)
            })
        }
        table => table,
    }
}

/// Whether the table on disk was made of the lists as they are.
pub fn is_current(config: &Config) -> bool {
    let stored = std::fs::read(made_of_file(config)).ok().and_then(|bytes| serde_json::from_slice::<MadeOf>(&bytes).ok());
    table_file(config).is_file() && made_of(config).is_ok_and(|made_of| stored == Some(made_of))
}

fn fresh(config: &Config) -> Result<Table, TablesFault> {
    let made_of = made_of(config)?;
    let stored = std::fs::read(made_of_file(config)).ok().and_then(|bytes| serde_json::from_slice::<MadeOf>(&bytes).ok());
    if stored.as_ref() == Some(&made_of) {
        match open(&table_file(config)) {
            Ok(table) => return Ok(table),
            Err(fault) => tracing::warn!("the lists are compiled again: {fault}"),
        }
    }
    compile(config, &mut |_| {})?;
    open(&table_file(config))
}

/// Compiles every list of the configuration and replaces the table file.
///
/// # Errors
/// [`TablesFault`]: every list that cannot be used, or why the table cannot be written; a table that was there is still there.
pub fn compile(config: &Config, progress: &mut dyn FnMut(Progress)) -> Result<Compiled, TablesFault> {
    let unopened = unopened(config);
    if !unopened.is_empty() {
        return Err(TablesFault::Unopened(unopened));
    }
    let made_of = made_of(config)?;
    let compiled = compile_usable(config, progress)?;
    let broken = broken(config, &compiled);
    if !broken.is_empty() {
        return Err(TablesFault::Broken(broken));
    }
    write(&table_file(config), &compiled.bytes)?;
    write(&made_of_file(config), &serde_json::to_vec_pretty(&made_of).unwrap_or_default())?;
    Ok(compiled)
}

fn broken(config: &Config, compiled: &Compiled) -> Vec<BrokenList> {
    let files = list_files(config);
    let path_of = |name: &str| files.iter().find(|f| f.name == name).map(|f| f.path.clone()).unwrap_or_default();
    let told = |(list, why): (&lists::Provenance, lists::Broken)| BrokenList {
        name: list.name.clone(),
        path: path_of(&list.name),
        why: why.to_string(),
    };
    // A public list is mended by its keeper, and by the next update: until then the school goes on without it.
    let fetched = |name: &str| config.lists.public.iter().any(|list| list.name == name);
    compiled.broken().filter(|(list, _)| !fetched(&list.name)).map(told).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TablesFault> {
    // A table may hold names of the locked tier: nobody but the gate reads it.
    files::replace_private(path, bytes).map_err(|source| TablesFault::File { path: path.to_owned(), source })
}

/// Compiles the lists that can be opened and understood; what became of each is in the result.
fn compile_usable(config: &Config, progress: &mut dyn FnMut(Progress)) -> Result<Compiled, TablesFault> {
    let known = known(config)?;
    let (mut files, mut readers) = (Vec::new(), Vec::new());
    for file in list_files(config) {
        if let Some(inside) = &file.inside {
            tracing::error!(
                "list {} is not used: {inside} is in an archive, {}, and those are not read",
                file.name,
                file.path.display()
            );
            continue;
        }
        match File::open(&file.path) {
            Ok(opened) => {
                readers.push(BufReader::with_capacity(1 << 16, opened));
                files.push(file);
            }
            Err(fault) => tracing::error!("list {} is not used: {}: {fault}", file.name, file.path.display()),
        }
    }
    let mut sources: Vec<Source> = files
        .iter()
        .zip(&mut readers)
        .map(|(file, reader)| Source {
            name: file.name.clone(),
            category: file.category,
            format: file.format,
            origin: file.origin,
            reach: Reach::Below,
            reader,
        })
        .collect();
    Ok(lists::compile(&mut sources, &known, progress)?)
}

fn open(path: &Path) -> Result<Table, TablesFault> {
    let fault = |source| TablesFault::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(fault)?;
    // SAFETY: the file is only ever replaced by rename, never written in place or cut, so the mapping stays what it is.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(fault)?;
    Table::open(Box::new(map)).map_err(|source| TablesFault::Table { path: path.to_owned(), source })
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
    let canaries = Canaries::read(&mut reader).map_err(|f| TablesFault::Known { path, fault: all(f) })?;
    Ok(Known { platforms, canaries })
}

fn made_of(config: &Config) -> Result<MadeOf, TablesFault> {
    let shipped = |name: &str| ListFile {
        name: name.into(),
        category: Category::PLATFORM,
        format: Format::Domains,
        origin: Origin::Shipped,
        path: config.lists.shipped.join(name),
        inside: None,
    };
    let known = [shipped("platforms.txt"), shipped("canaries.txt")];
    let mut files = Vec::new();
    for file in known.into_iter().chain(list_files(config)) {
        let meta = std::fs::metadata(&file.path).map_err(|source| TablesFault::File { path: file.path.clone(), source })?;
        let changed = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
        files.push((format!("{} {}", file.name, file.format), file.category.bit(), file.path, meta.len(), changed));
    }
    Ok(MadeOf { program: env!("CARGO_PKG_VERSION").into(), files })
}

/// What would keep the lists from compiling, for `check`: each file that cannot be opened, or is no list.
pub fn faults(config: &Config) -> Vec<String> {
    let unopened = unopened(config);
    if !unopened.is_empty() {
        return unopened;
    }
    match compile_usable(config, &mut |_| {}) {
        Ok(compiled) => broken(config, &compiled).iter().map(ToString::to_string).collect(),
        Err(fault) => vec![fault.to_string()],
    }
}

fn unopened(config: &Config) -> Vec<String> {
    let openable = |path: &Path| File::open(path).and_then(|f| f.metadata()).map(|m| m.is_file());
    let mut faults: Vec<String> = list_files(config)
        .iter()
        .filter_map(|file| match openable(&file.path) {
            Ok(true) => None,
            Ok(false) => Some(format!("list {}: {} is not a file", file.name, file.path.display())),
            Err(fault) => Some(format!("list {}: {}: {fault}", file.name, file.path.display())),
        })
        .collect();
    if let Err(fault) = known(config) {
        faults.push(fault.to_string());
    }
    faults
}

/// Where an entry stands in the files of one list: `file:line`.
pub fn places(config: &Config, list: &str, entry: &str) -> Vec<String> {
    let Ok(entry) = Host::parse(entry) else { return Vec::new() };
    let Some(file) = list_files(config).into_iter().find(|file| file.name == list) else { return Vec::new() };
    lines(&file, &entry).unwrap_or_default().iter().map(|line| format!("{}:{}", file.path.display(), line.number)).collect()
}

/// The lines of a list's file that an entry came from.
///
/// # Errors
/// As the file system says.
pub fn lines(file: &ListFile, entry: &Host) -> io::Result<Vec<Line>> {
    if file.inside.is_some() {
        return Ok(Vec::new());
    }
    lists::find_lines(&mut BufReader::new(File::open(&file.path)?), file.format, entry)
}
