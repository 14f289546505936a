//! One person added, withdrawn, given access again or a password, each as one transaction.

use super::write::Hand;
use super::{Ending, Store, StoreFault, read};
use crate::people::details::day_text;
use crate::people::import::PersonRow;
use crate::people::{Register, Source};
use crate::words::{Day, PersonId};
use rusqlite::OptionalExtension;

impl Store {
    /// Switches people's access off. No import gives it back: [`Store::restore`] does.
    ///
    /// # Errors
    /// [`StoreFault`]: somebody is not in the register, or withdrawn already. Then nothing was changed.
    pub fn withdraw(&mut self, keys: &[String], reason: &str, by: &str, now_ms: i64) -> Result<Register, StoreFault> {
        let ids = self.ids(keys, |p| !p.is_withdrawn(), "has access")?;
        let what = format!("withdrawn: {reason}");
        self.singly(by, now_ms, |hand| ids.iter().try_for_each(|id| hand.withdraw(*id, true, &what)))
    }

    /// Gives people access again, until this last day. `None`: until the one they have; who has none stays without.
    ///
    /// # Errors
    /// [`StoreFault`]: somebody is not in the register, or not withdrawn; or the last day they have is over. Then nothing was
    /// changed.
    pub fn restore(
        &mut self,
        keys: &[String],
        (until, today): (Option<Day>, Day),
        reason: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Register, StoreFault> {
        let ids = self.ids(keys, |p| p.is_withdrawn(), "is withdrawn")?;
        let register = self.load()?;
        let last = |id: &u32| until.or_else(|| register.person(PersonId(*id))?.details.until);
        let over = ids.iter().zip(keys).find_map(|(id, key)| Some((key, last(id).filter(|last| *last < today)?)));
        if let Some((key, last)) = over {
            return Err(StoreFault::Over { key: key.clone(), last: day_text(last) });
        }
        self.singly(by, now_ms, |hand| {
            ids.iter().try_for_each(|id| {
                let until = last(id);
                let what = until.map_or_else(String::new, |day| format!(" until {}", day_text(day)));
                hand.restore(*id, until, &format!("restored{what}: {reason}"))
            })
        })
    }

    /// Withdraws those whose last day is over. `None`: nobody's is.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn expire(&mut self, today: Day, now_ms: i64) -> Result<Option<Register>, StoreFault> {
        let ids: Vec<u32> = self.load()?.expired(today).map(|p| p.id.0).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let what = "withdrawn: the last day was over";
        self.singly("the gate", now_ms, |hand| ids.iter().try_for_each(|id| hand.withdraw(*id, false, what))).map(Some)
    }

    /// Adds people, each with the hash of a password if there is one.
    ///
    /// # Errors
    /// [`StoreFault`]: an id is taken. Then nothing was changed.
    pub fn add(
        &mut self,
        rows: &[(PersonRow, Option<String>)],
        source: Source,
        by: &str,
        now_ms: i64,
    ) -> Result<Register, StoreFault> {
        let register = self.load()?;
        if let Some((row, _)) = rows.iter().find(|(row, _)| register.person_of_key(&row.key).is_some()) {
            return Err(StoreFault::Nobody { key: row.key.clone(), what: "is new" });
        }
        self.singly(by, now_ms, |hand| {
            rows.iter().try_for_each(|(row, hash)| {
                let id = hand.add_person(row, source, "granted")?;
                hash.as_ref().map_or(Ok(()), |hash| hand.password(id, hash))
            })
        })
    }

    /// Keeps the hashes of passwords.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn set_passwords(&mut self, hashes: &[(PersonId, String)], by: &str, now_ms: i64) -> Result<Register, StoreFault> {
        self.singly(by, now_ms, |hand| hashes.iter().try_for_each(|(person, hash)| hand.password(person.0, hash)))
    }

    /// The hash of someone's password.
    ///
    /// # Errors
    /// [`StoreFault::Sqlite`].
    pub fn password(&self, person: PersonId) -> Result<Option<String>, StoreFault> {
        let hash = self.db.query_row("SELECT hash FROM passwords WHERE person = ?", [person.0], |row| row.get(0));
        hash.optional().map_err(|source| self.sqlite(source))
    }

    fn ids(
        &self,
        keys: &[String],
        is_right: fn(&crate::people::Person) -> bool,
        what: &'static str,
    ) -> Result<Vec<u32>, StoreFault> {
        let register = self.load()?;
        let id = |key: &String| {
            let person = register.person_of_key(key).filter(|p| is_right(p));
            person.map(|p| p.id.0).ok_or_else(|| StoreFault::Nobody { key: key.clone(), what })
        };
        keys.iter().map(id).collect()
    }

    fn singly(
        &mut self,
        by: &str,
        now_ms: i64,
        change: impl FnOnce(&Hand) -> rusqlite::Result<()>,
    ) -> Result<Register, StoreFault> {
        self.as_one(by, Ending::Commit, |transaction, by| {
            change(&Hand { transaction, by, now_ms })?;
            read::register(transaction)
        })
    }
}
