//! Files replaced whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Writes beside, syncs, renames, and syncs the folder: after a power cut there is the old file or the new one.
///
/// # Errors
/// As the file system says; the old file is untouched then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(bytes))
}

/// [`replace`] for content that is written as it is made.
///
/// # Errors
/// As the file system or `write` says; the old file is untouched then.
pub fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    replace_as(path, |path| File::create(path), write)
}

fn replace_as(
    path: &Path,
    beginning: impl FnOnce(&Path) -> io::Result<File>,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = beginning(beside).and_then(|mut file| {
        belongs_to_folder(&file, folder)?;
        write(&mut file)?;
        file.sync_all()
    });
    if let Err(fault) = written {
        let _ = fs::remove_file(beside);
        return Err(fault);
    }
    fs::rename(beside, path)?;
    File::open(folder)?.sync_all()
}

/// [`replace`] for what shows persons: nobody but the owner reads it until they say so.
///
/// # Errors
/// As [`replace`].
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_as(path, private, |file| file.write_all(bytes))
}

/// Opens a regular file to read, or a link to one. A FIFO or a device does not hold it up: it is refused.
///
/// # Errors
/// As the file system says; [`io::ErrorKind::InvalidInput`] if it is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")) }
}

/// [`replace`] for what only the owner and the file's group read.
///
/// # Errors
/// As [`replace`].
pub fn replace_for_group(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let begin = |path: &Path| {
        let file = private(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o640))?;
        Ok(file)
    };
    replace_as(path, begin, |file| file.write_all(bytes))
}

/// An empty file that only its owner reads.
///
/// # Errors
/// As the file system says.
pub fn private(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A new file that only its owner reads. What is there already is left alone, and what a link of that name leads to.
///
/// # Errors
/// As the file system says.
pub fn new_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Waits until nobody else changes this file, and keeps others from it until it is dropped: a lock beside it.
///
/// # Errors
/// As the file system says.
pub fn alone(path: &Path) -> io::Result<File> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let lock = private(&path.with_extension("lock"))?;
    belongs_to_folder(&lock, folder)?;
    lock.lock()?;
    Ok(lock)
}

/// Makes a folder of the gate's own and those above it, if they are not there: each its parent's owner's where root makes it,
/// and nobody but the gate's user and group looks in.
///
/// # Errors
/// As the file system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folder(above)?;
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
        _ => belongs_to_folder(&File::open(folder)?, above),
    }
}

/// The folder a file is in; of a bare name the one we are in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file that root has made to whoever owns its folder: the gate runs as a user of its own, and must be able to
/// read and replace what an administrator's command wrote.
///
/// # Errors
/// As the file system says.
pub fn belongs_to_folder(file: &File, folder: &Path) -> io::Result<()> {
    if nix::unistd::geteuid().is_root() {
        let owner = fs::metadata(folder)?;
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

/// Writes one line at the end of a file that is its owner's alone, and syncs it.
///
/// # Errors
/// As the file system says, with the path.
pub fn append_line(path: &Path, line: &[u8]) -> io::Result<()> {
    append(path, line).map_err(|fault| io::Error::new(fault.kind(), format!("{}: {fault}", path.display())))
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut file = File::options().create(true).append(true).mode(0o600).open(path)?;
    belongs_to_folder(&file, folder)?;
    file.write_all(&[line, b"\n"].concat())?;
    file.sync_data()
}

/// The text of a file; empty if there is none.
///
/// # Errors
/// Any but 'not found'.
pub fn read_or_empty(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// The login name of a user id, or its number.
pub fn user_name(uid: u32) -> String {
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// The login name of whoever runs this.
pub fn own_name() -> String {
    user_name(nix::unistd::getuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_persons_is_the_owners_alone_and_a_bare_name_is_here() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("new/report.html");
        replace_private(&path, b"names").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        replace(&dir.path().join("own/file"), b"x").expect("written");
        assert_eq!(mode(&dir.path().join("own")) & 0o007, 0);
        assert_eq!(folder_of(Path::new("report.html")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/report.html")), Path::new("a"));
    }

    #[test]
    fn what_root_writes_belongs_to_the_owner_of_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        if !nix::unistd::geteuid().is_root() {
            // Without root a file is its writer's, and so is the folder.
            return;
        }
        std::os::unix::fs::chown(dir.path(), Some(4711), Some(4711)).expect("root may");
        replace(&dir.path().join("new/file"), b"text").expect("written");
        for name in ["new", "new/file"] {
            let meta = fs::metadata(dir.path().join(name)).expect("it is there");
            assert_eq!((meta.uid(), meta.gid()), (4711, 4711), "{name}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_whole_stays_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("deep/file");
        replace(&path, b"first").expect("written");
        let fault = replace_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(fault.is_err());
        assert_eq!(fs::read(&path).expect("the file"), b"first");
        assert_eq!(fs::read_dir(dir.path().join("deep")).expect("the folder").count(), 1);
    }
}
