//! The tables of a week file, and an event as a row of them.
//!
//! Words are stored as numbers (`Action::Block as u8`), which never change their meaning; hosts once each; an empty text as
//! NULL; groups as ` 1 3 `, so that one can be looked for as ` 3 `.

use super::alike::Sums;
use super::event::{Decrypted, Door, Event, Intent, Span};
use super::gap::Gap;
use super::time::Dated;
use crate::lists::ListId;
use crate::lists::phrases::Theme;
use crate::policy::{Action, CellId, ProfileId, Step};
use crate::words::{
    Category, CategorySet, ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, Mac, NetworkId, PersonId, Since, Who,
};
use rusqlite::types::ToSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::borrow::Cow;
use std::fmt::Write;

/// `SGJ1`: says to `file` and to us what this is (SQLite's application_id).
pub const APPLICATION: i32 = 0x5347_4a31;

/// What takes a week file from each version to the next. Never changed, only added to.
const MIGRATIONS: [&str; 5] = [
    "
    CREATE TABLE hosts (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE);
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, when_ms INTEGER NOT NULL, boot_ms INTEGER NOT NULL, dated INTEGER NOT NULL,
        door INTEGER NOT NULL, client TEXT, network INTEGER, device INTEGER, person INTEGER, groups TEXT, known INTEGER,
        sure INTEGER, method TEXT, host INTEGER REFERENCES hosts, port INTEGER NOT NULL, path TEXT, query_type INTEGER NOT NULL,
        action INTEGER NOT NULL, step INTEGER NOT NULL, category INTEGER, categories INTEGER NOT NULL, list INTEGER,
        labels INTEGER NOT NULL, rule INTEGER, grp INTEGER, cell INTEGER, profile INTEGER NOT NULL, pass INTEGER,
        intent INTEGER NOT NULL, count INTEGER NOT NULL, status INTEGER NOT NULL, bytes_up INTEGER NOT NULL,
        bytes_down INTEGER NOT NULL, duration_ms INTEGER NOT NULL, policy_version INTEGER NOT NULL);
    CREATE INDEX events_of_person ON events (person, seq) WHERE person IS NOT NULL;
    CREATE INDEX events_not_allowed ON events (action, seq) WHERE action <> 0;
    CREATE TABLE gaps (
        seq INTEGER PRIMARY KEY, lost INTEGER NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, dated INTEGER NOT NULL);
    CREATE TABLE names (version INTEGER PRIMARY KEY, names TEXT NOT NULL);
    CREATE TABLE rings (ring INTEGER PRIMARY KEY, position INTEGER, lost INTEGER NOT NULL);
",
    // A row may stand for several events: until when, and how many were attempts. Which seqs are in the file, in a row or its count.
    "
    ALTER TABLE events ADD COLUMN last_ms INTEGER;
    ALTER TABLE events ADD COLUMN attempts INTEGER;
    CREATE TABLE booked (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
",
    // What was searched for, and whether TLS was looked into.
    "
    ALTER TABLE events ADD COLUMN search TEXT;
    ALTER TABLE events ADD COLUMN theme INTEGER;
    ALTER TABLE events ADD COLUMN severity INTEGER;
    ALTER TABLE events ADD COLUMN decrypted INTEGER;
",
    // Since when it is known who it was, in seconds since 1970; and the device's hardware address.
    "
    ALTER TABLE events ADD COLUMN since_s INTEGER;
    ALTER TABLE events ADD COLUMN mac TEXT;
",
    // Path and search for the DSL alone, and the data keys they are sealed with, which are sealed themselves.
    "
    ALTER TABLE events ADD COLUMN sealed BLOB;
    CREATE TABLE data_keys (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
",
];

/// The first version whose rows may stand for several events.
pub const SPANS: i32 = 2;

/// The first version that holds searches.
pub const SEARCHES: i32 = 3;

/// The first version that says since when it is known who it was.
pub const SINCES: i32 = 4;

/// The first version that holds what is sealed.
pub const SEALS: i32 = 5;

/// The version that this gate writes, and the newest that it reads (SQLite's user_version).
pub const VERSION: i32 = MIGRATIONS.len() as i32;

/// Brings a file to [`VERSION`]; from the version it has.
pub fn migrate(db: &mut Connection, from: i32) -> rusqlite::Result<()> {
    let steps = MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0));
    let transaction = db.transaction()?;
    steps.into_iter().try_for_each(|step| transaction.execute_batch(step))?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()
}

