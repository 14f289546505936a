//! Whether the pages of the week files are as they were written. The start looks as long as the doors can wait, at the newest first;
//! what it has no time for is looked at afterwards, while the gate runs, and set aside by the writer if it is broken.

use super::shared::Shared;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long a start looks at all of them together: on a card that reads 40 MB a second, at 40 MB.
pub const AT_START: Duration = Duration::from_secs(1);

/// What was found of a file.
#[derive(Debug)]
pub enum Found {
    Sound,
    Broken(rusqlite::Error),
    /// There was no time for all of it.
    Unknown,
}

/// Looks through a file, so long at most.
///
/// # Errors
/// The disk, or a file that others hold: nothing is known of it.
pub fn look(db: &Connection, within: Duration) -> rusqlite::Result<Found> {
    if within.is_zero() {
        return Ok(Found::Unknown);
    }
    let handle = db.get_interrupt_handle();
    let (done, waits) = channel::<()>();
    let said = std::thread::scope(|scope| {
        scope.spawn(move || {
            if waits.recv_timeout(within) == Err(RecvTimeoutError::Timeout) {
                handle.interrupt();
            }
        });
        let said = check(db);
        drop(done);
        said
    });
    match said {
        Err(fault) if fault.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(Found::Unknown),
        said => said,
    }
}

fn check(db: &Connection) -> rusqlite::Result<Found> {
    match db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(said) if said == "ok" => Ok(Found::Sound),
        Ok(said) => {
            let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            Ok(Found::Broken(rusqlite::Error::SqliteFailure(corrupt, Some(said))))
        }
        Err(fault) if is_broken(&fault) => Ok(Found::Broken(fault)),
        Err(fault) => Err(fault),
    }
}

/// Whether the file itself is at fault, not the disk.
pub fn is_broken(fault: &rusqlite::Error) -> bool {
    matches!(fault.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(fault, rusqlite::Error::SqliteFailure(_, Some(said)) if said.starts_with("no such table"))
}

/// Looks through these files one after the other, until the journal stops.
pub fn later(left: Vec<PathBuf>, shared: Arc<Shared>) -> std::io::Result<()> {
    if left.is_empty() {
        return Ok(());
    }
    tracing::info!(files = left.len(), "the start had no time to look through all week files; they are looked through now");
    std::thread::Builder::new().name("journal-check".into()).spawn(move || run(left, &shared)).map(drop)
}

fn run(left: Vec<PathBuf>, shared: &Shared) {
    for path in left {
        let found = connect(&path).and_then(|db| {
            // From here on the end of the journal ends this too.
            if !shared.looks_at(Some(db.get_interrupt_handle())) {
                return Ok(Found::Unknown);
            }
            check(&db)
        });
        shared.looks_at(None);
        if shared.stopped.load(Relaxed) {
            return;
        }
        match found {
            Ok(Found::Broken(fault)) => shared.found_broken(path, fault),
            Ok(_) => {}
            // One that has gone is past its time.
            Err(fault) if path.exists() => {
                tracing::error!(%fault, file = %path.display(), "a week file cannot be looked through")
            }
            Err(_) => {}
        }
        shared.unchecked.fetch_sub(1, Relaxed);
    }
    tracing::info!("all week files have been looked through");
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_takes_no_longer_than_there_is_time_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Connection::open(folder.path().join("a.db")).expect("made");
        let fill = "CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                    INSERT INTO t SELECT i, hex(randomblob(20)) FROM n; CREATE INDEX i ON t (b);";
        db.execute_batch(fill).expect("filled");
        assert!(matches!(look(&db, Duration::ZERO), Ok(Found::Unknown)));
        assert!(matches!(look(&db, Duration::from_micros(200)), Ok(Found::Unknown)));
        assert!(matches!(look(&db, Duration::from_secs(60)), Ok(Found::Sound)));
    }
}
