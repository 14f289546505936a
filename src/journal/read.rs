//! Reading week files: while the gate writes them, and long after.

use super::book;
use super::event::Event;
use super::names::Names;
use super::opened::{Opened, Unopened};
use super::schema;
use super::time::Dated;
use super::week::IsoWeek;
use crate::policy::Action;
use crate::seal::Opener;
use crate::words::{Category, DeviceId, PersonId};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params_from_iter};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Rows fetched at a time: a reader never holds a transaction open over an export, which would keep the write-ahead log growing.
const PAGE: usize = 1000;

/// Rows that are looked at for what a device has just met: more than a school of a thousand leaves in ten minutes.
const LOOKED_AT: usize = 20_000;

/// Why a week file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    #[error("the journal's folder {path} cannot be read: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("the week file {path} cannot be read: {source}")]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("the week file {path} was written by a newer Schoolgate (version {found} of the file, this one reads up to {known}): read it with that version", known = schema::VERSION)]
    Newer { path: PathBuf, found: i32 },
    #[error("{path} is not a week file of Schoolgate")]
    Foreign { path: PathBuf },
    #[error("row {seq} of the week file {path} holds what no event has")]
    Row { path: PathBuf, seq: u64 },
}

/// A week file, and the week it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekFile {
    pub path: PathBuf,
    pub week: IsoWeek,
}

/// The week files of a journal (`DATA/journal`), the oldest first.
///
/// # Errors
/// [`ReadFault::Folder`]; a folder that is not there holds no weeks.
pub fn weeks(dir: &Path) -> Result<Vec<WeekFile>, ReadFault> {
    match book::week_files(dir) {
        Ok(files) => Ok(files.into_iter().map(|(week, path)| WeekFile { path, week }).collect()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ReadFault::Folder { path: dir.to_owned(), source }),
    }
}

/// Which events of a week are wanted: those that meet every condition given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub person: Option<PersonId>,
    pub device: Option<DeviceId>,
    pub client: Option<IpAddr>,
    /// This host, and every host below it.
    pub host: Option<String>,
    pub action: Option<Action>,
    /// The category that decided, or any that the lists say.
    pub category: Option<Category>,
    /// From this moment on, in milliseconds since 1970; of what one row stands for, the last.
    pub since_ms: Option<i64>,
    /// Before this moment; of what one row stands for, the first.
    pub until_ms: Option<i64>,
    /// After this seq: what is new since the last look.
    pub after: Option<u64>,
}

impl Filter {
    /// As conditions of SQL on a file of this version, and their values.
    fn conditions(&self, version: i32) -> (String, Vec<Value>) {
        let since_sql = format!("{} >= ?", schema::last_ms(version));
        let mut given: Vec<(&str, Vec<Value>)> = Vec::new();
        if let Some(PersonId(id)) = self.person {
            given.push(("events.person = ?", vec![i64::from(id).into()]));
        }
        if let Some(DeviceId(id)) = self.device {
            given.push(("events.device = ?", vec![i64::from(id).into()]));
        }
        if let Some(client) = self.client {
            given.push(("events.client = ?", vec![client.to_canonical().to_string().into()]));
        }
        if let Some(host) = &self.host {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let below = format!(".{host}");
            let sql = "events.host IN (SELECT id FROM hosts WHERE host = ? OR substr(host, -?) = ?)";
            given.push((sql, vec![host.into(), (below.chars().count() as i64).into(), below.into()]));
        }
        if let Some(action) = self.action {
            given.push(("events.action = ?", vec![i64::from(action as u8).into()]));
        }
        if let Some(category) = self.category {
            let bit = 1i64.wrapping_shl(category.bit().into());
            let values = vec![i64::from(category.bit()).into(), bit.into()];
            given.push(("(events.category = ? OR events.categories & ? <> 0)", values));
        }
        if let Some(since) = self.since_ms {
            given.push((&since_sql, vec![since.into()]));
        }
        if let Some(until) = self.until_ms {
            given.push(("events.when_ms < ?", vec![until.into()]));
        }
        let sql = given.iter().map(|(sql, _)| format!(" AND {sql}")).collect();
        (sql, given.into_iter().flat_map(|(_, values)| values).collect())
    }
}

/// An event as a week file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub seq: u64,
    /// How its time is known.
    pub dated: Dated,
    pub event: Event<'static>,
}

/// Events that were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredGap {
    pub seq: u64,
    /// 0: nobody could count them.
    pub lost: u64,
    pub from_ms: i64,
    pub until_ms: i64,
    pub dated: Dated,
}

/// The newest events of a week: all after a seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    pub after: Option<u64>,
    pub count: usize,
    /// There are older ones.
    pub more: bool,
}

/// One week's file, open for reading.
pub struct Week {
    path: PathBuf,
    db: Connection,
    version: i32,
    /// Names by version, as far as they were asked for.
    names: RefCell<HashMap<u32, Rc<Names>>>,
    /// What opens what is sealed, once somebody has signed in.
    opened: Option<Opened>,
}

