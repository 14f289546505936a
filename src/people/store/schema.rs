//! The tables of `register.db`, version by version.

use super::StoreFault;
use crate::database::{Form, Unusable};
use std::path::Path;

/// `application_id` of a register: the letters SGrg. Tells it from any other SQLite file.
const APPLICATION: i64 = 0x5347_7267;

/// What each version adds to the one before. Never edit one that was released: add one.
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

/// A register as a file.
pub(super) const FORM: Form = Form { application: APPLICATION, versions: VERSIONS };

/// Why the register at `path` cannot be used.
pub(super) fn fault(unusable: Unusable, path: &Path) -> StoreFault {
    let path = path.to_owned();
    match unusable {
        Unusable::Sqlite(source) => StoreFault::Sqlite { path, source },
        Unusable::Foreign => StoreFault::Foreign { path },
        Unusable::Newer { found, known } => StoreFault::Newer { path, found, known },
    }
}
