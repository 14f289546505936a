//! Reading week files: while the gate writes them, and long after.

mod connect;
mod events;

pub use super::filter::Filter;
pub use events::Events;

use self::connect::connect;
use self::events::Next;
use super::book;
use super::event::Event;
use super::names::Names;
use super::opened::{Opened, Taken, Unopened};
use super::rollup::{self, Cell, Leave, Place};
use super::rows::{self, Rows};
use super::sealing::{bound, sealed_key};
use super::time::Dated;
use super::week::IsoWeek;
use super::{schema, wide};
use crate::policy::Action;
use crate::seal::{Opener, Sealed};
use crate::words::Who;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

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

/// An event as a week file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub seq: u64,
    /// How its time is known.
    pub dated: Dated,
    pub event: Event<'static>,
}

impl Stored {
    /// Blocked, or warned of.
    pub fn is_stopped(&self) -> bool {
        matches!(self.event.action, Action::Block | Action::Warn)
    }
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

/// Takes a cell of sums: its first moment in milliseconds since 1970, whose it is, under which policy version.
pub type EachCell<'a> = dyn FnMut(i64, Option<&Who>, u32, &Cell) + 'a;

/// One week's file, open for reading.
pub struct Week {
    path: PathBuf,
    db: Connection,
    layout: Layout,
    /// What comes later is not read.
    upto: Option<u64>,
    /// Names by version, as far as they were asked for.
    names: RefCell<HashMap<u32, Rc<Names>>>,
    /// What opens what is sealed, once somebody has signed in.
    opened: Option<Opened>,
}

/// How its rows are stored.
enum Layout {
    /// By a version before the present tables.
    Wide(i32),
    Rows(Rows),
}

impl Week {
    /// # Errors
    /// [`ReadFault`]: the file cannot be read, is not ours, or is newer than this gate.
    pub fn open(path: &Path) -> Result<Self, ReadFault> {
        let at = |source| ReadFault::Sqlite { path: path.to_owned(), source };
        let db = connect(path).map_err(at)?;
        let (application, version) = schema::identity(&db).map_err(at)?;
        let layout = match (application == schema::APPLICATION, version) {
            (true, 1..schema::FIRST) => Layout::Wide(version),
            (true, schema::FIRST..=schema::VERSION) => Layout::Rows(Rows::of(&db).map_err(at)?),
            (true, found) if found > schema::VERSION => return Err(ReadFault::Newer { path: path.to_owned(), found }),
            _ => return Err(ReadFault::Foreign { path: path.to_owned() }),
        };
        Ok(Self { path: path.to_owned(), db, layout, upto: None, names: RefCell::default(), opened: None })
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
            opened.open(&mut stored, self.path.parent(), |id| self.data_key(id)).map_err(|source| self.fault(source))?;
        }
        Ok(stored)
    }

    fn data_key(&self, id: u32) -> rusqlite::Result<Option<Vec<u8>>> {
        let version = match &self.layout {
            Layout::Wide(version) => *version,
            Layout::Rows(_) => schema::VERSION,
        };
        schema::data_key(&self.db, version, id)
    }

    /// What was typed in an event of this week, sealed, to be kept for longer than the week. `None`: nothing is sealed in it, or
    /// its key is gone.
    ///
    /// # Errors
    /// [`ReadFault`].
    pub fn taken(&self, stored: &Stored) -> Result<Option<Taken>, ReadFault> {
        let Some(bytes) = stored.event.sealed.as_deref() else { return Ok(None) };
        let Some(sealed) = Sealed::parse(bytes) else { return Ok(None) };
        let key = self.data_key(sealed.key).map_err(|source| self.fault(source))?;
        let key = key.or_else(|| sealed_key(self.path.parent()?, sealed.key));
        Ok(key.map(|key| Taken::new(bytes, &key, &bound(&stored.event))))
    }

    /// The same, and of its rows only those up to this seq.
    pub(super) fn upto(self, upto: u64) -> Self {
        Self { upto: Some(upto), ..self }
    }

    /// Reads on as the file is at the next look, whatever is written meanwhile.
    pub(super) fn hold(&self) -> Result<(), ReadFault> {
        self.db.execute_batch("BEGIN").map_err(|e| self.fault(e))
    }

    /// Which seqs the file has, as ranges; of the first version's, which had none, the one from the first row to the last.
    pub(super) fn booked(&self) -> Result<Vec<(u64, u64)>, ReadFault> {
        let sql = match &self.layout {
            Layout::Wide(version) if *version < wide::SPANS => "SELECT min(seq), max(seq) FROM events HAVING count(*) > 0",
            _ => "SELECT first, last FROM booked",
        };
        let read = |row: &Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
        let ranges = || -> rusqlite::Result<_> { self.db.prepare(sql)?.query_map([], read)?.collect() };
        ranges().map_err(|e| self.fault(e))
    }

