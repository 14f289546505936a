//! `casebook.db`: records put at the end, read, and proved.
//!
//! Several processes write: the gate and whatever is typed beside it. Each takes the file for itself, reads the last hash, and adds its
//! records, or waits.

use super::chain::{Anchor, Entry, Hash, Kind, MAX_DETAIL, Record};
use super::earlier;
use super::proof::{self, Proof};
use crate::database::{self, Form, Unusable};
use crate::seal::SealFault;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};

/// `application_id` of a casebook: the letters SGcb.
const APPLICATION: i64 = 0x5347_6362;

/// What each version adds to the one before. Never edit one that was released: add one. So is a new kind of record: who does not know
/// it does not read the file.
const VERSIONS: &[&str] = &[
    r#"
    CREATE TABLE records (
        number      INTEGER PRIMARY KEY AUTOINCREMENT,
        at          INTEGER NOT NULL,
        kind        TEXT NOT NULL,
        salt        BLOB,
        who         TEXT,
        what        TEXT,
        about       TEXT,
        "before"    TEXT,
        "after"     TEXT,
        why         TEXT,
        approved_by TEXT,
        detail      TEXT,
        digest      BLOB NOT NULL,
        previous    BLOB NOT NULL,
        hash        BLOB NOT NULL
    ) STRICT;
    CREATE INDEX records_about ON records (kind, about);
    CREATE INDEX records_at ON records (at);
    CREATE TRIGGER records_stay BEFORE DELETE ON records
        BEGIN SELECT RAISE(ABORT, 'a record of the casebook is never deleted'); END;
    CREATE TRIGGER records_hold BEFORE UPDATE ON records
        WHEN NOT (NEW.number IS OLD.number AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind AND NEW.digest IS OLD.digest
            AND NEW.previous IS OLD.previous AND NEW.hash IS OLD.hash
            AND coalesce(NEW.salt, NEW.who, NEW.what, NEW.about, NEW."before", NEW."after", NEW.why, NEW.approved_by,
                NEW.detail) IS NULL)
        BEGIN SELECT RAISE(ABORT, 'a record of the casebook is never changed: add one that amends it'); END;
    CREATE TABLE taken_in (file TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
"#,
    "-- Words of incidents may be sealed. Who does not know that adds to them in the clear.",
    "CREATE TABLE begun (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, entries TEXT NOT NULL) STRICT;",
];

const FORM: Form = Form { application: APPLICATION, versions: VERSIONS };

/// The columns of a record, in the order in which [`Stored::of`] reads them.
const COLUMNS: &str =
    r#"number, at, kind, hash, salt, who, what, about, "before", "after", why, approved_by, detail, digest, previous"#;

/// What stands for texts that were deleted.
const ERASED: &str = "(deleted)";

/// Random bytes beside the texts of a record.
const SALT: usize = 16;

/// Why the casebook could not be read or written. Each text says which file.
#[derive(Debug, thiserror::Error)]
pub enum CasebookFault {
    #[error("cannot open the casebook {}: {source}", .path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the casebook {} cannot be used: {source}", .path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("{} is not a casebook of schoolgate: is it the right file?", .path.display())]
    Foreign { path: PathBuf },
    #[error(
        "the casebook {} was written by a newer schoolgate (its version is {found}, this one knows {known}); \
         run that one, or restore the backup from before the upgrade", .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the casebook {}, record {number}: {what}; `schoolgate log verify` looks at all of it", .path.display())]
    Row { path: PathBuf, number: u64, what: String },
    #[error("this machine has no randomness")]
    NoRandomness,
    /// Nothing was written: it would have been in the clear.
    #[error("what is written here is sealed, and cannot be now: {0}")]
    Seal(#[from] SealFault),
    /// What was to be recorded is wrong: what it is, and what would be right.
    #[error("{0}")]
    Refused(String),
}

/// An open casebook.
#[derive(Debug)]
pub struct Casebook {
    path: PathBuf,
    db: Connection,
}

/// Puts one record at the end of the casebook of this data folder.
///
/// # Errors
/// As [`Casebook::add`].
pub fn add(data: &Path, when_ms: i64, entry: Entry) -> Result<Record, CasebookFault> {
    Casebook::open(data)?.add(when_ms, entry)
}

/// The same for several, all or none.
///
/// # Errors
/// As [`Casebook::add`].
pub fn add_all(data: &Path, when_ms: i64, entries: Vec<Entry>) -> Result<(), CasebookFault> {
    if entries.is_empty() {
        return Ok(());
    }
    Casebook::open(data)?.add_with(when_ms, |_| Ok(entries)).map(drop)
}

impl Casebook {
    /// The casebook's file in the folder of the state.
    pub fn file_in(data: &Path) -> PathBuf {
        data.join("casebook.db")
    }

    /// Opens the casebook, makes it if it is not there, brings an older one up to date, and reads in what was kept in other files
    /// before. Readable by its owner only.
    ///
    /// # Errors
    /// [`CasebookFault`]: no such folder, no right to it, no casebook, one of a newer schoolgate.
    pub fn open(data: &Path) -> Result<Self, CasebookFault> {
        let path = Self::file_in(data);
        let folder = |source| CasebookFault::Folder { path: path.clone(), source };
        database::make_file(&path).map_err(folder)?;
        // SQLite would say 'unable to open', and not why.
        database::may_open(&path).map_err(folder)?;
        let db = Connection::open(&path).map_err(|source| CasebookFault::Sqlite { path: path.clone(), source })?;
        let mut casebook = Self { path, db };
        database::bring_up_to_date(&mut casebook.db, FORM).map_err(|unusable| casebook.unusable(unusable))?;
        if earlier::is_there(data) {
            casebook.take_in(data)?;
        }
        casebook.cut_off()?;
        Ok(casebook)
    }

    /// The casebook, to read; `None`, and no file made, if there is nothing to read.
    ///
    /// # Errors
    /// As [`Casebook::open`].
    pub fn peek(data: &Path) -> Result<Option<Self>, CasebookFault> {
        let path = Self::file_in(data);
        match path.try_exists() {
            Ok(false) if !earlier::is_there(data) => Ok(None),
            Ok(_) => Self::open(data).map(Some),
            Err(source) => Err(CasebookFault::Folder { path, source }),
        }
    }

    /// The folder of the state, which it is in.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Puts a record at the end; on the disk when this returns.
    ///
    /// # Errors
    /// [`CasebookFault`]: nothing was recorded.
    pub fn add(&mut self, when_ms: i64, entry: Entry) -> Result<Record, CasebookFault> {
        let added = self.add_with(when_ms, |_| Ok(vec![entry]))?;
        added.into_iter().next().ok_or_else(|| CasebookFault::Refused("nothing was to be recorded".into()))
    }

    /// Puts records at the end, all or none, made from what is there while nobody else writes.
    pub(super) fn add_with(
        &mut self,
        when_ms: i64,
        make: impl FnOnce(&Reading) -> Result<Vec<Entry>, CasebookFault>,
    ) -> Result<Vec<Record>, CasebookFault> {
        self.transact(|_, read| Ok(make(read)?.into_iter().map(|entry| (when_ms, entry)).collect()))
    }

    /// The same for records of several times, and whatever else is to be written with them.
    pub(super) fn transact(
        &mut self,
        make: impl FnOnce(&Transaction, &Reading) -> Result<Vec<(i64, Entry)>, CasebookFault>,
    ) -> Result<Vec<Record>, CasebookFault> {
        let path = self.path.clone();
        let sqlite = |source| CasebookFault::Sqlite { path: path.clone(), source };
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let read = Reading { path: &path, db: &transaction };
        let entries = make(&transaction, &read)?;
        let mut added = Vec::with_capacity(entries.len());
        let mut end = read.last()?;
        for (when_ms, entry) in entries {
            let record = put(&transaction, end, when_ms, entry).map_err(|fault| fault.at(&path))?;
            end = Some(Anchor { number: record.number, hash: record.hash });
            added.push(record);
        }
        transaction.commit().map_err(sqlite)?;
        Ok(added)
    }

    /// What there is to read.
    pub fn read(&self) -> Reading<'_> {
        Reading { path: &self.path, db: &self.db }
    }

    /// Proves the chain from its first record to its last, and that it goes on from `anchor`, which was printed some time ago.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn verify(&self, anchor: Option<Anchor>) -> Result<Proof, CasebookFault> {
        let sqlite = |source| CasebookFault::Sqlite { path: self.path.clone(), source };
        // One moment of the file, whoever writes meanwhile.
        let reading = self.db.unchecked_transaction().map_err(sqlite)?;
        proof::prove(&reading, anchor).map_err(sqlite)
    }

    fn take_in(&mut self, data: &Path) -> Result<(), CasebookFault> {
        let path = self.path.clone();
        let sqlite = |source| CasebookFault::Sqlite { path: path.clone(), source };
        let mut files = Vec::new();
        self.transact(|transaction, _| {
            let read = earlier::read(data, transaction).map_err(|source| CasebookFault::Folder { path: path.clone(), source })?;
            for (file, bytes) in &read.files {
                let sql =
                    "INSERT INTO taken_in (file, bytes) VALUES (?1, ?2) ON CONFLICT (file) DO UPDATE SET bytes = excluded.bytes";
                transaction.execute(sql, params![file, *bytes as i64]).map_err(sqlite)?;
            }
            files = read.files;
            Ok(read.entries)
        })?;
        for (file, _) in files {
            // Another process may have been first.
            if earlier::put_away(data, file).map_err(|source| CasebookFault::Folder { path: path.clone(), source })? {
                self.db.execute("DELETE FROM taken_in WHERE file = ?1", [file]).map_err(sqlite)?;
            }
        }
        Ok(())
    }

    fn unusable(&self, unusable: Unusable) -> CasebookFault {
        let path = self.path.clone();
        match unusable {
            Unusable::Sqlite(source) => CasebookFault::Sqlite { path, source },
            Unusable::Foreign => CasebookFault::Foreign { path },
            Unusable::Newer { found, known } => CasebookFault::Newer { path, found, known },
        }
    }
}

