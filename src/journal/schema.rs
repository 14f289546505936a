//! The tables of a week file, and how they are written to. Everything is added at the end of a table, and nothing has an index of
//! its own: a page of the card is written once or twice, and not once for each event.
//!
//! What many events have in common stands once: hosts, [`who`](super::why::read_who) it was, what came of it and [`why`](super::why::Why). A time is
//! milliseconds since the file's `base_ms`; a count of one, a text that is empty and what is not known are NULL. What is in
//! `details` is the first to go when there is no room. Which rows are whose, five minutes by five minutes, and what they come to,
//! is in `slots` (see [`super::rollup`]). What was kept there alone, since there was next to no room, is counted in `summed`. The view `log` tells all of it in plain columns.

use super::event::Event;
use super::gap::Gap;
use super::time::Dated;
use super::week::IsoWeek;
use crate::words::Who;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

/// `SGJ1`: says to `file` and to us what this is (SQLite's application_id).
pub const APPLICATION: i32 = 0x5347_4a31;

/// The first version of these tables. Files of an earlier one are read (see [`super::wide`]), and never written again.
pub const FIRST: i32 = 6;

/// What makes a week file, and what takes it from each version to the next. Never changed, only added to.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE week (base_ms INTEGER NOT NULL);
    CREATE TABLE hosts (id INTEGER PRIMARY KEY, host TEXT NOT NULL);
    CREATE TABLE whos (
        id INTEGER PRIMARY KEY, client TEXT NOT NULL, network INTEGER NOT NULL, device INTEGER, person INTEGER, groups TEXT NOT NULL,
        known INTEGER NOT NULL, sure INTEGER NOT NULL, since_s INTEGER, mac TEXT);
    CREATE TABLE whys (
        id INTEGER PRIMARY KEY, dated INTEGER NOT NULL, door INTEGER NOT NULL, method TEXT, port INTEGER NOT NULL,
        query_type INTEGER NOT NULL, action INTEGER NOT NULL, step INTEGER NOT NULL, category INTEGER, categories INTEGER NOT NULL,
        list INTEGER, labels INTEGER NOT NULL, rule INTEGER, grp INTEGER, cell INTEGER, profile INTEGER NOT NULL, pass INTEGER,
        intent INTEGER NOT NULL, status INTEGER NOT NULL, policy_version INTEGER NOT NULL, theme INTEGER, severity INTEGER,
        decrypted INTEGER NOT NULL);
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who INTEGER REFERENCES whos, host INTEGER REFERENCES hosts,
        why INTEGER NOT NULL REFERENCES whys, bytes_up INTEGER NOT NULL, bytes_down INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
        count INTEGER, attempts INTEGER, last INTEGER);
    CREATE TABLE details (seq INTEGER PRIMARY KEY REFERENCES events, path BLOB, search BLOB, sealed BLOB);
    CREATE TABLE data_keys (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE slots (
        slot INTEGER NOT NULL, who INTEGER NOT NULL, version INTEGER NOT NULL, events INTEGER NOT NULL, names INTEGER NOT NULL,
        searches INTEGER NOT NULL, shown INTEGER NOT NULL, passed INTEGER NOT NULL, own INTEGER NOT NULL, blocked INTEGER NOT NULL,
        would_block INTEGER NOT NULL, warned INTEGER NOT NULL, adverts INTEGER NOT NULL, teaching INTEGER NOT NULL,
        passes INTEGER NOT NULL, help INTEGER NOT NULL, whole INTEGER NOT NULL, decrypted INTEGER NOT NULL, sums INTEGER NOT NULL,
        named INTEGER NOT NULL, searched INTEGER NOT NULL, told BLOB, seqs BLOB, PRIMARY KEY (slot, who, version)) WITHOUT ROWID;
    CREATE TABLE uses (
        who INTEGER NOT NULL, version INTEGER NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (who, version, kind, id)) WITHOUT ROWID;
    CREATE TABLE gaps (
        seq INTEGER PRIMARY KEY, lost INTEGER NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, dated INTEGER NOT NULL);
    CREATE TABLE names (version INTEGER PRIMARY KEY, names TEXT NOT NULL);
    CREATE TABLE rings (ring INTEGER PRIMARY KEY, position INTEGER, lost INTEGER NOT NULL);
    CREATE TABLE booked (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
    CREATE VIEW log AS SELECT
        events.seq, week.base_ms + events.at AS when_ms, whys.dated, whys.door, whos.client, whos.network, whos.device, whos.person,
        whos.groups, whos.known, whos.sure, whos.since_s, whos.mac, whys.method, hosts.host, whys.port, details.path, details.sealed, whys.query_type,
        whys.action, whys.step, whys.category, whys.categories, whys.list, whys.labels, whys.rule, whys.grp, whys.cell, whys.profile,
        whys.pass, whys.intent, details.search, whys.theme, whys.severity, whys.decrypted, ifnull(events.count, 1) AS count,
        events.attempts, week.base_ms + events.at + events.last AS last_ms, whys.status, events.bytes_up, events.bytes_down,
        events.duration_ms, whys.policy_version
        FROM events JOIN week JOIN whys ON whys.id = events.why LEFT JOIN whos ON whos.id = events.who
        LEFT JOIN hosts ON hosts.id = events.host LEFT JOIN details ON details.seq = events.seq;
",
    "CREATE TABLE summed (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, events INTEGER NOT NULL, from_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL);",
];

/// The version that this gate writes, and the newest that it reads (SQLite's user_version).
pub const VERSION: i32 = FIRST - 1 + MIGRATIONS.len() as i32;

/// Makes the tables of an empty file (version 0), or brings a file from [`FIRST`] or later to [`VERSION`].
pub fn migrate(db: &mut Connection, from: i32, week: IsoWeek) -> rusqlite::Result<()> {
    let done = usize::try_from(from - FIRST + 1).unwrap_or(0);
    let transaction = db.transaction()?;
    MIGRATIONS.iter().skip(done).try_for_each(|step| transaction.execute_batch(step))?;
    if done == 0 {
        transaction.execute("INSERT INTO week (base_ms) VALUES (?1)", [week.base_ms()])?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()
}

/// What a file says it is: its application and its version.
pub fn identity(db: &Connection) -> rusqlite::Result<(i32, i32)> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get(0));
    Ok((number("application_id")?, number("user_version")?))
}

