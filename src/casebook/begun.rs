//! A change that is being made: written down before it is, so that one which is cut off is known.
//!
//! What is changed lies in other files than the casebook, and no two files are written at one moment. So what is to be recorded is put
//! into the casebook first, beside the chain; into the chain once it is done; and taken out again if it came to nothing. Whatever
//! still lies there when nobody makes a change any more was cut off, by a kill or a power cut: it is recorded as that.

use super::chain::{Entry, Kind, Record};
use super::store::{Casebook, CasebookFault};
use crate::database;
use rusqlite::params;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// A change that is being made. Dropped: it came to nothing.
#[derive(Debug)]
pub struct Begun {
    casebook: Casebook,
    row: Option<i64>,
    when_ms: i64,
    /// Held with others for as long as it is being made; alone by whoever looks for those that were cut off.
    _at_it: File,
}

/// Puts down what is about to be done, on the disk when this returns.
///
/// # Errors
/// [`CasebookFault`]: it is not to be done.
pub fn begin(data: &Path, when_ms: i64, entries: &[Entry]) -> Result<Begun, CasebookFault> {
    let at_it = lock_file(data).and_then(|file| file.lock_shared().map(|()| file));
    let at_it = at_it.map_err(|source| CasebookFault::Folder { path: path_in(data), source })?;
    let mut casebook = Casebook::open(data)?;
    let text = serde_json::to_string(entries).map_err(|fault| CasebookFault::Refused(fault.to_string()))?;
    let mut row = None;
    casebook.transact(|transaction, read| {
        let put = transaction.execute("INSERT INTO begun (at, entries) VALUES (?1, ?2)", params![when_ms, text]);
        put.map_err(|source| read.sqlite(source))?;
        row = Some(transaction.last_insert_rowid());
        Ok(Vec::new())
    })?;
    Ok(Begun { casebook, row, when_ms, _at_it: at_it })
}

impl Begun {
    /// It is done: records it, in the words of now.
    ///
    /// # Errors
    /// [`CasebookFault`]: it is done, and is going to be recorded as one that was cut off.
    pub fn done(mut self, entries: Vec<Entry>) -> Result<Vec<Record>, CasebookFault> {
        let (row, when_ms) = (self.row.take(), self.when_ms);
        self.casebook.transact(|transaction, read| {
            let gone = transaction.execute("DELETE FROM begun WHERE id = ?1", [row]);
            gone.map_err(|source| read.sqlite(source))?;
            Ok(entries.into_iter().map(|entry| (when_ms, entry)).collect())
        })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(row) = self.row else { return };
        let gone = self.casebook.transact(|transaction, read| {
            transaction.execute("DELETE FROM begun WHERE id = ?1", [row]).map_err(|source| read.sqlite(source))?;
            Ok(Vec::new())
        });
        if let Err(fault) = gone {
            tracing::error!(%fault, "what came to nothing is going to be recorded as cut off");
        }
    }
}

impl Casebook {
    /// Records what was begun and cut off. While somebody is at it, nobody knows what of it was, and a later one does it.
    pub(super) fn cut_off(&mut self) -> Result<(), CasebookFault> {
        if self.begun()? == 0 {
            return Ok(());
        }
        let fault = |source| CasebookFault::Folder { path: path_in(self.folder()), source };
        let lock = lock_file(self.folder()).map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(fault(source)),
        }
        self.transact(|transaction, read| {
            let mut statement =
                transaction.prepare("SELECT at, entries FROM begun ORDER BY id").map_err(|source| read.sqlite(source))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(|source| read.sqlite(source))?;
            let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>().map_err(|source| read.sqlite(source))?;
            transaction.execute("DELETE FROM begun", []).map_err(|source| read.sqlite(source))?;
            let entries = rows.into_iter().flat_map(|(when_ms, text)| {
                // What cannot be read is recorded no less.
                let unread =
                    |fault| vec![Entry::new(Kind::Casebook, "the gate", format!("a change that cannot be read: {fault}"))];
                let entries: Vec<Entry> = serde_json::from_str(&text).unwrap_or_else(unread);
                entries.into_iter().map(move |entry| (when_ms, entry.cut_off()))
            });
            Ok(entries.collect())
        })
        .map(drop)
    }

    fn begun(&self) -> Result<i64, CasebookFault> {
        self.read().number("SELECT count(*) FROM begun")
    }
}

fn path_in(data: &Path) -> PathBuf {
    data.join("casebook.begun")
}

fn lock_file(data: &Path) -> std::io::Result<File> {
    let path = path_in(data);
    database::make_file(&path)?;
    File::options().read(true).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::new(Kind::Register, "clerk", "access of p1 switched off")
            .about("p1")
            .from_to("pupil", "withdrawn")
            .why("they left")
    }

    fn told(data: &Path) -> Vec<(i64, String, Option<String>)> {
        let records = Casebook::open(data).expect("a casebook").read().of(Kind::Register).expect("read");
        records.into_iter().map(|r| (r.when_ms, r.entry.what, r.entry.why)).collect()
    }

    #[test]
    fn what_is_done_is_recorded_once_and_what_came_to_nothing_is_not() {
        let data = tempfile::tempdir().expect("a folder");
        let begun = begin(data.path(), 5, &[entry()]).expect("begun");
        assert_eq!(told(data.path()), [], "somebody is at it");
        begun.done(vec![entry()]).expect("recorded");
        drop(begin(data.path(), 6, &[entry()]).expect("begun"));
        assert_eq!(told(data.path()), [(5, "access of p1 switched off".to_owned(), Some("they left".to_owned()))]);
    }

    #[test]
    fn what_was_cut_off_is_recorded_as_that_by_whoever_comes_next() {
        let data = tempfile::tempdir().expect("a folder");
        let mut first = begin(data.path(), 5, &[entry(), entry()]).expect("begun");
        let second = begin(data.path(), 6, &[entry()]).expect("begun");
        // As a kill leaves it: the row is there, the lock is not.
        first.row = None;
        drop(first);
        assert_eq!(told(data.path()), [], "the other is being made");
        second.done(vec![entry()]).expect("recorded");
        let cut =
            ("access of p1 switched off; it was cut off: look whether it was done".to_owned(), Some("they left".to_owned()));
        let done = ("access of p1 switched off".to_owned(), Some("they left".to_owned()));
        let told = told(data.path());
        assert_eq!(told, [(6, done.0, done.1), (5, cut.0.clone(), cut.1.clone()), (5, cut.0, cut.1)]);
        assert!(Casebook::open(data.path()).expect("a casebook").verify(None).expect("read").wrong.is_none());
    }

    #[test]
    fn what_was_begun_and_cannot_be_read_is_recorded_no_less() {
        let data = tempfile::tempdir().expect("a folder");
        let mut casebook = Casebook::open(data.path()).expect("a casebook");
        casebook
            .transact(|transaction, _| {
                transaction.execute("INSERT INTO begun (at, entries) VALUES (7, 'nonsense')", []).expect("put");
                Ok(Vec::new())
            })
            .expect("put");
        drop(casebook);
        let records = Casebook::open(data.path()).expect("a casebook").read().between(Kind::ALL, 0, 100).expect("read");
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].when_ms, records[0].entry.kind), (7, Kind::Casebook));
    }
}
