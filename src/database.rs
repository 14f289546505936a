//! SQLite files of our own: made for their owner alone, brought up to date, refused if they are somebody else's or newer.
//!
//! Comes in: a path, the letters that tell such a file from others, what each version adds to the one before. Goes out: an open
//! connection. Always holds: nobody but the owner reads the file, from its first moment on; what was reported done is on the disk;
//! several processes may have it open at once.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use std::time::Duration;

/// How long a change waits for another one.
const BUSY: Duration = Duration::from_secs(5);

/// One kind of file.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// `application_id`: four letters.
    pub application: i64,
    /// What each version adds to the one before. `user_version` is how many a file has. One that was released is never edited.
    pub versions: &'a [&'a str],
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum Unusable {
    Sqlite(rusqlite::Error),
    /// It is not of this kind.
    Foreign,
    /// A newer Schoolgate wrote it.
    Newer {
        found: i64,
        known: i64,
    },
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            _ => Self::Sqlite(error),
        }
    }
}

/// Makes the file, for its owner only, before SQLite would make it for everyone: it holds people's names.
///
/// Root makes it for whoever owns the folder, so that a command before the first start leaves a file the gate can open.
/// SQLite does the same with its own files beside it.
///
/// # Errors
/// As the file system says.
pub fn make_file(path: &Path) -> std::io::Result<()> {
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

/// Whether a file of ours may be read, asked without opening it: whoever closes a file gives back every lock that its
/// process has on it, SQLite's among them (fcntl(2), 'How To Corrupt An SQLite Database File' 2.2).
///
/// # Errors
/// As the file system says.
pub fn may_open(path: &Path) -> std::io::Result<()> {
    use nix::unistd::{AccessFlags, eaccess};
    Ok(eaccess(path, AccessFlags::R_OK)?)
}

/// Adds the versions the file does not have yet, all or none.
///
/// # Errors
/// [`Unusable`].
pub fn bring_up_to_date(db: &mut Connection, form: Form) -> Result<(), Unusable> {
    db.busy_timeout(BUSY)?;
    let known = form.versions.len() as i64;
    // As of one moment: another process may be making it.
    let found = version(&*db.transaction()?, form)?;
    // WAL: one reads while another writes. FULL: what was reported done is on the disk.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    if found == known {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first while we waited.
    let found = version(&transaction, form)?;
    for sql in form.versions.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "application_id", form.application)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn version(db: &Connection, form: Form) -> Result<i64, Unusable> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let known = form.versions.len() as i64;
    match (application == form.application, application, found) {
        (_, 0, 0) if tables == 0 => Ok(0),
        (true, _, found) if found > known => Err(Unusable::Newer { found, known }),
        (true, _, found @ 1..) => Ok(found),
        _ => Err(Unusable::Foreign),
    }
}