impl Week {
    /// # Errors
    /// [`ReadFault`]: the file cannot be read, is not ours, or is newer than this gate.
    pub fn open(path: &Path) -> Result<Self, ReadFault> {
        let at = |source| ReadFault::Sqlite { path: path.to_owned(), source };
        let db = connect(path).map_err(at)?;
        let (application, version) = schema::identity(&db).map_err(at)?;
        match (application == schema::APPLICATION, version) {
            (true, 1..=schema::VERSION) => {
                Ok(Self { path: path.to_owned(), db, version, names: RefCell::default(), opened: None })
            }
            (true, found) if found > schema::VERSION => Err(ReadFault::Newer { path: path.to_owned(), found }),
            _ => Err(ReadFault::Foreign { path: path.to_owned() }),
        }
    }

    /// From now on [`Week::events`] has what was typed, where it was sealed to these keys. Whoever calls this has recorded who
    /// opens it, and why.
    pub fn open_with(&mut self, opener: Arc<Opener>) {
        self.opened = Some(Opened::new(opener));
    }

    /// What of the events read so far stayed sealed although it was to be opened.
    pub fn unopened(&self) -> Unopened {
        self.opened.as_ref().map(Opened::unopened).unwrap_or_default()
    }

    fn opened(&self, mut stored: Stored) -> Result<Stored, ReadFault> {
        if let Some(opened) = &self.opened {
            let file = |id| schema::data_key(&self.db, self.version, id);
            opened.open(&mut stored, self.path.parent(), file).map_err(|source| self.fault(source))?;
        }
        Ok(stored)
    }

    /// The database itself, for reports that count in SQL; [`super::schema`] says what the columns mean.
    pub fn connection(&self) -> &Connection {
        &self.db
    }

    fn fault(&self, source: rusqlite::Error) -> ReadFault {
        ReadFault::Sqlite { path: self.path.clone(), source }
    }

    /// The events that meet a filter, in the order of their seq.
    pub fn events(&self, filter: &Filter) -> Events<'_> {
        let (conditions, values) = filter.conditions(self.version);
        let select = schema::select(self.version);
        let sql = format!("{select} WHERE events.seq > ?{conditions} ORDER BY events.seq LIMIT {PAGE}");
        Events { week: self, sql, values, after: filter.after.unwrap_or(0), page: VecDeque::new(), ended: false }
    }

    /// Where the newest events that meet a filter begin.
    ///
    /// # Errors
    /// [`ReadFault::Sqlite`].
    pub fn newest(&self, filter: &Filter, limit: usize) -> Result<Newest, ReadFault> {
        let (conditions, values) = filter.conditions(self.version);
        // One more than asked for: it is where they begin after, and tells that there are older ones.
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let sql = format!(
            "SELECT ifnull(min(seq), 0), count(*) FROM (SELECT events.seq AS seq FROM events WHERE events.seq > ?{conditions} \
             ORDER BY events.seq DESC LIMIT {one_more})"
        );
        let values = std::iter::once(Value::from(filter.after.unwrap_or(0) as i64)).chain(values);
        let read = |row: &rusqlite::Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)?));
        let (first, found) = self.db.query_row(&sql, params_from_iter(values), read).map_err(|e| self.fault(e))?;
        let more = found == one_more;
        let count = usize::try_from(found).unwrap_or(usize::MAX).min(limit);
        Ok(Newest { after: if more { Some(first) } else { filter.after }, count, more })
    }

    /// The newest events of a client that were blocked or warned of and reach to this moment, the newest first. It looks at no more
    /// than the last [`LOOKED_AT`] of each kind of the whole school, whoever's they are, so that nobody who asks can keep the disk
    /// busy.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn stopped(&self, client: IpAddr, since_ms: i64, limit: usize) -> Result<Vec<Stored>, ReadFault> {
        let at = |source| self.fault(source);
        let mut found = Vec::new();
        for action in [Action::Block, Action::Warn] {
            let mut statement = self.db.prepare_cached(&self.stopped_sql(action)).map_err(at)?;
            let client = client.to_canonical().to_string();
            let most = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query((client, since_ms, most)).map_err(at)?;
            while let Some(row) = rows.next().map_err(at)? {
                let seq = row.get::<_, i64>(0).map_err(at)? as u64;
                let Some((_, dated, event)) = schema::event_of(row).map_err(at)? else {
                    return Err(ReadFault::Row { path: self.path.clone(), seq });
                };
                found.push(Stored { seq, dated, event });
            }
        }
        found.sort_by_key(|stored| std::cmp::Reverse(stored.seq));
        found.truncate(limit);
        Ok(found)
    }

    /// The action stands in it as a number: only so SQLite knows that its index of what was not allowed holds them all.
    fn stopped_sql(&self, action: Action) -> String {
        format!(
            "{} WHERE events.seq IN (SELECT seq FROM events WHERE action = {} ORDER BY seq DESC LIMIT {LOOKED_AT}) \
             AND events.client = ? AND {} >= ? ORDER BY events.seq DESC LIMIT ?",
            schema::select(self.version),
            action as u8,
            schema::last_ms(self.version)
        )
    }

    /// What was lost, in the order in which it was noticed.
    pub fn gaps(&self) -> Result<Vec<StoredGap>, ReadFault> {
        let read = || -> rusqlite::Result<Vec<StoredGap>> {
            let sql = "SELECT seq, lost, from_ms, until_ms, dated FROM gaps ORDER BY seq";
            self.db
                .prepare(sql)?
                .query_map([], |row| {
                    Ok(StoredGap {
                        seq: row.get::<_, i64>(0)? as u64,
                        lost: row.get::<_, i64>(1)? as u64,
                        from_ms: row.get(2)?,
                        until_ms: row.get(3)?,
                        dated: Dated::from_u8(row.get(4)?).unwrap_or(Dated::Before),
                    })
                })?
                .collect()
        };
        read().map_err(|source| self.fault(source))
    }

    /// What the ids of a policy version were called. `None`: nobody ever named that version.
    pub fn names(&self, version: u32) -> Result<Option<Names>, ReadFault> {
        let sql = "SELECT names FROM names WHERE version = ?1";
        let text: Option<String> = self.db.query_row(sql, [version], |row| row.get(0)).optional().map_err(|e| self.fault(e))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The same, kept after the first time, for whoever goes through events; empty for a version that nobody named.
    pub fn names_of(&self, version: u32) -> Result<Rc<Names>, ReadFault> {
        if let Some(known) = self.names.borrow().get(&version) {
            return Ok(known.clone());
        }
        let names = Rc::new(self.names(version)?.unwrap_or_default());
        self.names.borrow_mut().insert(version, names.clone());
        Ok(names)
    }

    /// The highest seq of the week; 0 if it has no events.
    ///
    /// # Errors
    /// [`ReadFault::Sqlite`].
    pub fn last_seq(&self) -> Result<u64, ReadFault> {
        let last = self.db.query_row("SELECT ifnull(max(seq), 0) FROM events", [], |row| row.get::<_, i64>(0));
        last.map(|n| n as u64).map_err(|e| self.fault(e))
    }

    /// How many events the week has: the sum of their counts.
    pub fn total(&self) -> Result<u64, ReadFault> {
        let sum = self.db.query_row("SELECT ifnull(sum(count), 0) FROM events", [], |row| row.get::<_, i64>(0));
        sum.map(|n| n as u64).map_err(|e| self.fault(e))
    }
}

