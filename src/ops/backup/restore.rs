//! A backup brought back, on a machine that has nothing of the school yet.

use super::{Fault, Manifest, pack, taken};
use crate::ops::files;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, Permissions};
use std::io::{self, BufReader};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Where files are until all of them are there.
const BESIDE: &str = "restoring";

/// Checks every part, then brings them back into `to`, which must be empty or not there: the data itself; configuration and lists
/// in `restored` below it, for they belong where this machine has them. `progress` is told of the bytes of the file that were read.
///
/// # Errors
/// [`Fault`]: nothing but an unfinished `restoring` is left in `to` then.
pub fn restore(file: &Path, passphrase: &str, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<Manifest, Fault> {
    let written = |path: &Path| {
        let path = path.to_owned();
        move |source| Fault::Place { path, source }
    };
    if to.exists() && fs::read_dir(to).map_err(written(to))?.next().is_some() {
        return Err(Fault::NotEmpty(to.to_owned()));
    }
    check(file, passphrase, progress)?;
    files::make_folder(to).map_err(written(to))?;
    let beside = to.join(BESIDE);
    let opened = File::open(file).map_err(|source| Fault::Read { path: file.to_owned(), source })?;
    let manifest = pack::read(BufReader::new(opened), passphrase, &mut |header, inner, content| {
        let place = taken::place(inner).ok_or_else(|| Fault::Manifest(format!("{} leads nowhere", inner.display())))?;
        let path = beside.join(place);
        let folder = path.parent().unwrap_or(&beside);
        files::make_folder(folder).map_err(written(folder))?;
        let mut file = files::private(&path).map_err(written(&path))?;
        io::copy(content, &mut file).map_err(written(&path))?;
        let mode = header.mode().unwrap_or(0o600) & 0o777;
        file.set_permissions(Permissions::from_mode(mode)).map_err(written(&path))?;
        owned(&file, header.username().ok().flatten()).map_err(written(&path))?;
        file.sync_all().map_err(written(&path))
    })?;
    for part in manifest.parts.iter().filter(|part| part.is_database) {
        let Some(place) = taken::place(Path::new(&part.path)) else { continue };
        sound(&beside.join(place))?;
    }
    for entry in fs::read_dir(&beside).map_err(written(&beside))? {
        let entry = entry.map_err(written(&beside))?;
        fs::rename(entry.path(), to.join(entry.file_name())).map_err(written(to))?;
    }
    fs::remove_dir(&beside).map_err(written(&beside))?;
    File::open(to).and_then(|folder| folder.sync_all()).map_err(written(to))?;
    Ok(manifest)
}

/// Reads all of a backup and holds it against its manifest.
///
/// # Errors
/// [`Fault`].
pub fn check(file: &Path, passphrase: &str, progress: &mut dyn FnMut(u64)) -> Result<Manifest, Fault> {
    let opened = File::open(file).map_err(|source| Fault::Read { path: file.to_owned(), source })?;
    let mut read = 0;
    pack::read(BufReader::new(opened), passphrase, &mut |header, inner, _| {
        if taken::place(inner).is_none() {
            return Err(Fault::Manifest(format!("{} leads nowhere", inner.display())));
        }
        read += header.size().unwrap_or(0);
        progress(read);
        Ok(())
    })
}

/// Root gives a file to the user it was of, if this machine has one of that name; else it stays the folder's owner's.
fn owned(file: &File, name: Option<&str>) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    match name.and_then(|name| nix::unistd::User::from_name(name).ok().flatten()) {
        Some(user) => fchown(file, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
        None => Ok(()),
    }
}

fn sound(path: &PathBuf) -> Result<(), Fault> {
    let at = |source| Fault::Database { path: path.clone(), source };
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(at)?;
    let said: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(at)?;
    if said == "ok" { Ok(()) } else { Err(Fault::Manifest(format!("{}: {said}", path.display()))) }
}