/// What a file says it is: its application and its version.
pub fn identity(db: &Connection) -> rusqlite::Result<(i32, i32)> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get(0));
    Ok((number("application_id")?, number("user_version")?))
}

/// The columns of an event, in the order of [`Writing::insert`] and [`event_of`].
const COLUMNS: [&str; 44] = [
    "seq",
    "when_ms",
    "boot_ms",
    "dated",
    "door",
    "client",
    "network",
    "device",
    "person",
    "groups",
    "known",
    "sure",
    "method",
    "host",
    "port",
    "path",
    "query_type",
    "action",
    "step",
    "category",
    "categories",
    "list",
    "labels",
    "rule",
    "grp",
    "cell",
    "profile",
    "pass",
    "intent",
    "count",
    "status",
    "bytes_up",
    "bytes_down",
    "duration_ms",
    "policy_version",
    "last_ms",
    "attempts",
    "search",
    "theme",
    "severity",
    "decrypted",
    "since_s",
    "mac",
    "sealed",
];

static INSERT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let places: Vec<_> = (1..=COLUMNS.len()).map(|n| format!("?{n}")).collect();
    format!("INSERT OR IGNORE INTO events ({}) VALUES ({})", COLUMNS.join(", "), places.join(", "))
});

/// `SELECT … FROM events …` of what [`event_of`] reads, from a file of this version; conditions follow.
pub fn select(version: i32) -> String {
    let column = |column: &&str| match *column {
        "host" => "hosts.host".to_owned(),
        "last_ms" | "attempts" if version < SPANS => "NULL".to_owned(),
        "search" | "theme" | "severity" | "decrypted" if version < SEARCHES => "NULL".to_owned(),
        "since_s" | "mac" if version < SINCES => "NULL".to_owned(),
        "sealed" if version < SEALS => "NULL".to_owned(),
        column => format!("events.{column}"),
    };
    let columns: Vec<_> = COLUMNS.iter().map(column).collect();
    format!("SELECT {} FROM events LEFT JOIN hosts ON hosts.id = events.host", columns.join(", "))
}

/// The last moment of a row, in a file of this version.
pub fn last_ms(version: i32) -> &'static str {
    if version < SPANS { "events.when_ms" } else { "ifnull(events.last_ms, events.when_ms)" }
}

/// What a transaction does again and again, prepared once.
pub struct Writing<'db> {
    insert: CachedStatement<'db>,
    count_on: CachedStatement<'db>,
    client: String,
    groups: String,
}

impl<'db> Writing<'db> {
    pub fn new(db: &'db Connection) -> rusqlite::Result<Self> {
        let count_on = "UPDATE events SET when_ms = min(when_ms, ?2), boot_ms = min(boot_ms, ?3),
                        last_ms = max(ifnull(last_ms, when_ms), ?4), attempts = ifnull(attempts, 1) + ?5, count = count + ?6,
                        bytes_up = bytes_up + ?7, bytes_down = bytes_down + ?8, duration_ms = max(duration_ms, ?9) WHERE seq = ?1";
        let (insert, count_on) = (db.prepare_cached(&INSERT)?, db.prepare_cached(count_on)?);
        Ok(Self { insert, count_on, client: String::new(), groups: String::new() })
    }