    /// The database itself; [`super::schema`] says what the columns mean.
    pub fn connection(&self) -> &Connection {
        &self.db
    }

    fn fault(&self, source: rusqlite::Error) -> ReadFault {
        ReadFault::Sqlite { path: self.path.clone(), source }
    }

    /// A filter that ends where this does.
    fn bounded(&self, filter: &Filter) -> Filter {
        let upto = match (filter.upto, self.upto) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Filter { upto, ..filter.clone() }
    }

    /// What rows are read by, and a filter as conditions on them.
    fn select(&self, filter: &Filter) -> (String, String, Vec<Value>) {
        let (select, (conditions, values)) = match &self.layout {
            Layout::Wide(version) => (wide::select(*version), wide::conditions(filter, *version)),
            Layout::Rows(rows) => (rows::SELECT.to_owned(), rows.conditions(filter)),
        };
        (select, conditions, values)
    }

    fn stored(&self, row: &Row) -> Result<Stored, ReadFault> {
        let read = match &self.layout {
            Layout::Wide(_) => wide::event_of(row),
            Layout::Rows(rows) => rows.event(&self.db, row),
        };
        match read.map_err(|source| self.fault(source))? {
            Some((seq, dated, event)) => self.opened(Stored { seq, dated, event }),
            None => {
                let seq = row.get::<_, i64>(0).map_err(|source| self.fault(source))? as u64;
                Err(ReadFault::Row { path: self.path.clone(), seq })
            }
        }
    }

    /// The rows that are those of whom a filter is for, from its moment on. `None`: it is for everybody, or nobody knows.
    fn seqs(&self, filter: &Filter) -> rusqlite::Result<Option<Vec<u64>>> {
        let Layout::Rows(rows) = &self.layout else { return Ok(None) };
        let Some(whos) = rows.whos(&self.db, filter)? else { return Ok(None) };
        // A row stands where it began, at most a minute before it ends.
        let since =
            filter.since_ms.map_or(i64::MIN, |since| (since.saturating_sub(rows.base_ms)).div_euclid(rollup::SLOT_MS) - 1);
        let mut seqs = rollup::seqs_of(&self.db, &whos, since)?;
        let within = |seq: u64| filter.after.is_none_or(|after| seq > after) && filter.upto.is_none_or(|upto| seq <= upto);
        seqs.retain(|seq| within(*seq));
        Ok(Some(seqs))
    }

