//! One backup written: every file, hashed, packed and sealed on the way; and read again to its end.

use super::sealed::{Opened, Sealer};
use super::taken::Taken;
use super::{Fault, MANIFEST, Manifest, Part};
use crate::ops::files;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// What is in a backup, as it is written: tar within gzip within the sealed stream.
type Archive<W> = tar::Builder<GzEncoder<Sealer<W>>>;

/// A database that is written to all the time is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Largest manifest that is read.
const MAX_MANIFEST: u64 = 64 << 20;

/// Writes all of it. `work` is a folder of our own for copies of databases that are in use, one at a time.
pub fn write<W: Write>(
    to: W,
    passphrase: &str,
    (mut manifest, files): (Manifest, &[Taken]),
    work: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(W, Manifest), Fault> {
    let sealer = Sealer::new(to, passphrase).map_err(Fault::Written)?;
    let mut archive: Archive<W> = tar::Builder::new(GzEncoder::new(sealer, Compression::fast()));
    let mut written = 0;
    for taken in files {
        let part = match taken.is_database {
            true => database(&mut archive, taken, work)?,
            false => plain(&mut archive, taken, &taken.from)?,
        };
        // What is gone between being seen and being read was taken where it went.
        let Some(part) = part else { continue };
        written += part.bytes;
        progress(written);
        manifest.parts.push(part);
    }
    let text = serde_json::to_vec(&manifest).map_err(|e| Fault::Written(e.into()))?;
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, MANIFEST, &text[..]).map_err(Fault::Written)?;
    let sealer = archive.into_inner().and_then(GzEncoder::finish).map_err(Fault::Written)?;
    Ok((sealer.finish().map_err(Fault::Written)?, manifest))
}

/// A database as it is at one moment. Where nothing waits in its log, the file is that, and stays it for as long as somebody reads:
/// SQLite moves nothing from a log into a file that a transaction reads. Else SQLite makes a copy.
fn database<W: Write>(archive: &mut Archive<W>, taken: &Taken, work: &Path) -> Result<Option<Part>, Fault> {
    let copy = work.join("copy.db");
    let _ = std::fs::remove_file(&copy);
    let at = |source| Fault::Database { path: taken.from.clone(), source };
    if !taken.from.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&taken.from, flags).map_err(at)?;
    db.busy_timeout(PATIENCE).map_err(at)?;
    let begun = db.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema");
    let log = std::path::PathBuf::from(format!("{}-wal", taken.from.display()));
    let is_still = std::fs::metadata(log).map_or(true, |m| m.len() == 0);
    let part = match begun {
        Ok(()) if is_still => plain(archive, taken, &taken.from),
        Ok(()) => {
            db.execute_batch("COMMIT").map_err(at)?;
            let name = copy.to_string_lossy().into_owned();
            match db.execute("VACUUM INTO ?1", [name]) {
                Ok(_) => plain(archive, taken, &copy),
                Err(fault) if is_broken(&fault) => unsound(archive, taken),
                Err(fault) => Err(at(fault)),
            }
        }
        // What is broken is taken as it is: perhaps somebody can read it.
        Err(fault) if is_broken(&fault) => unsound(archive, taken),
        Err(fault) => Err(at(fault)),
    };
    let _ = std::fs::remove_file(&copy);
    part
}

