//! Files replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
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
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = File::create(beside).and_then(|mut file| {
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
