//! The tables of `register.db`, version by version.

use super::StoreFault;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// `application_id` of a register: the letters SGrg. Tells it from any other SQLite file.
const APPLICATION: i64 = 0x5347_7267;

/// What each version adds to the one before. `user_version` is how many a file has. Never edit one that was released: add one.
pub(super) const VERSIONS: &[&str] = &[
    r#"
    CREATE TABLE persons (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        key          TEXT NOT NULL UNIQUE,
        name         TEXT NOT NULL,
        role         TEXT NOT NULL,
        year         INTEGER,
        "groups"     TEXT NOT NULL DEFAULT '',
        granted_at   INTEGER NOT NULL,
        granted_by   TEXT NOT NULL,
        withdrawn_at INTEGER,
        withdrawn_by TEXT,
        CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
    ) STRICT;
    CREATE TABLE devices (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        name       TEXT NOT NULL,
        person     INTEGER REFERENCES persons (id),
        address    TEXT,
        mac        TEXT,
        network    TEXT,
        retired_at INTEGER,
        retired_by TEXT,
        CHECK ((retired_at IS NULL) = (retired_by IS NULL))
    ) STRICT;
    CREATE TABLE history (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        at     INTEGER NOT NULL,
        by     TEXT NOT NULL,
        person INTEGER REFERENCES persons (id),
        device INTEGER REFERENCES devices (id),
        what   TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_of_person ON history (person);
    CREATE TRIGGER persons_stay BEFORE DELETE ON persons
        BEGIN SELECT RAISE(ABORT, 'a person is withdrawn, never deleted: old log lines mean them'); END;
    CREATE TRIGGER devices_stay BEFORE DELETE ON devices
        BEGIN SELECT RAISE(ABORT, 'a device is retired, never deleted: old log lines mean it'); END;
"#,
    r#"
    ALTER TABLE persons ADD COLUMN form TEXT NOT NULL DEFAULT '';
    ALTER TABLE persons ADD COLUMN until INTEGER;
    ALTER TABLE persons ADD COLUMN agreement TEXT;
    ALTER TABLE persons ADD COLUMN agreement_on INTEGER;
    ALTER TABLE persons ADD COLUMN consent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE persons ADD COLUMN consent_on INTEGER;
    ALTER TABLE persons ADD COLUMN source TEXT NOT NULL DEFAULT 'import';
    ALTER TABLE persons ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE passwords (
        person INTEGER PRIMARY KEY REFERENCES persons (id),
        hash   TEXT NOT NULL,
        set_at INTEGER NOT NULL,
        set_by TEXT NOT NULL
    ) STRICT;
"#,
    r#"
    CREATE TABLE notices (
        person  INTEGER NOT NULL REFERENCES persons (id),
        version TEXT NOT NULL,
        at      INTEGER NOT NULL,
        PRIMARY KEY (person, version)
    ) STRICT;
"#,
];

pub(super) enum SchemaFault {
    Sqlite(rusqlite::Error),
    Foreign,
    Newer { found: i64, known: i64 },
}

impl SchemaFault {
    pub fn fault(self, path: &Path) -> StoreFault {
        let path = path.to_owned();
        match self {
            Self::Sqlite(source) if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) => StoreFault::Foreign { path },
            Self::Sqlite(source) => StoreFault::Sqlite { path, source },
            Self::Foreign => StoreFault::Foreign { path },
            Self::Newer { found, known } => StoreFault::Newer { path, found, known },
        }
    }
}

impl From<rusqlite::Error> for SchemaFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Makes the file, for its owner only, before SQLite would make it for everyone: it holds children's names.
///
/// Root makes it for whoever owns the folder, so that an import before the first start leaves a file the gate can open.
/// SQLite does the same with its own files beside it.
pub(super) fn make_file(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o750).create(folder)?;
    match OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            let (ours, theirs) = (file.metadata()?, folder.metadata()?);
            if ours.uid() == 0 && theirs.uid() != 0 {
                fchown(&file, Some(theirs.uid()), Some(theirs.gid()))?;
            }
            Ok(())
        }
        Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Adds the versions the file does not have yet, all or none.
pub(super) fn bring_up_to_date(db: &mut Connection, versions: &[&str]) -> Result<(), SchemaFault> {
    let known = versions.len() as i64;
    let found = version(db, known)?;
    // WAL: the gate reads while an import writes. FULL: an import that was reported done is on the disk.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    if found == known {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first while we waited.
    let found = version(&transaction, known)?;
    for sql in versions.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn version(db: &Connection, known: i64) -> Result<i64, SchemaFault> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, found) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION, found) if found > known => Err(SchemaFault::Newer { found, known }),
        (APPLICATION, found @ 1..) => Ok(found),
        _ => Err(SchemaFault::Foreign),
    }
}