/// The records as they are read: by the casebook, or within a change of it.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    path: &'a Path,
    db: &'a Connection,
}

impl Reading<'_> {
    /// The end of the chain.
    ///
    /// # Errors
    /// [`CasebookFault`].
    pub fn last(&self) -> Result<Option<Anchor>, CasebookFault> {
        let sql = "SELECT number, hash FROM records ORDER BY number DESC LIMIT 1";
        let row = self.db.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).optional();
        let Some((number, hash)) = row.map_err(|e| self.sqlite(e))? else { return Ok(None) };
        let number = number as u64;
        let hash = hash.try_into().map_err(|_| self.row(number, "its hash is not one"))?;
        Ok(Some(Anchor { number, hash: Hash(hash) }))
    }

    /// Records of some kinds from a time to before another, in their order.
    ///
    /// # Errors
    /// [`CasebookFault`].
    pub fn between(&self, kinds: &[Kind], from_ms: i64, until_ms: i64) -> Result<Vec<Record>, CasebookFault> {
        let sql = format!("SELECT {COLUMNS} FROM records WHERE at >= ?1 AND at < ?2 ORDER BY number");
        let mut records = self.records(&sql, params![from_ms, until_ms])?;
        records.retain(|r| kinds.contains(&r.entry.kind));
        Ok(records)
    }

    /// All records of a kind, in their order.
    ///
    /// # Errors
    /// [`CasebookFault`].
    pub fn of(&self, kind: Kind) -> Result<Vec<Record>, CasebookFault> {
        self.records(&format!("SELECT {COLUMNS} FROM records WHERE kind = ?1 ORDER BY number"), params![kind.word()])
    }

    /// All records of a kind that are about one thing, in their order.
    ///
    /// # Errors
    /// [`CasebookFault`].
    pub fn about(&self, kind: Kind, about: &str) -> Result<Vec<Record>, CasebookFault> {
        let sql = format!("SELECT {COLUMNS} FROM records WHERE kind = ?1 AND about = ?2 ORDER BY number");
        self.records(&sql, params![kind.word(), about])
    }

    fn records(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Record>, CasebookFault> {
        let mut statement = self.db.prepare_cached(sql).map_err(|e| self.sqlite(e))?;
        let rows = statement.query_map(params, Stored::of).map_err(|e| self.sqlite(e))?;
        rows.map(|row| {
            let Stored { number, when_ms, kind, hash, entry, .. } = row.map_err(|e| self.sqlite(e))?;
            let number = number as u64;
            if Kind::from_word(&kind).is_none() {
                return Err(self.row(number, &format!("'{}' is no kind of record", kind.escape_debug())));
            }
            Ok(Record { number, when_ms, entry, hash })
        })
        .collect()
    }

    /// The one number that is asked for.
    pub(super) fn number(&self, sql: &str) -> Result<i64, CasebookFault> {
        self.db.query_row(sql, [], |row| row.get(0)).map_err(|e| self.sqlite(e))
    }

    pub(super) fn sqlite(&self, source: rusqlite::Error) -> CasebookFault {
        CasebookFault::Sqlite { path: self.path.to_owned(), source }
    }

    pub(super) fn row(&self, number: u64, what: &str) -> CasebookFault {
        CasebookFault::Row { path: self.path.to_owned(), number, what: what.to_owned() }
    }
}

