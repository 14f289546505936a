//! `register.db`: open, load, apply.
//!
//! One transaction an import. What it has written is read back by the same loader the gate uses before it is committed: what
//! the gate would refuse never gets in. `persons` and `devices` never lose a row; triggers see to it.

use super::diff::Agreed;
use super::plain::hostile;
use super::{Clash, Register};
use crate::database;
use crate::words::PersonId;
use read::ReadFault;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};

mod notices;
mod read;
mod schema;
mod single;
mod write;

/// Most characters of who did something.
const MAX_BY: usize = 64;

/// Why the register could not be read or changed. Each text says which file.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    #[error("cannot open the register {}: {source}", .path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the register {} cannot be used: {source}", .path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("{} is not a register of schoolgate: is it the right file?", .path.display())]
    Foreign { path: PathBuf },
    #[error(
        "the register {} was written by a newer schoolgate (its version is {found}, this one knows {known}); \
         run that one, or restore the backup from before the upgrade", .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the register {} holds what cannot be: {what}", .path.display())]
    Row { path: PathBuf, what: String },
    #[error("{clash}; nothing was changed in {}", .path.display())]
    Clash { path: PathBuf, clash: Clash },
    #[error("somebody else changed the register {} meanwhile; nothing was changed, do it again", .path.display())]
    Moved { path: PathBuf },
    #[error("nobody in the register has the id '{key}' and {what}")]
    Nobody { key: String, what: &'static str },
    #[error("the last day of '{key}' was {last}: say with --until on which day this access ends")]
    Over { key: String, last: String },
    #[error("whoever does this must have a name of 1 to {MAX_BY} characters, without control characters")]
    Nameless,
}

/// An open `register.db`.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    db: Connection,
}

/// One line of what was done to someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    pub at_ms: i64,
    pub by: String,
    pub what: String,
}

impl Store {
    /// Opens the register, makes it if it is not there, brings an older one up to date. Readable by its owner only.
    ///
    /// # Errors
    /// [`StoreFault`]: no such folder, no right to it, no register, one of a newer schoolgate.
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        database::make_file(path).map_err(|source| StoreFault::Folder { path: path.to_owned(), source })?;
        // SQLite would say 'unable to open', and not why.
        database::may_open(path).map_err(|source| StoreFault::Folder { path: path.to_owned(), source })?;
        let db = Connection::open(path).map_err(|source| StoreFault::Sqlite { path: path.to_owned(), source })?;
        Self { path: path.to_owned(), db }.ready()
    }

    /// The register's file in the folder of the state.
    pub fn file_in(data: &Path) -> PathBuf {
        data.join("register.db")
    }

    /// What the register at `path` holds; an empty one, and no file made, if there is none.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Store::load`].
    pub fn peek(path: &Path) -> Result<Register, StoreFault> {
        match path.try_exists() {
            Ok(true) => Self::open(path)?.load(),
            Ok(false) => Ok(Register::empty()),
            Err(source) => Err(StoreFault::Folder { path: path.to_owned(), source }),
        }
    }

    /// An empty register that is never written down: for a dry run where there is none yet.
    ///
    /// # Errors
    /// [`StoreFault::Sqlite`]: no memory.
    pub fn in_memory() -> Result<Self, StoreFault> {
        let path = PathBuf::from("(in memory)");
        let db = Connection::open_in_memory().map_err(|source| StoreFault::Sqlite { path: path.clone(), source })?;
        Self { path, db }.ready()
    }

    fn ready(mut self) -> Result<Self, StoreFault> {
        database::bring_up_to_date(&mut self.db, schema::FORM).map_err(|e| schema::fault(e, &self.path))?;
        Ok(self)
    }

    /// Everything the register holds, as one immutable reading.
    ///
    /// # Errors
    /// [`StoreFault`]: a row that cannot be, two devices at one address.
    pub fn load(&self) -> Result<Register, StoreFault> {
        // One transaction: persons and devices of the same moment.
        let reading = self.db.unchecked_transaction().map_err(|e| self.sqlite(e))?;
        read::register(&reading).map_err(|e| self.read(e))
    }

    /// Makes a difference, as one transaction, and gives back the register as it then is.
    ///
    /// # Errors
    /// [`StoreFault`]: the register changed since the difference was worked out, or would not load afterwards. Then nothing
    /// was changed.
    pub fn apply(&mut self, agreed: &Agreed, by: &str, now_ms: i64) -> Result<Register, StoreFault> {
        self.change(agreed, by, now_ms, Ending::Commit)
    }

    /// The same with everything taken back at the end: whether it would work, and the register it would make.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn rehearse(&mut self, agreed: &Agreed, by: &str, now_ms: i64) -> Result<Register, StoreFault> {
        self.change(agreed, by, now_ms, Ending::TakeBack)
    }

    /// What was done to someone, first to last.
    ///
    /// # Errors
    /// [`StoreFault::Sqlite`].
    pub fn history(&self, person: PersonId) -> Result<Vec<HistoryLine>, StoreFault> {
        read::history(&self.db, person).map_err(|e| self.sqlite(e))
    }

    fn change(&mut self, agreed: &Agreed, by: &str, now_ms: i64, ending: Ending) -> Result<Register, StoreFault> {
        let path = self.path.clone();
        let mut moved = false;
        let changed = self.as_one(by, ending, |transaction, by| {
            if read::revision(transaction)? != agreed.0.revision {
                moved = true;
                return Err(ReadFault::Row("somebody else changed it".into()));
            }
            write::diff(transaction, agreed.0, by, now_ms)?;
            read::register(transaction)
        });
        if moved { Err(StoreFault::Moved { path }) } else { changed }
    }

    /// One transaction in somebody's name; what the gate would refuse never gets in.
    fn as_one(
        &mut self,
        by: &str,
        ending: Ending,
        change: impl FnOnce(&Transaction, &str) -> Result<Register, ReadFault>,
    ) -> Result<Register, StoreFault> {
        let by = by.trim();
        if by.is_empty() || by.chars().count() > MAX_BY || hostile(by).is_some() {
            return Err(StoreFault::Nameless);
        }
        let path = self.path.clone();
        let sqlite = |source| StoreFault::Sqlite { path: path.clone(), source };
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let register = change(&transaction, by).map_err(|e| e.fault(&path))?;
        match ending {
            Ending::Commit => transaction.commit().map_err(sqlite)?,
            Ending::TakeBack => transaction.rollback().map_err(sqlite)?,
        }
        Ok(register)
    }

    fn sqlite(&self, source: rusqlite::Error) -> StoreFault {
        StoreFault::Sqlite { path: self.path.clone(), source }
    }

    fn read(&self, error: read::ReadFault) -> StoreFault {
        error.fault(&self.path)
    }
}

enum Ending {
    Commit,
    TakeBack,
}

#[cfg(test)]
mod tests;
