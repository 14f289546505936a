//! The files of a list on disk: itself, a folder's, or an archive's.

use crate::lists::archive::{self, Archive};
use crate::lists::members::{Kind, Listing, Tree};
use crate::lists::{Format, Member, Members};
use std::fs::File;
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

/// Size and time of the last change, in nanoseconds since 1970: of a file, or of the files in a folder. If they are the same, so is
/// the list.
///
/// # Errors
/// What the file system says.
pub fn stamp(path: &Path) -> io::Result<(u64, u128)> {
    let of = |meta: &std::fs::Metadata| {
        let since = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        (meta.len(), since.map_or(0, |since| since.as_nanos()))
    };
    let meta = std::fs::metadata(path)?;
    let (mut size, mut changed) = of(&meta);
    if meta.is_dir() {
        for file in std::fs::read_dir(path)? {
            // Through links; one that leads nowhere says nothing.
            let Ok(meta) = std::fs::metadata(file?.path()) else { continue };
            let (more, later) = of(&meta);
            (size, changed) = (size + more, changed.max(later));
        }
    }
    Ok((size, changed))
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
