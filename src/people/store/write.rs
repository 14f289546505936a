//! A [`Diff`] → rows, inside a transaction somebody else ends. Every change leaves a line in `history`.

use crate::people::diff::{Change, Changed, Diff, Fitted};
use crate::people::import::PersonRow;
use crate::people::{Details, Source};
use crate::words::Day;
use rusqlite::{OptionalExtension, Result, Transaction, params};

pub(super) fn diff(transaction: &Transaction, diff: &Diff, by: &str, now_ms: i64) -> Result<()> {
    let hand = Hand { transaction, by, now_ms };
    for p in &diff.added {
        hand.add_person(&p.row, diff.source, "granted")?;
    }
    for p in diff.moved.iter().chain(&diff.changed) {
        hand.change_person(p, diff.source)?;
    }
    for p in &diff.returned {
        hand.change_person(p, diff.source)?;
        hand.execute(RESTORE, p.person.0)?;
        hand.note(Some(p.person.0.into()), None, "returned")?;
    }
    for person in &diff.adopted {
        transaction.execute("UPDATE persons SET source = ?2 WHERE id = ?1", params![person.0, diff.source.word()])?;
        hand.note(Some(person.0.into()), None, &format!("kept by: {}", diff.source.word()))?;
    }
    for p in &diff.leavers {
        hand.execute(WITHDRAW, p.person.0)?;
        hand.note(Some(p.person.0.into()), None, "withdrawn")?;
    }
    for d in &diff.devices.retired {
        hand.execute("UPDATE devices SET retired_at = ?2, retired_by = ?3 WHERE id = ?1", d.device.0)?;
        hand.note(None, Some(d.device.0.into()), "retired")?;
    }
    for d in &diff.devices.changed {
        hand.change_device(d.device.0, &d.to, &d.what)?;
    }
    for d in &diff.devices.added {
        hand.add_device(d)?;
    }
    Ok(())
}

const WITHDRAW: &str = "UPDATE persons SET withdrawn_at = ?2, withdrawn_by = ?3 WHERE id = ?1";
const RESTORE: &str =
    "UPDATE persons SET granted_at = ?2, granted_by = ?3, withdrawn_at = NULL, withdrawn_by = NULL, held = 0 WHERE id = ?1";

/// Whoever makes the change, and when.
pub(super) struct Hand<'a> {
    pub transaction: &'a Transaction<'a>,
    pub by: &'a str,
    pub now_ms: i64,
}

impl Hand<'_> {
    /// The number they get.
    pub fn add_person(&self, row: &PersonRow, source: Source, what: &str) -> Result<u32> {
        let PersonRow { key, name, role, year, groups, details } = row;
        self.transaction
            .prepare_cached(
                r#"INSERT INTO persons (key, name, role, year, "groups", granted_at, granted_by, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"#,
            )?
            .execute(params![key, name, role.word(), year, groups.join(";"), self.now_ms, self.by, source.word()])?;
        let id = self.transaction.last_insert_rowid();
        self.details(id, details)?;
        self.note(Some(id), None, what)?;
        u32::try_from(id).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, id))
    }

    fn details(&self, person: i64, details: &Details) -> Result<()> {
        let Details { form, until, agreement, consent } = details;
        self.transaction
            .prepare_cached(
                "UPDATE persons SET form = ?2, until = ?3, agreement = ?4, agreement_on = ?5, consent = ?6, consent_on = ?7 \
                 WHERE id = ?1",
            )?
            .execute(params![
                person,
                form,
                until.map(|day| day.0),
                agreement.as_ref().map(|a| &a.version),
                agreement.as_ref().and_then(|a| a.on).map(|day| day.0),
                consent.is_some(),
                consent.and_then(|c| c.on).map(|day| day.0)
            ])
            .map(drop)
    }

    /// Switches someone's access off, so that no import gives it back.
    pub fn withdraw(&self, person: u32, held: bool, what: &str) -> Result<()> {
        self.execute(WITHDRAW, person)?;
        self.transaction.execute("UPDATE persons SET held = ?2 WHERE id = ?1", params![person, held])?;
        self.note(Some(person.into()), None, what)
    }

    /// Gives it back, until a last day.
    pub fn restore(&self, person: u32, until: Option<Day>, what: &str) -> Result<()> {
        self.execute(RESTORE, person)?;
        self.transaction.execute("UPDATE persons SET until = ?2 WHERE id = ?1", params![person, until.map(|day| day.0)])?;
        self.note(Some(person.into()), None, what)
    }

    /// Keeps a hash, in the place of the one before it.
    pub fn password(&self, person: u32, hash: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO passwords (person, hash, set_at, set_by) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![person, hash, self.now_ms, self.by])?;
        self.note(Some(person.into()), None, "password set")
    }

    fn change_person(&self, changed: &Changed, source: Source) -> Result<()> {
        let to = &changed.to;
        self.transaction
            .prepare_cached(r#"UPDATE persons SET name = ?2, role = ?3, year = ?4, "groups" = ?5, source = ?6 WHERE id = ?1"#)?
            .execute(params![changed.person.0, to.name, to.role.word(), to.year, to.groups.join(";"), source.word()])?;
        self.details(changed.person.0.into(), &to.details)?;
        self.note_all(Some(changed.person.0.into()), None, &changed.what)
    }

    fn add_device(&self, device: &Fitted) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO devices (name, person, address, mac, network) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                device.name,
                self.person(device)?,
                text(&device.address),
                text(&device.mac),
                text(&device.network)
            ])?;
        self.note(None, Some(self.transaction.last_insert_rowid()), "added")
    }

    fn change_device(&self, id: u32, to: &Fitted, what: &[Change]) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE devices SET name = ?2, person = ?3, address = ?4, mac = ?5, network = ?6, \
                 retired_at = NULL, retired_by = NULL WHERE id = ?1",
            )?
            .execute(params![id, to.name, self.person(to)?, text(&to.address), text(&to.mac), text(&to.network)])?;
        self.note_all(None, Some(id.into()), what)
    }

    /// The number of whoever has this device: in the register before, or added just now.
    fn person(&self, device: &Fitted) -> Result<Option<u32>> {
        let Some(key) = &device.person else { return Ok(None) };
        self.transaction.prepare_cached("SELECT id FROM persons WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
    }

    /// A statement that takes an id, the time and the name.
    fn execute(&self, sql: &str, id: u32) -> Result<()> {
        self.transaction.prepare_cached(sql)?.execute(params![id, self.now_ms, self.by]).map(drop)
    }

    fn note_all(&self, person: Option<i64>, device: Option<i64>, what: &[Change]) -> Result<()> {
        what.iter().try_for_each(|c| self.note(person, device, &format!("{}: {} → {}", c.field, c.from, c.to)))
    }

    fn note(&self, person: Option<i64>, device: Option<i64>, what: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO history (at, by, person, device, what) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![self.now_ms, self.by, person, device, what])
            .map(drop)
    }
}

fn text(value: &Option<impl ToString>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}