fn is_broken(fault: &rusqlite::Error) -> bool {
    matches!(fault.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
}

fn unsound<W: Write>(archive: &mut Archive<W>, taken: &Taken) -> Result<Option<Part>, Fault> {
    tracing::warn!(file = %taken.from.display(), "the backup has this file as it is: it is no sound database");
    let taken = Taken { is_database: false, ..taken.clone() };
    plain(archive, &taken, &taken.from)
}

/// One file under the name, mode and owner of what it is of.
fn plain<W: Write>(archive: &mut Archive<W>, taken: &Taken, content: &Path) -> Result<Option<Part>, Fault> {
    let read = |source| Fault::Read { path: content.to_owned(), source };
    let file = match files::open_regular(content) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(read)?,
    };
    let bytes = file.metadata().map_err(read)?.len();
    let mut header = tar::Header::new_gnu();
    let of = std::fs::metadata(&taken.from).or_else(|_| file.metadata()).map_err(read)?;
    header.set_mode(of.mode() & 0o777);
    header.set_mtime(u64::try_from(of.mtime()).unwrap_or(0));
    header.set_size(bytes);
    // A name longer than a header has room for is of no account here.
    let _ = header.set_username(&files::user_name(of.uid()));
    let mut hashed = Hashed { from: Padded { from: file, left: bytes }, sum: Context::new(&SHA256), bytes: 0 };
    archive.append_data(&mut header, &taken.to, &mut hashed).map_err(Fault::Written)?;
    let sha256 = hex(hashed.sum.finish().as_ref());
    Ok(Some(Part { path: taken.to.clone(), bytes, sha256, is_database: taken.is_database }))
}

/// So many bytes of a file that may be appended to meanwhile. One that is shorter than it said is a fault.
struct Padded {
    from: File,
    left: u64,
}

impl Read for Padded {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.from.read(&mut to[..most])?;
        if read == 0 && self.left > 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// What goes through it, hashed.
struct Hashed<R> {
    from: R,
    sum: Context,
    bytes: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.sum.update(&to[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads a backup to its end and holds every part against the manifest. `each` is given every file but the manifest, with its
/// content, which it may read or leave.
///
/// # Errors
/// [`Fault::Sealed`]: it is damaged, cut short, or the passphrase is another; what `each` says.
pub fn read(
    from: impl Read,
    passphrase: &str,
    each: &mut dyn FnMut(&tar::Header, &Path, &mut dyn Read) -> Result<(), Fault>,
) -> Result<Manifest, Fault> {
    let opened = Opened::new(from, passphrase).map_err(Fault::Sealed)?;
    let mut archive = tar::Archive::new(GzDecoder::new(opened));
    let mut found: Vec<(String, u64, String)> = Vec::new();
    let mut manifest: Option<Manifest> = None;
    for entry in archive.entries().map_err(Fault::Sealed)? {
        let mut entry = entry.map_err(Fault::Sealed)?;
        let path = entry.path().map_err(Fault::Sealed)?.into_owned();
        if manifest.is_some() || !entry.header().entry_type().is_file() {
            return Err(Fault::Manifest(format!("{} should not be in it", path.display())));
        }
        if path == Path::new(MANIFEST) {
            let mut text = Vec::new();
            (&mut entry).take(MAX_MANIFEST).read_to_end(&mut text).map_err(Fault::Sealed)?;
            manifest = Some(serde_json::from_slice(&text).map_err(|e| Fault::Manifest(e.to_string()))?);
            continue;
        }
        let header = entry.header().clone();
        let mut hashed = Hashed { from: &mut entry, sum: Context::new(&SHA256), bytes: 0 };
        each(&header, &path, &mut hashed)?;
        io::copy(&mut hashed, &mut io::sink()).map_err(Fault::Sealed)?;
        found.push((path.to_string_lossy().into_owned(), hashed.bytes, hex(hashed.sum.finish().as_ref())));
    }
    // The end of the archive is not the end of the file.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(Fault::Sealed)?;
    io::copy(&mut rest.into_inner(), &mut io::sink()).map_err(Fault::Sealed)?;
    let manifest = manifest.ok_or_else(|| Fault::Manifest("there is none".into()))?;
    let same = |(part, (path, bytes, sha256)): (&Part, &(String, u64, String))| {
        part.path == *path && part.bytes == *bytes && part.sha256 == *sha256
    };
    if manifest.parts.len() != found.len() || !manifest.parts.iter().zip(&found).all(same) {
        return Err(Fault::Manifest("a part is not what it says".into()));
    }
    Ok(manifest)
}
