//! Who has read which notice of monitoring, and when.

use super::{Store, StoreFault};
use crate::words::PersonId;
use rusqlite::params;
use std::collections::HashMap;

impl Store {
    /// Somebody has read the notice of this version; the first time counts.
    ///
    /// # Errors
    /// [`StoreFault::Sqlite`].
    pub fn acknowledge(&self, person: PersonId, version: &str, now_ms: i64) -> Result<(), StoreFault> {
        let known = "SELECT EXISTS (SELECT 1 FROM notices WHERE person = ?1 AND version = ?2)";
        let known = self.db.query_row(known, params![person.0, version], |row| row.get::<_, bool>(0));
        if known.map_err(|fault| self.sqlite(fault))? {
            return Ok(());
        }
        let note = "INSERT OR IGNORE INTO notices (person, version, at) VALUES (?1, ?2, ?3)";
        self.db.execute(note, params![person.0, version, now_ms]).map(drop).map_err(|fault| self.sqlite(fault))
    }

    /// The notice that each has read last, and when.
    ///
    /// # Errors
    /// [`StoreFault::Sqlite`].
    pub fn acknowledged(&self) -> Result<HashMap<PersonId, (String, i64)>, StoreFault> {
        let all = || -> rusqlite::Result<HashMap<_, _>> {
            self.db
                .prepare("SELECT person, version, at FROM notices ORDER BY at")?
                .query_map([], |row| Ok((PersonId(row.get(0)?), (row.get(1)?, row.get(2)?))))?
                .collect()
        };
        all().map_err(|fault| self.sqlite(fault))
    }
}
