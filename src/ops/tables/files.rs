//! Which lists there are, and the files they are made of.

use crate::config::Config;
use crate::lists::{About, Format, Member, Members, Origin, Reach, Recipe, Source};
use crate::words::Category;
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

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
}

/// Every list of a configuration: those that ship, then the school's.
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
        format: source.format,
        // Until lists are fetched, everything beside the shipped folder is somebody's file: it opens nothing.
        origin: Origin::Public,
        ..ListFile::new(source.name.clone(), source.category, names_of(&source.file))
    }));
    files
}

fn shipped_list(name: String, category: Category, path: PathBuf) -> ListFile {
    ListFile { origin: Origin::Shipped, format: Format::Domains, ..ListFile::new(format!("schoolgate/{name}"), category, path) }
}

/// The file of names of a list: itself, or `domains` of a folder as UT1 and squidGuard have them.
fn names_of(file: &Path) -> PathBuf {
    if file.is_dir() { file.join("domains") } else { file.to_owned() }
}

impl ListFile {
    pub fn new(name: String, category: Category, path: PathBuf) -> Self {
        let (format, origin) = (Format::Detect, Origin::Public);
        Self { name, category, format, origin, path, inside: None, licence: None, home: None, dated_ms: None }
    }

    /// What the compiler is told of it.
    pub(super) fn source<'a>(&self, members: &'a mut dyn Members) -> Source<'a> {
        let changed = std::fs::metadata(&self.path).ok().map(|meta| changed_ns(&meta) / 1_000_000);
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
        let file = File::open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        Ok(Box::new(OneFile { format: self.format, reader: Some(BufReader::with_capacity(1 << 16, file)), read: None }))
    }

    /// What its run would be made of and judged by now; no file of it is read.
    pub(super) fn recipe(&self, known: u64) -> Recipe {
        let mut unopened = OneFile { format: self.format, reader: None, read: None };
        Recipe::new(&self.source(&mut unopened), known, self.stamp().as_bytes())
    }

    /// A text that is another when the files are.
    fn stamp(&self) -> String {
        let inside = self.inside.as_deref().unwrap_or_default();
        let state = match std::fs::metadata(&self.path) {
            Ok(meta) => format!("{} bytes of {}", meta.len(), changed_ns(&meta)),
            Err(fault) => fault.kind().to_string(),
        };
        format!("{} {inside} {} {state}", self.path.display(), self.format)
    }
}

fn changed_ns(meta: &Metadata) -> u128 {
    meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos())
}

/// A list that is one file.
struct OneFile {
    format: Format,
    reader: Option<BufReader<File>>,
    read: Option<BufReader<File>>,
}

impl Members for OneFile {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        self.read = self.reader.take();
        let format = self.format;
        Ok(self.read.as_mut().map(|reader| Member { name: String::new(), format, reader }))
    }
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
