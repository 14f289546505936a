//! The files of a list on disk: itself, a folder's, or an archive's.

use crate::lists::archive::{self, Archive};
use crate::lists::members::{Kind, Listing, Tree};
use crate::lists::{Format, Member, Members};
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Bytes read at once: large enough that a system call costs nothing beside the parsing.
const BUFFER: usize = 1 << 16;

/// Opens a list. `inside` names what is wanted in a folder or an archive.
///
/// # Errors
/// What the file system says; [`io::ErrorKind::InvalidData`] and [`io::ErrorKind::NotFound`] as [`Archive::open`] and
/// [`Listing::new`] have them.
pub fn open(path: &Path, inside: Option<&str>, format: Format) -> io::Result<Box<dyn Members>> {
    Ok(match of(path)? {
        Of::Folder(folder) => Box::new(Listing::new(folder, inside, format)?),
        Of::Archive(archive) => Box::new(Listing::new(archive, inside, format)?),
        Of::File(_) if inside.is_some() => return Err(no_inside(path)),
        Of::File(file) => match of_v2fly(path, format)? {
            Some(list) => Box::new(list),
            None => Box::new(OneFile { format, file, read: false }),
        },
    })
}

/// A file of the list's folder that is left out on purpose, and its lines.
///
/// # Errors
/// As [`open`].
pub fn left_out(path: &Path, inside: Option<&str>) -> io::Result<Option<(String, u64)>> {
    let owned = |left: Option<(&str, u64)>| left.map(|(name, lines)| (name.to_owned(), lines));
    match of(path)? {
        Of::Folder(folder) => Listing::new(folder, inside, Format::Detect)?.left_out().map(owned),
        Of::Archive(archive) => Listing::new(archive, inside, Format::Detect)?.left_out().map(owned),
        Of::File(_) => Ok(None),
    }
}

/// What a list's files are like from outside. If it is the same, so is the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the last of them was changed, nanoseconds since 1970.
    pub changed_ns: u128,
    /// Of the size and time of each.
    checksum: u32,
}

impl Stamp {
    pub fn text(&self) -> String {
        format!("{} {:08x}", self.changed_ns, self.checksum)
    }

    fn add(&mut self, path: &Path, meta: &Metadata) {
        let since = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let changed_ns = since.map_or(0, |since| since.as_nanos());
        self.changed_ns = self.changed_ns.max(changed_ns);
        let one = format!("{} {} {changed_ns}", path.display(), meta.len());
        // In any order: a folder's files come in the order of the disk.
        self.checksum = self.checksum.wrapping_add(crc32fast::hash(one.as_bytes()));
    }
}

/// The stamp of a list: of the file, of the files in its folder, of what a file of v2fly's includes. Of `inside` a folder, that
/// part alone: a change beside it is no change of this list.
///
/// # Errors
/// What the file system says.
pub fn stamp(path: &Path, inside: Option<&str>, format: Format) -> io::Result<Stamp> {
    let meta = std::fs::metadata(path)?;
    if let Some(inside) = inside.filter(|_| meta.is_dir()) {
        return stamp(&path.join(inside.trim_start_matches('/')), None, format);
    }
    let mut stamp = Stamp { changed_ns: 0, checksum: 0 };
    stamp.add(path, &meta);
    if meta.is_dir() {
        for file in std::fs::read_dir(path)? {
            let file = file?.path();
            // Through links; one that leads nowhere says nothing.
            let Ok(meta) = std::fs::metadata(&file) else { continue };
            stamp.add(&file, &meta);
        }
    } else if let Some(mut list) = of_v2fly(path, format)? {
        // What is included is known only by following it; a file that cannot be followed is told when the list is read.
        while let Ok(Some(member)) = list.next_member() {
            let beside = path.canonicalize()?.with_file_name(&member.name);
            if let Some(meta) = Some(&beside).filter(|_| !member.name.is_empty()).and_then(|path| std::fs::metadata(path).ok()) {
                stamp.add(&beside, &meta);
            }
        }
    }
    Ok(stamp)
}

enum Of {
    File(BufReader<File>),
    Folder(Folder),
    Archive(Archive<'static>),
}

fn of(path: &Path) -> io::Result<Of> {
    let kind = std::fs::metadata(path)?;
    if kind.is_dir() {
        return Ok(Of::Folder(Folder::at(path)?));
    }
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder"));
    }
    let mut first = Vec::new();
    File::open(path)?.take(archive::FIRST_BYTES as u64).read_to_end(&mut first)?;
    if !Archive::is_one(&first) {
        return Ok(Of::File(BufReader::with_capacity(BUFFER, File::open(path)?)));
    }
    let path = path.to_owned();
    Ok(Of::Archive(Archive::open(Box::new(move || Ok(Box::new(File::open(&path)?))))?))
}

fn no_inside(path: &Path) -> io::Error {
    let why = format!("{} is neither a folder nor an archive: nothing is inside it", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The list with what it includes from beside it, if it is one of v2fly's.
fn of_v2fly(path: &Path, format: Format) -> io::Result<Option<Listing<Folder>>> {
    if !matches!(format, Format::V2fly | Format::Detect) {
        return Ok(None);
    }
    let real = path.canonicalize()?;
    // All of v2fly's names are ASCII.
    let Some(name) = real.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    let list = Listing::new(Folder::beside(&real)?, Some(name), format)?;
    Ok(list.is_v2fly().then_some(list))
}

/// A list that is one file.
struct OneFile {
    format: Format,
    file: BufReader<File>,
    read: bool,
}

impl Members for OneFile {
    fn next_member(&mut self) -> io::Result<Option<Member<'_>>> {
        let again = std::mem::replace(&mut self.read, true);
        Ok((!again).then(|| Member { name: String::new(), format: self.format, reader: &mut self.file }))
    }
}

/// A folder on disk.
struct Folder {
    /// Where paths begin.
    path: PathBuf,
    /// What no link leads out of.
    within: PathBuf,
    open: Option<BufReader<File>>,
}

impl Folder {
    /// A list's own folder, which may share files with those beside it, or the tree of many.
    fn at(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let within = path.parent().unwrap_or(&path).to_owned();
        Ok(Self { path, within, open: None })
    }

    /// The folder that a file lies in.
    fn beside(file: &Path) -> io::Result<Self> {
        let path = file.canonicalize()?;
        let path = path.parent().unwrap_or(&path).to_owned();
        Ok(Self { within: path.clone(), path, open: None })
    }

    /// The path with its links followed.
    fn real(&self, path: &str) -> io::Result<Option<PathBuf>> {
        match self.path.join(path.trim_start_matches('/')).canonicalize() {
            Ok(real) if real.starts_with(&self.within) => Ok(Some(real)),
            Ok(_) => {
                let why = format!("`{path}` is a link that leads out of {}", self.within.display());
                Err(io::Error::new(io::ErrorKind::InvalidData, why))
            }
            Err(none) if matches!(none.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

impl Tree for Folder {
    fn kind(&mut self, path: &str) -> io::Result<Option<Kind>> {
        let Some(real) = self.real(path)? else { return Ok(None) };
        let kind = std::fs::metadata(real)?;
        Ok(if kind.is_file() { Some(Kind::File) } else { kind.is_dir().then_some(Kind::Folder) })
    }

    fn top(&mut self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn read(&mut self, path: &str) -> io::Result<&mut dyn BufRead> {
        let real = self.real(path)?.filter(|real| real.is_file());
        let real = real.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no file `{path}`")))?;
        Ok(self.open.insert(BufReader::with_capacity(BUFFER, File::open(real)?)))
    }
}

#[cfg(test)]
mod tests;
