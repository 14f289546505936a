//! The table file put in force: written beside, synced, renamed; the one before is kept, in case a block of the new one rots.

use super::TablesFault;
use crate::lists::{ReadAt, Run, RunFault, Spill, Table, TableFault, Written};
use crate::ops::files;
use memmap2::{Advice, Mmap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The folder of the table and of what it is made of: DATA/lists.
#[derive(Debug, Clone)]
pub(super) struct Folder(pub PathBuf);

impl Folder {
    pub fn table(&self) -> PathBuf {
        self.0.join("table.sgt")
    }

    pub fn previous(&self) -> PathBuf {
        self.0.join("table.previous.sgt")
    }

    /// What became bad, for whoever wants to look at the disk.
    pub fn damaged(&self) -> PathBuf {
        self.0.join("table.damaged.sgt")
    }

    pub fn made_of(&self) -> PathBuf {
        self.0.join("sources.json")
    }

    pub fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// One compile at a time: whoever comes second waits, and finds the work done.
    pub fn lock(&self) -> Result<File, TablesFault> {
        let path = self.0.join("lock");
        let locked = files::make_folder(&self.0).and_then(|()| {
            let file = File::options().write(true).create(true).truncate(false).open(&path)?;
            files::belongs_to_folder(&file, &self.0)?;
            file.lock()?;
            Ok(file)
        });
        locked.map_err(|source| TablesFault::File { path, source })
    }

    /// An empty file that has no name any more: whatever happens, it is gone when it is closed.
    pub fn spill(&self) -> io::Result<File> {
        files::make_folder(&self.0)?;
        let path = self.0.join(format!("spill-{:?}.new", std::thread::current().id()).replace(['(', ')'], ""));
        let file = private(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }

    /// Puts a new table in force: `write` writes it, into a file beside and a spill. The table before is kept as the previous one
    /// if it was another, and sound.
    pub fn replace<E: From<TablesFault>>(
        &self,
        write: impl FnOnce(&mut dyn Spill, &mut dyn Write) -> Result<Written, E>,
    ) -> Result<Written, E> {
        let beside = self.0.join("table.sgt.new");
        let fault = |source| TablesFault::File { path: beside.clone(), source };
        let mut spill = self.spill().map_err(fault)?;
        let file = private(&beside).map_err(fault)?;
        let mut to = BufWriter::with_capacity(1 << 18, &file);
        let written = write(&mut spill, &mut to).and_then(|written| {
            to.flush().and_then(|()| file.sync_all()).map_err(fault)?;
            Ok(written)
        });
        drop(to);
        let put = written.and_then(|written| {
            self.keep_previous(written.generation).map_err(fault)?;
            fs::rename(&beside, self.table()).and_then(|()| sync(&self.0)).map_err(fault)?;
            Ok(written)
        });
        if put.is_err() {
            let _ = fs::remove_file(&beside);
        }
        put
    }

    /// Sets the table's file aside if it is damaged, in the place of one that was before; whether it was.
    pub fn set_aside(&self) -> Result<bool, TablesFault> {
        let _lock = self.lock()?;
        if !open(&self.table()).is_err_and(|fault| is_damage(&fault)) {
            return Ok(false);
        }
        let moved = fs::rename(self.table(), self.damaged()).and_then(|()| sync(&self.0));
        moved.map(|()| true).map_err(|source| TablesFault::File { path: self.damaged(), source })
    }

    /// At every moment there is a table, and the previous one is there too.
    fn keep_previous(&self, generation: u64) -> io::Result<()> {
        if !open(&self.table()).is_ok_and(|table| table.generation() != generation) {
            return Ok(());
        }
        let beside = self.0.join("table.previous.sgt.new");
        let _ = fs::remove_file(&beside);
        fs::hard_link(self.table(), &beside)?;
        fs::rename(&beside, self.previous())
    }
}

/// Maps a table file and checks it. A block that cannot be read is an error here, and not a signal: else a gate that was ended by
/// one would start into the next.
pub(super) fn open(path: &Path) -> Result<Table, TablesFault> {
    let fault = |source| TablesFault::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(fault)?;
    // SAFETY: the file is only ever replaced by rename, never written in place or cut, so the mapping stays what it is.
    let map = unsafe { Mmap::map(&file) }.map_err(fault)?;
    // A look-up asks ten lines all over it, and each costs the core's map of pages a way too: where the file system can, it is
    // mapped in pages of two megabytes. Where it cannot, nothing is lost.
    let _ = map.advise(Advice::HugePage);
    bring_in(&map, &file).map_err(fault)?;
    let table = Table::open(Box::new(map)).map_err(|source| TablesFault::Table { path: path.to_owned(), source })?;
    Ok(table.kept_in(Box::new(Kept(file))))
}

/// Brings the whole file into the page cache, for it is checked next. `MADV_POPULATE_READ` says as an error what a look would
/// meet as SIGBUS, and copies nothing; kernels before 5.14 do not have it.
fn bring_in(map: &Mmap, file: &File) -> io::Result<()> {
    match map.advise(Advice::PopulateRead) {
        Err(fault) if fault.raw_os_error() == Some(nix::libc::EINVAL) => read_through(file),
        // EFAULT is what it says of a block that cannot be read; a plain read says what is wrong with it.
        Err(fault) if fault.raw_os_error() == Some(nix::libc::EFAULT) => read_through(file).and(Err(fault)),
        brought => brought,
    }
}

fn read_through(mut file: &File) -> io::Result<()> {
    let mut piece = vec![0; 1 << 16];
    while file.read(&mut piece)? > 0 {}
    Ok(())
}

/// The file a table is a map of: the one that was opened, whatever has its name by now.
struct Kept(File);

impl ReadAt for Kept {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }
}

/// What the kernel says of a block that it cannot read, or that its file system finds wrong.
const FROM_THE_DISK: [i32; 4] = [nix::libc::EIO, nix::libc::EFAULT, nix::libc::EUCLEAN, nix::libc::EBADMSG];

/// Whether it is the disk that is at fault, or who wrote to it: not a table that is not there, or of another version.
pub(super) fn is_damage(fault: &TablesFault) -> bool {
    match fault {
        TablesFault::File { source, .. } => source.raw_os_error().is_some_and(|number| FROM_THE_DISK.contains(&number)),
        TablesFault::Table { source, .. } => match source {
            TableFault::OtherVersion { .. } | TableFault::OtherCategories { .. } | TableFault::FewerCategories { .. } => false,
            TableFault::NotATable
            | TableFault::Cut { .. }
            | TableFault::Damaged { .. }
            | TableFault::Unreadable { .. }
            | TableFault::Malformed(_) => true,
        },
        TablesFault::Known { .. } | TablesFault::Compile(_) | TablesFault::Broken(_) => false,
    }
}

/// A run smaller than this is read at once: a table may have more lists than a process may have files open.
const SMALL: u64 = 64 << 10;

/// Opens a run file.
pub(super) fn open_run(path: &Path) -> Result<Run<'static>, RunFault> {
    let file = File::open(path).map_err(RunFault::Read)?;
    if file.metadata().map_err(RunFault::Read)?.len() > SMALL {
        return Run::open(file);
    }
    Run::open(io::Cursor::new(fs::read(path).map_err(RunFault::Read)?))
}

/// An empty file beside, for its owner alone: a table may hold names of the locked tier.
pub(super) fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // What a killed compile left; and a link that somebody put there is not followed.
    let _ = fs::remove_file(path);
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    files::belongs_to_folder(&file, path.parent().unwrap_or(Path::new(".")))?;
    Ok(file)
}

pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