/// Why a record could not be put at the end.
enum PutFault {
    Sqlite(rusqlite::Error),
    Other(CasebookFault),
}

impl PutFault {
    fn at(self, path: &Path) -> CasebookFault {
        match self {
            Self::Sqlite(source) => CasebookFault::Sqlite { path: path.to_owned(), source },
            Self::Other(fault) => fault,
        }
    }
}

fn put(transaction: &Transaction, end: Option<Anchor>, when_ms: i64, entry: Entry) -> Result<Record, PutFault> {
    if entry.detail.as_ref().is_some_and(|detail| detail.len() > MAX_DETAIL) {
        return Err(PutFault::Other(CasebookFault::Refused(format!("a record holds at most {MAX_DETAIL} bytes"))));
    }
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt).map_err(|_| PutFault::Other(CasebookFault::NoRandomness))?;
    let (number, previous) = end.map_or((1, Hash::START), |end| (end.number + 1, end.hash));
    let digest = entry.digest(&salt);
    let hash = previous.then(number, when_ms, entry.kind.word(), digest);
    let sql = r#"INSERT INTO records (number, at, kind, salt, who, what, about, "before", "after", why, approved_by, detail,
                 digest, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"#;
    let Entry { kind, who, what, about, before, after, why, approved_by, detail } = &entry;
    let row = params![
        number as i64,
        when_ms,
        kind.word(),
        salt,
        who,
        what,
        about,
        before,
        after,
        why,
        approved_by,
        detail,
        digest.0,
        previous.0,
        hash.0
    ];
    let written = transaction.prepare_cached(sql).and_then(|mut sql| sql.execute(row));
    written.map_err(PutFault::Sqlite)?;
    Ok(Record { number, when_ms, entry, hash })
}

