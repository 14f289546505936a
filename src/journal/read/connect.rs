//! A week file opened for reading.

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};

/// Opens for reading only. Where even the files beside a log cannot be made (a folder that is not ours to write), a file without
/// a log is read as it is.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let uri = |end: &str| {
        let bytes = path.as_os_str().as_encoded_bytes();
        let plain = |c: &u8| c.is_ascii_alphanumeric() || b"/-_.~".contains(c);
        let path: String = bytes.iter().map(|c| if plain(c) { (*c as char).to_string() } else { format!("%{c:02X}") }).collect();
        format!("file:{path}{end}")
    };
    let open = |end: &str| -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(uri(end), flags)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    };
    match open("") {
        Err(e) if matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            let log = PathBuf::from(format!("{}-wal", path.display()));
            if std::fs::metadata(log).is_ok_and(|m| m.len() > 0) { Err(e) } else { open("?immutable=1") }
        }
        other => other,
    }
}
