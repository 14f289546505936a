//! Files replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
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
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folder(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = File::create(beside).and_then(|mut file| {
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

/// Makes a folder and those above it, each its parent's owner's where root makes it.
///
/// # Errors
/// As the file system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
        _ => belongs_to_folder(&File::open(folder)?, above),
    }
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
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
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

#[cfg(test)]
mod tests {
    use super::*;

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