/// A row as it is in the file, whatever it is.
pub(super) struct Stored {
    pub number: i64,
    pub when_ms: i64,
    pub kind: String,
    pub hash: Hash,
    pub entry: Entry,
    /// `None`: the texts were deleted.
    pub salt: Option<Vec<u8>>,
    /// A text is there although the random bytes are not.
    pub half_erased: bool,
    pub digest: Vec<u8>,
    pub previous: Vec<u8>,
}

impl Stored {
    /// Every row, in the order of the numbers, until `each` has seen enough. A row that cannot be read is one as well.
    pub fn all(db: &Connection, each: &mut dyn FnMut(rusqlite::Result<Self>) -> bool) -> rusqlite::Result<()> {
        let mut statement = db.prepare(&format!("SELECT {COLUMNS} FROM records ORDER BY number"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if !each(Self::of(row)) {
                break;
            }
        }
        Ok(())
    }

    fn of(row: &Row) -> rusqlite::Result<Self> {
        let kind: String = row.get(2)?;
        let text = |i| row.get::<_, Option<String>>(i);
        let (who, what): (Option<String>, Option<String>) = (text(5)?, text(6)?);
        let salt: Option<Vec<u8>> = row.get(4)?;
        let optional = [text(7)?, text(8)?, text(9)?, text(10)?, text(11)?, text(12)?];
        let half_erased = salt.is_none() && (who.is_some() || what.is_some() || optional.iter().any(Option::is_some))
            || salt.is_some() && (who.is_none() || what.is_none());
        let [about, before, after, why, approved_by, detail] = optional;
        let hash: Vec<u8> = row.get(3)?;
        let (who, what) = (who.unwrap_or_else(|| ERASED.into()), what.unwrap_or_else(|| ERASED.into()));
        Ok(Self {
            number: row.get(0)?,
            when_ms: row.get(1)?,
            // The word is proved as it stands; whoever reads records refuses one that is no kind.
            entry: Entry {
                kind: Kind::from_word(&kind).unwrap_or(Kind::Casebook),
                who,
                what,
                about,
                before,
                after,
                why,
                approved_by,
                detail,
            },
            kind,
            hash: Hash(hash.try_into().unwrap_or([0; 32])),
            salt,
            half_erased,
            digest: row.get(13)?,
            previous: row.get(14)?,
        })
    }
}

#[cfg(test)]
mod tests;