/// Where a file's times begin, in milliseconds since 1970.
pub fn base_ms(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT base_ms FROM week", [], |row| row.get(0))
}

/// The ids of what an event has in common with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    pub who: Option<i64>,
    pub host: Option<i64>,
    pub why: i64,
}

/// What a transaction does again and again, prepared once.
pub struct Writing<'db> {
    base_ms: i64,
    event: CachedStatement<'db>,
    detail: CachedStatement<'db>,
}

impl<'db> Writing<'db> {
    pub fn new(db: &'db Connection, base_ms: i64) -> rusqlite::Result<Self> {
        let event =
            "INSERT OR IGNORE INTO events (seq, at, who, host, why, bytes_up, bytes_down, duration_ms, count, attempts, last)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let detail = "INSERT OR IGNORE INTO details (seq, path, search, sealed) VALUES (?1, ?2, ?3, ?4)";
        Ok(Self { base_ms, event: db.prepare_cached(event)?, detail: db.prepare_cached(detail)? })
    }

    /// Adds an event, that of one row. False: one of this seq is there already, and stays.
    pub fn insert(&mut self, seq: u64, event: &Event, ids: Ids) -> rusqlite::Result<bool> {
        let values = params![
            seq as i64,
            event.when_ms.wrapping_sub(self.base_ms),
            ids.who,
            ids.host,
            ids.why,
            event.bytes_up as i64,
            event.bytes_down as i64,
            event.duration_ms,
            (event.count != 1).then_some(event.count),
            event.span.map(|s| s.attempts),
            event.span.map(|s| s.last_ms.wrapping_sub(event.when_ms)),
        ];
        let new = self.event.execute(values)? > 0;
        if new && !(event.path.is_empty() && event.search.is_empty() && event.sealed.is_none()) {
            let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
            self.detail.execute(params![seq as i64, bytes(&event.path), bytes(&event.search), event.sealed.as_deref()])?;
        }
        Ok(new)
    }
}

/// Adds a host. It may be there already, when it has been forgotten that it is.
pub fn add_host(db: &Connection, host: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO hosts (host) VALUES (?1)")?.execute([host])?;
    Ok(db.last_insert_rowid())
}

/// Adds who it was.
pub fn add_who(db: &Connection, who: &Who) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO whos (client, network, device, person, groups, known, sure, since_s, mac)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let groups: String = who.groups.iter().fold(" ".to_owned(), |text, group| format!("{text}{} ", group.0));
    db.prepare_cached(sql)?.execute(params![
        who.client.to_string(),
        who.network.0,
        who.device.map(|d| d.0),
        who.person.map(|p| p.0),
        groups,
        who.known as u8,
        who.sure as u8,
        who.since.map(|s| s.seconds()),
        who.mac.map(|m| m.to_string()),
    ])?;
    Ok(db.last_insert_rowid())
}

