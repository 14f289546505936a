//! Rows → [`Register`]. The rows may have been edited by hand: what cannot be is refused, and named.

use super::{HistoryLine, StoreFault};
use crate::people::{Agreement, Clash, Consent, Details, Device, Mac, Person, Register, Source, Stamp};
use crate::words::{Day, DeviceId, Network, PersonId, PersonRole};
use rusqlite::{Connection, Row};
use std::fmt::Display;
use std::path::Path;

pub(super) enum ReadFault {
    Sqlite(rusqlite::Error),
    Row(String),
    Clash(Clash),
}

impl ReadFault {
    pub fn fault(self, path: &Path) -> StoreFault {
        let path = path.to_owned();
        match self {
            Self::Sqlite(source) => StoreFault::Sqlite { path, source },
            Self::Row(what) => StoreFault::Row { path, what },
            Self::Clash(clash) => StoreFault::Clash { path, clash },
        }
    }
}

impl From<rusqlite::Error> for ReadFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

pub(super) fn register(db: &Connection) -> Result<Register, ReadFault> {
    let persons = rows(
        db,
        r#"SELECT id, key, name, role, year, "groups", granted_at, granted_by, withdrawn_at, withdrawn_by,
            form, until, agreement, agreement_on, consent, consent_on, source, held FROM persons"#,
        person,
    )?;
    let devices = rows(db, "SELECT id, name, person, address, mac, network, retired_at, retired_by FROM devices", device)?;
    Register::new(persons, devices, revision(db)?).map_err(ReadFault::Clash)
}

/// The number of the last thing that was done: larger after every change.
pub(super) fn revision(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(id), 0) FROM history", [], |row| row.get(0))
}

pub(super) fn history(db: &Connection, person: PersonId) -> rusqlite::Result<Vec<HistoryLine>> {
    db.prepare("SELECT at, by, what FROM history WHERE person = ? ORDER BY id")?
        .query_map([person.0], |row| Ok(HistoryLine { at_ms: row.get(0)?, by: row.get(1)?, what: row.get(2)? }))?
        .collect()
}

fn rows<T>(db: &Connection, sql: &str, read: fn(&Row) -> Result<T, ReadFault>) -> Result<Vec<T>, ReadFault> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut all = vec![];
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn person(row: &Row) -> Result<Person, ReadFault> {
    let id = row.get::<_, u32>(0)?;
    let of = |what: &str, text: &dyn Display| ReadFault::Row(format!("person number {id} has the {what} `{text}`"));
    let role: String = row.get(3)?;
    let year: Option<i64> = row.get(4)?;
    let groups: String = row.get(5)?;
    Ok(Person {
        id: PersonId(id),
        key: row.get(1)?,
        name: row.get(2)?,
        role: PersonRole::from_word(&role).ok_or_else(|| of("role", &role))?,
        year: match year {
            Some(y) => Some(u8::try_from(y).ok().filter(|y| *y <= 13).ok_or_else(|| of("year", &y))?),
            None => None,
        },
        groups: groups.split(';').filter(|g| !g.is_empty()).map(str::to_owned).collect(),
        granted: Stamp { at_ms: row.get(6)?, by: row.get(7)? },
        withdrawn: stamp(row, 8)?,
        details: details(row, 10)?,
        source: {
            let source: String = row.get(16)?;
            Source::from_word(&source).ok_or_else(|| of("source", &source))?
        },
        held: row.get(17)?,
    })
}

fn details(row: &Row, at: usize) -> rusqlite::Result<Details> {
    let day = |column| row.get::<_, Option<i32>>(at + column).map(|day| day.map(Day));
    let version: Option<String> = row.get(at + 2)?;
    let agreed_on = day(3)?;
    let consent_on = day(5)?;
    Ok(Details {
        form: row.get(at)?,
        until: day(1)?,
        agreement: version.map(|version| Agreement { version, on: agreed_on }),
        consent: row.get::<_, bool>(at + 4)?.then_some(Consent { on: consent_on }),
    })
}

fn device(row: &Row) -> Result<Device, ReadFault> {
    let id = row.get::<_, u32>(0)?;
    let of = |what: &str, text: &dyn Display| ReadFault::Row(format!("device number {id} has the {what} `{text}`"));
    Ok(Device {
        id: DeviceId(id),
        name: row.get(1)?,
        person: row.get::<_, Option<u32>>(2)?.map(PersonId),
        address: parsed(row, 3, |t| t.parse().ok()).map_err(|e| e.or(|t| of("address", t)))?,
        mac: parsed(row, 4, |t| Mac::parse(t).ok()).map_err(|e| e.or(|t| of("MAC", t)))?,
        network: parsed(row, 5, |t| Network::parse(t).ok()).map_err(|e| e.or(|t| of("network", t)))?,
        retired: stamp(row, 6)?,
    })
}

/// The time and the name in two neighbouring columns.
fn stamp(row: &Row, at: usize) -> rusqlite::Result<Option<Stamp>> {
    let (at_ms, by) = (row.get::<_, Option<i64>>(at)?, row.get::<_, Option<String>>(at + 1)?);
    Ok(at_ms.zip(by).map(|(at_ms, by)| Stamp { at_ms, by }))
}

enum Unparsed {
    Sqlite(rusqlite::Error),
    Text(String),
}

impl Unparsed {
    fn or(self, fault: impl FnOnce(&dyn Display) -> ReadFault) -> ReadFault {
        match self {
            Self::Sqlite(error) => ReadFault::Sqlite(error),
            Self::Text(text) => fault(&text),
        }
    }
}

fn parsed<T>(row: &Row, column: usize, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Unparsed> {
    let text: Option<String> = row.get(column).map_err(Unparsed::Sqlite)?;
    text.map(|t| parse(&t).ok_or(Unparsed::Text(t))).transpose()
}
