//! A row of a week file as an event, and a filter as conditions on such rows.

use super::event::{Event, Span};
use super::read::Filter;
use super::schema;
use super::time::Dated;
use super::why::{self, Why};
use crate::words::{DeviceId, PersonId, Who};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What [`Rows::event`] reads; conditions follow.
pub const SELECT: &str = "SELECT events.seq, events.at, events.who, hosts.host, events.why, events.bytes_up, events.bytes_down, \
                          events.duration_ms, events.count, events.attempts, events.last, details.path, details.search, details.sealed \
                          FROM events LEFT JOIN hosts ON hosts.id = events.host LEFT JOIN details ON details.seq = events.seq";

/// The rows of one file, with what they have in common, as far as it was met.
pub struct Rows {
    pub base_ms: i64,
    whos: RefCell<HashMap<i64, Option<Who>>>,
    whys: RefCell<HashMap<i64, Option<Rc<Why>>>>,
}

impl Rows {
    pub fn of(db: &Connection) -> rusqlite::Result<Self> {
        Ok(Self { base_ms: schema::base_ms(db)?, whos: RefCell::default(), whys: RefCell::default() })
    }

    /// A row of [`SELECT`] as an event. `None`: it holds what no event has.
    pub fn event(&self, db: &Connection, row: &Row) -> rusqlite::Result<Option<(u64, Dated, Event<'static>)>> {
        let who: Option<i64> = row.get(2)?;
        let who = match who {
            None => None,
            Some(id) => match self.who(db, id)? {
                None => return Ok(None),
                who => who,
            },
        };
        let Some(why) = self.why(db, row.get(4)?)? else { return Ok(None) };
        let when_ms = self.base_ms.wrapping_add(row.get(1)?);
        let span = row.get::<_, Option<i64>>(10)?.zip(row.get(9)?);
        let text = |at: usize| -> rusqlite::Result<Option<Cow<'static, str>>> {
            let bytes: Option<Vec<u8>> = row.get(at)?;
            Ok(String::from_utf8(bytes.unwrap_or_default()).ok().map(Cow::Owned))
        };
        let (Some(path), Some(search)) = (text(11)?, text(12)?) else { return Ok(None) };
        let event = Event {
            when_ms,
            who,
            host: Cow::Owned(row.get::<_, Option<String>>(3)?.unwrap_or_default()),
            path,
            count: row.get::<_, Option<u32>>(8)?.unwrap_or(1),
            span: span.map(|(last, attempts)| Span { last_ms: when_ms.saturating_add(last), attempts }),
            bytes_up: row.get::<_, i64>(5)? as u64,
            bytes_down: row.get::<_, i64>(6)? as u64,
            duration_ms: row.get(7)?,
            search,
            sealed: row.get::<_, Option<Vec<u8>>>(13)?.map(Cow::Owned),
            ..why.event.clone()
        };
        Ok(Some((row.get::<_, i64>(0)? as u64, why.dated, event)))
    }

    /// Who an id of the file is. `None`: nobody that can be read.
    pub fn who(&self, db: &Connection, id: i64) -> rusqlite::Result<Option<Who>> {
        if let Some(who) = self.whos.borrow().get(&id) {
            return Ok(*who);
        }
        let sql = format!("SELECT {} FROM whos WHERE id = ?1", why::WHO);
        let who = db.prepare_cached(&sql)?.query_row([id], |row| why::read_who(row, 0)).optional()?.flatten();
        self.whos.borrow_mut().insert(id, who);
        Ok(who)
    }

    fn why(&self, db: &Connection, id: i64) -> rusqlite::Result<Option<Rc<Why>>> {
        if let Some(why) = self.whys.borrow().get(&id) {
            return Ok(why.clone());
        }
        let sql = format!("SELECT {} FROM whys WHERE id = ?1", why::WHY);
        let why = db.prepare_cached(&sql)?.query_row([id], |row| Why::read(row, 0)).optional()?.flatten().map(Rc::new);
        self.whys.borrow_mut().insert(id, why.clone());
        Ok(why)
    }

    /// A filter as conditions of SQL, and their values.
    pub fn conditions(&self, filter: &Filter) -> (String, Vec<Value>) {
        let mut given: Vec<(&str, Vec<Value>)> = Vec::new();
        let of = whose(filter);
        let who = format!("events.who IN ({})", of.0);
        if !of.1.is_empty() {
            given.push((&who, of.1));
        }
        if let Some(host) = &filter.host {
            let (host, below) = host_and_below(host);
            let sql = "events.host IN (SELECT id FROM hosts WHERE host = ? OR substr(host, -?) = ?)";
            given.push((sql, vec![host.into(), (below.chars().count() as i64).into(), below.into()]));
        }
        if let Some(action) = filter.action {
            let sql = "events.why IN (SELECT id FROM whys WHERE action = ?)";
            given.push((sql, vec![i64::from(action as u8).into()]));
        }
        if let Some(category) = filter.category {
            let bit = 1i64.wrapping_shl(category.bit().into());
            let sql = "events.why IN (SELECT id FROM whys WHERE category = ? OR categories & ? <> 0)";
            given.push((sql, vec![i64::from(category.bit()).into(), bit.into()]));
        }
        if let Some(since) = filter.since_ms {
            given.push(("events.at + ifnull(events.last, 0) >= ?", vec![since.saturating_sub(self.base_ms).into()]));
        }
        if let Some(until) = filter.until_ms {
            given.push(("events.at < ?", vec![until.saturating_sub(self.base_ms).into()]));
        }
        if let Some(upto) = filter.upto {
            given.push(("events.seq <= ?", vec![(upto as i64).into()]));
        }
        let sql = given.iter().map(|(sql, _)| format!(" AND {sql}")).collect();
        (sql, given.into_iter().flat_map(|(_, values)| values).collect())
    }

    /// The ids of those a filter is for. `None`: it is for everybody.
    pub fn whos(&self, db: &Connection, filter: &Filter) -> rusqlite::Result<Option<Vec<i64>>> {
        let (sql, values) = whose(filter);
        if values.is_empty() {
            return Ok(None);
        }
        db.prepare(&sql)?.query_map(params_from_iter(values), |row| row.get(0))?.collect::<rusqlite::Result<_>>().map(Some)
    }
}

/// `SELECT id FROM whos …` of those a filter is for.
fn whose(filter: &Filter) -> (String, Vec<Value>) {
    let mut given: Vec<(&str, Value)> = Vec::new();
    if let Some(PersonId(id)) = filter.person {
        given.push(("person = ?", i64::from(id).into()));
    }
    if let Some(DeviceId(id)) = filter.device {
        given.push(("device = ?", i64::from(id).into()));
    }
    if let Some(client) = filter.client {
        given.push(("client = ?", client.to_canonical().to_string().into()));
    }
    let conditions: Vec<_> = given.iter().map(|(sql, _)| *sql).collect();
    (format!("SELECT id FROM whos WHERE {}", conditions.join(" AND ")), given.into_iter().map(|(_, value)| value).collect())
}

/// A host, and what every host below it ends with.
pub fn host_and_below(host: &str) -> (String, String) {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below = format!(".{host}");
    (host, below)
}