    /// Adds an event; one of this seq that is there already stays. `host` is its row in `hosts`.
    pub fn insert(&mut self, seq: u64, event: &Event, dated: Dated, host: Option<i64>) -> rusqlite::Result<()> {
        let who = event.who.as_ref();
        self.client.clear();
        self.groups.clear();
        if let Some(who) = who {
            let _ = write!(self.client, "{}", who.client);
            self.groups.push(' ');
            for group in who.groups.iter() {
                let _ = write!(self.groups, "{} ", group.0);
            }
        }
        let text = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let columns: [&dyn ToSql; COLUMNS.len()] = [
            &(seq as i64),
            &event.when_ms,
            &(event.boot_ms as i64),
            &(dated as u8),
            &(event.door as u8),
            &who.map(|_| &self.client),
            &who.map(|w| w.network.0),
            &who.and_then(|w| w.device).map(|d| d.0),
            &who.and_then(|w| w.person).map(|p| p.0),
            &who.map(|_| &self.groups),
            &who.map(|w| w.known as u8),
            &who.map(|w| w.sure as u8),
            &text(&event.method),
            &host,
            &event.port,
            &text(&event.path),
            &event.query_type,
            &(event.action as u8),
            &(event.step as u8),
            &event.category.map(Category::bit),
            &(event.categories.bits() as i64),
            &event.list.map(|l| l.0),
            &event.labels,
            &event.rule,
            &event.group.map(|g| g.0),
            &event.cell.map(|c| c.0),
            &event.profile.0,
            &event.pass,
            &(event.intent as u8),
            &event.count,
            &event.status,
            &(event.bytes_up as i64),
            &(event.bytes_down as i64),
            &event.duration_ms,
            &event.policy_version,
            &event.span.map(|s| s.last_ms),
            &event.span.map(|s| s.attempts),
            &text(&event.search),
            &event.theme.map(|(theme, _)| theme as u8),
            &event.theme.map(|(_, severity)| severity),
            &(event.decrypted != Decrypted::NotAsked).then_some(event.decrypted as u8),
            &who.and_then(|w| w.since).map(Since::seconds),
            &who.and_then(|w| w.mac).map(|m| m.to_string()),
            &event.sealed.as_deref(),
        ];
        self.insert.execute(columns.as_slice()).map(drop)
    }

