//! Which lists there are, and the files they are made of.

use crate::config::{Config, PublicList};
use crate::lists::{About, Format, Member, Members, Origin, Reach, Recipe, Source};
use crate::ops::{members, update};
use crate::words::{Category, Role};
use std::io;
use std::path::PathBuf;

/// One list and the file it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    pub name: String,
    pub category: Category,
    pub format: Format,
    pub origin: Origin,
    pub path: PathBuf,
    /// Which part of a folder or archive it is, if not all of it.
    pub inside: Option<String>,
    pub licence: Option<String>,
    /// Where its keepers tell about it, or where it was fetched.
    pub home: Option<String>,
    /// When it was fetched, milliseconds since 1970; the file's own time if nothing is said.
    pub dated_ms: Option<i64>,
    /// It is a public list that `lists update` fetches.
    pub fetched: bool,
}

/// Every list of a configuration: those that ship, then the school's, then those that have been fetched.
pub fn list_files(config: &Config) -> Vec<ListFile> {
    let shipped = &config.lists.shipped;
    let mut files: Vec<ListFile> = Category::FIXED
        .iter()
        .filter_map(|category| Some((category, shipped.join(format!("{}.txt", category.id()?)))))
        // What is locked is in no table: [`crate::ops::locked`] says why a plain list of it is not read.
        .filter(|(category, path)| category.role() != Role::Locked && path.exists())
        .map(|(category, path)| shipped_list(category.to_string(), *category, path))
        .collect();
    for suite in &config.school.platforms {
        let name = format!("platform-{suite}");
        let path = shipped.join(format!("{name}.txt"));
        files.push(shipped_list(name, Category::PLATFORM, path));
    }
    files.extend(config.lists.sources.iter().map(|source| ListFile {
        format: source.format,
        // Until lists are fetched, everything beside the shipped folder is somebody's file: it opens nothing.
        origin: Origin::Public,
        inside: source.inside.clone(),
        ..ListFile::new(source.name.clone(), source.category, source.file.clone())
    }));
    files.extend(config.lists.public.iter().filter_map(|list| fetched(config, list)));
    files
}

/// The file of a public list; `None`: it has not been fetched yet, and is missed by nobody who starts.
fn fetched(config: &Config, list: &PublicList) -> Option<ListFile> {
    let file = of_public(config, list);
    file.path.is_file().then_some(file)
}

/// The file of a public list, whether it is there or not.
pub(super) fn of_public(config: &Config, list: &PublicList) -> ListFile {
    let path = update::kept::body(&config.data, list);
    ListFile {
        format: list.format,
        inside: list.inside.clone(),
        licence: Some(list.licence.clone()).filter(|licence| !licence.is_empty()),
        home: Some(list.home.clone()).filter(|home| !home.is_empty()),
        fetched: true,
        ..ListFile::new(list.name.clone(), list.category, path)
    }
}

fn shipped_list(name: String, category: Category, path: PathBuf) -> ListFile {
    ListFile { origin: Origin::Shipped, format: Format::Domains, ..ListFile::new(format!("schoolgate/{name}"), category, path) }
}

impl ListFile {
    pub fn new(name: String, category: Category, path: PathBuf) -> Self {
        let (format, origin) = (Format::Detect, Origin::Public);
        Self { name, category, format, origin, path, inside: None, licence: None, home: None, dated_ms: None, fetched: false }
    }

    /// What the compiler is told of it.
    pub(super) fn source<'a>(&self, members: &'a mut dyn Members) -> Source<'a> {
        let stamp = members::stamp(&self.path, self.inside.as_deref(), self.format).ok();
        let changed = stamp.map(|stamp| stamp.changed_ns / 1_000_000);
        let about = About {
            dated_ms: self.dated_ms.or(changed.and_then(|ms| i64::try_from(ms).ok())),
            licence: self.licence.clone(),
            home: self.home.clone(),
        };
        let (name, category, origin) = (self.name.clone(), self.category, self.origin);
        Source { name, category, origin, reach: Reach::Below, about, members }
    }

    /// Opens its files.
    ///
    /// # Errors
    /// As the file system says.
    pub(super) fn open(&self) -> io::Result<Box<dyn Members>> {
        members::open(&self.path, self.inside.as_deref(), self.format)
    }

    /// What its run would be made of and judged by now; no file of it is read.
    pub(super) fn recipe(&self, known: u64) -> Recipe {
        let mut unopened = Unopened;
        Recipe::new(&self.source(&mut unopened), known, self.stamp().as_bytes())
    }

    /// A text that is another when the files are.
    fn stamp(&self) -> String {
        let inside = self.inside.as_deref().unwrap_or_default();
        let state = match members::stamp(&self.path, self.inside.as_deref(), self.format) {
            Ok(stamp) => stamp.text(),
            Err(fault) => fault.kind().to_string(),
        };
        format!("{} {inside} {} {state}", self.path.display(), self.format)
    }
}

/// The members of a list that is not opened: only what it is called and made of is asked.
struct Unopened;

impl Members for Unopened {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        Ok(None)
    }
}

/// A file in a list's folder that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub list: String,
    pub path: PathBuf,
    pub lines: u64,
}

/// What is left out of UT1's and squidGuard's folders on purpose: expressions that catch far more than their category.
pub fn unread(config: &Config) -> Vec<Unread> {
    let left_out = |source: &crate::config::Source| {
        let (name, lines) = members::left_out(&source.file, source.inside.as_deref()).ok()??;
        let within = source.inside.as_ref().map_or(source.file.clone(), |inside| source.file.join(inside));
        Some(Unread { list: source.name.clone(), lines, path: within.join(name) })
    };
    config.lists.sources.iter().filter_map(left_out).filter(|unread| unread.lines > 0).collect()
}