/// Opens for reading only. Where even the files beside a log cannot be made (a folder that is not ours to write), a file without
/// a log is read as it is.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let uri = |end: &str| {
        let bytes = path.as_os_str().as_encoded_bytes();
        let plain = |c: &u8| c.is_ascii_alphanumeric() || b"/-_.~".contains(c);
        let path: String = bytes.iter().map(|c| if plain(c) { (*c as char).to_string() } else { format!("%{c:02X}") }).collect();
        format!("file:{path}{end}")
    };
    let open = |end: &str| -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(uri(end), flags)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    };
    match open("") {
        Err(e) if matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            let log = PathBuf::from(format!("{}-wal", path.display()));
            if std::fs::metadata(log).is_ok_and(|m| m.len() > 0) { Err(e) } else { open("?immutable=1") }
        }
        other => other,
    }
}

/// The events of a week, a page at a time.
pub struct Events<'a> {
    week: &'a Week,
    sql: String,
    values: Vec<Value>,
    after: u64,
    page: VecDeque<Stored>,
    ended: bool,
}

impl Events<'_> {
    fn fetch(&mut self) -> Result<(), ReadFault> {
        let at = |source| self.week.fault(source);
        let mut statement = self.week.db.prepare_cached(&self.sql).map_err(at)?;
        let values = std::iter::once(Value::from(self.after as i64)).chain(self.values.iter().cloned());
        let mut rows = statement.query(params_from_iter(values)).map_err(at)?;
        let mut read = 0;
        while let Some(row) = rows.next().map_err(at)? {
            read += 1;
            let seq = row.get::<_, i64>(0).map_err(at)? as u64;
            let Some((_, dated, event)) = schema::event_of(row).map_err(at)? else {
                return Err(ReadFault::Row { path: self.week.path.clone(), seq });
            };
            self.after = seq;
            self.page.push_back(self.week.opened(Stored { seq, dated, event })?);
        }
        self.ended = read < PAGE;
        Ok(())
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Stored, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.ended
            && let Err(fault) = self.fetch()
        {
            self.ended = true;
            return Some(Err(fault));
        }
        self.page.pop_front().map(Ok)
    }
}
