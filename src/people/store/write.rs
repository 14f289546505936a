//! A [`Diff`] → rows, inside a transaction somebody else ends. Every change leaves a line in `history`.

use crate::people::diff::{Change, Changed, Diff, Fitted};
use crate::words::PersonRole;
use rusqlite::{OptionalExtension, Result, Transaction, params};

pub(super) fn diff(transaction: &Transaction, diff: &Diff, by: &str, now_ms: i64) -> Result<()> {
    let hand = Hand { transaction, by, now_ms };
    for p in &diff.added {
        hand.add_person(&p.key, &p.name, p.role, p.year, &p.groups)?;
    }
    for p in diff.moved.iter().chain(&diff.changed) {
        hand.change_person(p)?;
    }
    for p in &diff.returned {
        hand.change_person(p)?;
        hand.execute(
            "UPDATE persons SET granted_at = ?2, granted_by = ?3, withdrawn_at = NULL, withdrawn_by = NULL WHERE id = ?1",
            p.person.0,
        )?;
        hand.note(Some(p.person.0.into()), None, "returned")?;
    }
    for p in &diff.leavers {
        hand.execute("UPDATE persons SET withdrawn_at = ?2, withdrawn_by = ?3 WHERE id = ?1", p.person.0)?;
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

/// Whoever makes the change, and when.
struct Hand<'a> {
    transaction: &'a Transaction<'a>,
    by: &'a str,
    now_ms: i64,
}

impl Hand<'_> {
    fn add_person(&self, key: &str, name: &str, role: PersonRole, year: Option<u8>, groups: &[String]) -> Result<()> {
        self.transaction.prepare_cached(
            r#"INSERT INTO persons (key, name, role, year, "groups", granted_at, granted_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
        )?
        .execute(params![key, name, role.word(), year, groups.join(";"), self.now_ms, self.by])?;
        self.note(Some(self.transaction.last_insert_rowid()), None, "granted")
    }

    fn change_person(&self, changed: &Changed) -> Result<()> {
        let to = &changed.to;
        self.transaction
            .prepare_cached(r#"UPDATE persons SET name = ?2, role = ?3, year = ?4, "groups" = ?5 WHERE id = ?1"#)?
            .execute(params![changed.person.0, to.name, to.role.word(), to.year, to.groups.join(";")])?;
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