    /// The events that meet a filter, in the order of their seq.
    pub fn events(&self, filter: &Filter) -> Events<'_> {
        let filter = &self.bounded(filter);
        let (select, conditions, values) = self.select(filter);
        let (sql, next) = match self.seqs(filter) {
            Ok(Some(seqs)) => (format!("{select} WHERE events.seq = ?"), Next::Seqs(filter.clone(), seqs.into())),
            // A file that is broken says so when it is read.
            _ => {
                let sql = format!("{select} WHERE events.seq > ?{conditions} ORDER BY events.seq LIMIT {}", events::PAGE);
                (sql, Next::After(filter.after.unwrap_or(0), values))
            }
        };
        Events { week: self, sql, next, page: VecDeque::new(), ended: false }
    }

    /// Rows by their seqs, in this order.
    pub fn rows(&self, seqs: Vec<u64>) -> Events<'_> {
        let (select, ..) = self.select(&Filter::default());
        let next = Next::Seqs(Filter::default(), seqs.into());
        Events { week: self, sql: format!("{select} WHERE events.seq = ?"), next, page: VecDeque::new(), ended: false }
    }

    /// Where the newest events that meet a filter begin.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn newest(&self, filter: &Filter, limit: usize) -> Result<Newest, ReadFault> {
        let filter = &self.bounded(filter);
        if let Some(seqs) = self.seqs(filter).map_err(|e| self.fault(e))? {
            return self.newest_of(seqs, filter, limit);
        }
        let (_, conditions, values) = self.select(filter);
        // One more than asked for: it is where they begin after, and tells that there are older ones.
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let sql = format!(
            "SELECT ifnull(min(seq), 0), count(*) FROM (SELECT events.seq AS seq FROM events WHERE events.seq > ?{conditions} \
             ORDER BY events.seq DESC LIMIT {one_more})"
        );
        let values = std::iter::once(Value::from(filter.after.unwrap_or(0) as i64)).chain(values);
        let read = |row: &Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)?));
        let (first, found) = self.db.query_row(&sql, params_from_iter(values), read).map_err(|e| self.fault(e))?;
        let more = found == one_more;
        let count = usize::try_from(found).unwrap_or(usize::MAX).min(limit);
        Ok(Newest { after: if more { Some(first) } else { filter.after }, count, more })
    }

    fn newest_of(&self, mut seqs: Vec<u64>, filter: &Filter, limit: usize) -> Result<Newest, ReadFault> {
        let Filter { person, device, client, after, upto, .. } = *filter;
        let of_whom = Filter { person, device, client, after, upto, ..Filter::default() };
        seqs.reverse();
        let found = if *filter == of_whom {
            seqs.truncate(limit.saturating_add(1));
            seqs
        } else {
            let rows = self.events_of(filter, seqs).take(limit.saturating_add(1));
            rows.map(|row| row.map(|stored| stored.seq)).collect::<Result<_, _>>()?
        };
        let more = found.len() > limit;
        let after = if more { found.last().copied() } else { filter.after };
        Ok(Newest { after, count: found.len().min(limit), more })
    }

    fn events_of(&self, filter: &Filter, seqs: Vec<u64>) -> Events<'_> {
        let events = self.rows(seqs);
        let next = match events.next {
            Next::Seqs(_, seqs) => Next::Seqs(filter.clone(), seqs),
            after => after,
        };
        Events { next, ..events }
    }

    /// The newest events of a client that were blocked or warned of and reach to this moment, the newest first. It looks at no more
    /// than the client's own last [`LOOKED_AT`], in the older files the whole school's, so that nobody who asks can keep the disk
    /// busy.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn stopped(&self, client: IpAddr, since_ms: i64, limit: usize) -> Result<Vec<Stored>, ReadFault> {
        let filter = self.bounded(&Filter { client: Some(client), since_ms: Some(since_ms), ..Filter::default() });
        let seqs = match self.seqs(&filter).map_err(|e| self.fault(e))? {
            Some(mut seqs) => {
                seqs.reverse();
                seqs.truncate(LOOKED_AT);
                seqs
            }
            None => {
                let sql = format!("SELECT seq FROM events WHERE action IN (1, 2) ORDER BY seq DESC LIMIT {LOOKED_AT}");
                let read = || -> rusqlite::Result<Vec<u64>> {
                    self.db.prepare(&sql)?.query_map([], |row| row.get::<_, i64>(0).map(|seq| seq as u64))?.collect()
                };
                read().map_err(|e| self.fault(e))?
            }
        };
        self.events_of(&filter, seqs).filter(|row| row.as_ref().map_or(true, Stored::is_stopped)).take(limit).collect()
    }

    /// Every cell of sums of the file, with whose it is, by its first moment in milliseconds since 1970. False: it has none, an
    /// earlier version wrote it.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn each_cell(&self, each: &mut EachCell) -> Result<bool, ReadFault> {
        let Layout::Rows(rows) = &self.layout else { return Ok(false) };
        let mut fault = None;
        let read = rollup::each_cell(&self.db, &mut |place: Place, cell| {
            let who = if place.who == 0 { Ok(None) } else { rows.who(&self.db, place.who) };
            match who {
                Ok(who) => {
                    each(rows.base_ms.wrapping_add(place.slot.wrapping_mul(rollup::SLOT_MS)), who.as_ref(), place.version, cell)
                }
                Err(broken) => fault = Some(broken),
            }
        });
        read.and_then(|()| fault.map_or(Ok(true), Err)).map_err(|e| self.fault(e))
    }

    /// How often what the school had opened let something through: whose, by which policy version.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn uses(&self) -> Result<Vec<(Who, u32, Leave, u64)>, ReadFault> {
        let Layout::Rows(rows) = &self.layout else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (who, version, opened, count) in rollup::uses(&self.db).map_err(|e| self.fault(e))? {
            if let Some(who) = rows.who(&self.db, who).map_err(|e| self.fault(e))? {
                found.push((who, version, opened, count));
            }
        }
        Ok(found)
    }

    /// The rows that a report tells of one by one, in the order of their seqs.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn told(&self) -> Result<Events<'_>, ReadFault> {
        Ok(self.rows(rollup::told(&self.db).map_err(|e| self.fault(e))?))
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
        last.map(|n| self.upto.map_or(n as u64, |upto| upto.min(n as u64))).map_err(|e| self.fault(e))
    }

    /// How many events the week has: the sum of their counts, and those that are kept as sums alone.
    pub fn total(&self) -> Result<u64, ReadFault> {
        let sum = self.db.query_row("SELECT ifnull(sum(ifnull(count, 1)), 0) FROM events", [], |row| row.get::<_, i64>(0));
        Ok(sum.map_err(|e| self.fault(e))? as u64 + self.summed()?)
    }

    /// How many allowed events there was no room for a row of: they are in the sums of their five minutes alone.
    ///
    /// # Errors
    /// [`ReadFault`]: the file cannot be read.
    pub fn summed(&self) -> Result<u64, ReadFault> {
        schema::summed(&self.db).map(|all| all.iter().map(|one| one.events).sum()).map_err(|e| self.fault(e))
    }
}