/// Adds what came of it and event.
pub fn add_why(db: &Connection, event: &Event, dated: Dated) -> rusqlite::Result<i64> {
    let sql =
        "INSERT INTO whys (dated, door, method, port, query_type, action, step, category, categories, list, labels, rule, grp,
               cell, profile, pass, intent, status, policy_version, theme, severity, decrypted)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
    db.prepare_cached(sql)?.execute(params![
        dated as u8,
        event.door as u8,
        (!event.method.is_empty()).then_some(&*event.method),
        event.port,
        event.query_type,
        event.action as u8,
        event.step as u8,
        event.category.map(|c| c.bit()),
        event.categories.bits() as i64,
        event.list.map(|l| l.0),
        event.labels,
        event.rule,
        event.group.map(|g| g.0),
        event.cell.map(|c| c.0),
        event.profile.0,
        event.pass,
        event.intent as u8,
        event.status,
        event.policy_version,
        event.theme.map(|(theme, _)| theme as u8),
        event.theme.map(|(_, severity)| severity),
        event.decrypted as u8,
    ])?;
    Ok(db.last_insert_rowid())
}

/// The sealed data key of an id, in a file of this version.
pub fn data_key(db: &Connection, version: i32, id: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    if version < super::wide::SEALS {
        return Ok(None);
    }
    db.prepare_cached("SELECT sealed FROM data_keys WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

/// Says that the file has these seqs.
pub fn book(db: &Connection, (first, last): (u64, u64)) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO booked (first, last) VALUES (?1, ?2) ON CONFLICT (first) DO UPDATE SET last = max(last, excluded.last)";
    db.prepare_cached(sql)?.execute([first as i64, last as i64])?;
    Ok(())
}

/// The newest seqs that the file has, as one range.
pub fn last_booked(db: &Connection) -> rusqlite::Result<Option<(u64, u64)>> {
    let sql = "SELECT first, last FROM booked ORDER BY first DESC LIMIT 1";
    db.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))).optional()
}

/// Events of a transaction that are kept as sums alone: in no row, and in the cells of [`super::rollup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summed {
    /// The first of their seqs, and the last: there may be rows between.
    pub seqs: (u64, u64),
    pub events: u64,
    pub from_ms: i64,
    pub until_ms: i64,
}

impl Summed {
    pub fn of(seq: u64, event: &Event) -> Self {
        let until_ms = event.span.map_or(event.when_ms, |span| span.last_ms);
        Self { seqs: (seq, seq), events: u64::from(event.count), from_ms: event.when_ms, until_ms }
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            seqs: (self.seqs.0.min(other.seqs.0), self.seqs.1.max(other.seqs.1)),
            events: self.events + other.events,
            from_ms: self.from_ms.min(other.from_ms),
            until_ms: self.until_ms.max(other.until_ms),
        }
    }

    pub fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO summed (first, last, events, from_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (first, last) = self.seqs;
        db.prepare_cached(sql)?.execute(params![first as i64, last as i64, self.events as i64, self.from_ms, self.until_ms])?;
        Ok(())
    }
}

/// What a file keeps as sums alone; nothing, in one of a version before there was that.
pub fn summed(db: &Connection) -> rusqlite::Result<Vec<Summed>> {
    let is_there = db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'summed'", [], |row| row.get::<_, i64>(0))?;
    if is_there == 0 {
        return Ok(Vec::new());
    }
    let mut all = db.prepare("SELECT first, last, events, from_ms, until_ms FROM summed ORDER BY first")?;
    let read = |row: &rusqlite::Row| {
        let number = |at: usize| row.get::<_, i64>(at).map(|n| n as u64);
        Ok(Summed { seqs: (number(0)?, number(1)?), events: number(2)?, from_ms: row.get(3)?, until_ms: row.get(4)? })
    };
    all.query_map([], read)?.collect()
}

/// Adds a gap whose times are those of the calendar.
pub fn insert_gap(db: &Connection, seq: u64, gap: &Gap, dated: Dated) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO gaps (seq, lost, from_ms, until_ms, dated) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![seq as i64, gap.lost as i64, gap.from_ms, gap.until_ms, dated as u8])?;
    Ok(())
}

/// A seq that nothing of a file of this version has reached, in rows, gaps and counts.
pub fn next_seq(db: &Connection, version: i32) -> rusqlite::Result<u64> {
    let booked = if version < super::wide::SPANS { "0" } else { "ifnull((SELECT max(last) FROM booked), 0)" };
    let sql =
        format!("SELECT max(ifnull((SELECT max(seq) FROM events), 0), ifnull((SELECT max(seq) FROM gaps), 0), {booked}) + 1");
    db.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|seq| seq as u64)
}