    /// Lets the row of this seq count on.
    pub fn count_on(&mut self, seq: u64, sums: &Sums) -> rusqlite::Result<()> {
        let values = params![
            seq as i64,
            sums.when_ms,
            sums.boot_ms as i64,
            sums.last_ms,
            sums.attempts,
            sums.count,
            sums.bytes_up as i64,
            sums.bytes_down as i64,
            sums.duration_ms,
        ];
        self.count_on.execute(values).map(drop)
    }
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

/// A row of [`select`] as an event. `None`: it holds what no event has.
pub fn event_of(row: &Row) -> rusqlite::Result<Option<(u64, Dated, Event<'static>)>> {
    let text = |at: usize| row.get::<_, Option<String>>(at).map(|t| Cow::Owned(t.unwrap_or_default()));
    let byte = |at: usize| row.get::<_, u8>(at);
    let client: Option<String> = row.get(5)?;
    let who = match client {
        None => None,
        Some(client) => {
            let Ok(client) = client.parse() else { return Ok(None) };
            let words = (Known::from_u8(byte(10)?), Confidence::from_u8(byte(11)?));
            let (Some(known), Some(sure)) = words else { return Ok(None) };
            let groups: String = row.get(9)?;
            Some(Who {
                client: ClientAddr::new(client),
                mac: row.get::<_, Option<String>>(42)?.and_then(|m| Mac::parse(&m).ok()),
                network: NetworkId(row.get(6)?),
                device: row.get::<_, Option<u32>>(7)?.map(DeviceId),
                person: row.get::<_, Option<u32>>(8)?.map(PersonId),
                groups: groups.split(' ').filter_map(|g| g.parse().ok()).map(GroupId).collect::<Groups>(),
                known,
                sure,
                since: row.get::<_, Option<u32>>(41)?.and_then(Since::of_seconds),
            })
        }
    };
    let words = (Door::from_u8(byte(4)?), Action::from_u8(byte(17)?), Step::from_u8(byte(18)?), Intent::from_u8(byte(28)?));
    let ((Some(door), Some(action), Some(step), Some(intent)), Some(dated)) = (words, Dated::from_u8(byte(3)?)) else {
        return Ok(None);
    };
    let number = |at: usize| row.get::<_, Option<u8>>(at);
    let theme = match number(38)?.map(Theme::from_u8) {
        Some(None) => return Ok(None),
        theme => theme.flatten().zip(number(39)?),
    };
    let Some(decrypted) = Decrypted::from_u8(number(40)?.unwrap_or(0)) else { return Ok(None) };
    let event = Event {
        when_ms: row.get(1)?,
        boot_ms: row.get::<_, i64>(2)? as u64,
        door,
        who,
        method: text(12)?,
        host: text(13)?,
        port: row.get(14)?,
        path: text(15)?,
        query_type: row.get(16)?,
        action,
        step,
        category: row.get::<_, Option<u8>>(19)?.and_then(Category::from_bit),
        categories: CategorySet::from_bits(row.get::<_, i64>(20)? as u64),
        list: row.get::<_, Option<u16>>(21)?.map(ListId),
        labels: row.get(22)?,
        rule: row.get(23)?,
        group: row.get::<_, Option<u16>>(24)?.map(GroupId),
        cell: row.get::<_, Option<u16>>(25)?.map(CellId),
        profile: ProfileId(row.get(26)?),
        pass: row.get(27)?,
        intent,
        count: row.get(29)?,
        span: row.get::<_, Option<i64>>(35)?.zip(row.get(36)?).map(|(last_ms, attempts)| Span { last_ms, attempts }),
        status: row.get(30)?,
        bytes_up: row.get::<_, i64>(31)? as u64,
        bytes_down: row.get::<_, i64>(32)? as u64,
        duration_ms: row.get(33)?,
        policy_version: row.get(34)?,
        sealed: row.get::<_, Option<Vec<u8>>>(43)?.map(Cow::Owned),
        search: text(37)?,
        theme,
        decrypted,
    };
    Ok(Some((row.get::<_, i64>(0)? as u64, dated, event)))
}

/// The sealed data key of an id, in a file of this version.
pub fn data_key(db: &Connection, version: i32, id: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    if version < SEALS {
        return Ok(None);
    }
    db.prepare_cached("SELECT sealed FROM data_keys WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

/// Adds a gap whose times are those of the calendar.
pub fn insert_gap(db: &Connection, seq: u64, gap: &Gap, dated: Dated) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO gaps (seq, lost, from_ms, until_ms, dated) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![seq as i64, gap.lost as i64, gap.from_ms, gap.until_ms, dated as u8])?;
    Ok(())
}

/// The row of a host, made if it is not there.
pub fn host_row(db: &Connection, host: &str) -> rusqlite::Result<i64> {
    let add = "INSERT INTO hosts (host) VALUES (?1) ON CONFLICT (host) DO NOTHING";
    if db.prepare_cached(add)?.execute([host])? > 0 {
        return Ok(db.last_insert_rowid());
    }
    db.prepare_cached("SELECT id FROM hosts WHERE host = ?1")?.query_row([host], |row| row.get(0))
}

/// A seq that nothing of the file has reached, in rows, gaps and counts.
pub fn next_seq(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT max(ifnull((SELECT max(seq) FROM events), 0), ifnull((SELECT max(seq) FROM gaps), 0),
               ifnull((SELECT max(last) FROM booked), 0)) + 1";
    db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|seq| seq as u64)
}
