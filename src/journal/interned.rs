//! The ids of what a week file has once: hosts, who it was, and why.

use super::event::Event;
use super::schema::{self, Ids};
use super::time::Dated;
use super::why::{self, Why};
use rusqlite::Connection;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Ids that are known, of each kind: what is forgotten past this is stored a second time, and means the same. Twice the hosts of
/// a large school's week; 13 MiB.
const MOST: usize = 1 << 18;

/// 128 keyed bits of some bytes: nobody outside can make two that are taken for one.
#[derive(Default)]
pub struct Keys([RandomState; 2]);

impl Keys {
    pub fn of(&self, parts: &[&[u8]]) -> u128 {
        let half = |keys: &RandomState| {
            let mut hasher = keys.build_hasher();
            parts.iter().for_each(|part| hasher.write(part));
            hasher.finish()
        };
        u128::from(half(&self.0[0])) << 64 | u128::from(half(&self.0[1]))
    }
}

/// What is found by such bits, which need no other hash.
pub type Keyed<T> = HashMap<u128, T, BuildHasherDefault<Low>>;

#[derive(Default)]
pub struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// The ids of one week file.
#[derive(Default)]
pub struct Interned {
    keys: Keys,
    hosts: Keyed<i64>,
    whos: Keyed<i64>,
    whys: Keyed<i64>,
    bytes: Vec<u8>,
}

impl Interned {
    /// What the file has already.
    pub fn read(db: &Connection) -> rusqlite::Result<Self> {
        let mut known = Self::default();
        let mut hosts = db.prepare("SELECT id, host FROM hosts ORDER BY id DESC LIMIT ?1")?;
        let mut rows = hosts.query([MOST as i64])?;
        while let Some(row) = rows.next()? {
            let key = known.keys.of(&[row.get_ref(1)?.as_bytes().unwrap_or_default()]);
            known.hosts.insert(key, row.get(0)?);
        }
        let mut whos = db.prepare(&format!("SELECT id, {} FROM whos ORDER BY id DESC LIMIT ?1", why::WHO))?;
        let mut rows = whos.query([MOST as i64])?;
        while let Some(row) = rows.next()? {
            if let Some(who) = why::read_who(row, 1)? {
                why::who_key(&who, &mut known.bytes);
                known.whos.insert(known.keys.of(&[&known.bytes]), row.get(0)?);
            }
        }
        let mut whys = db.prepare(&format!("SELECT id, {} FROM whys ORDER BY id DESC LIMIT ?1", why::WHY))?;
        let mut rows = whys.query([MOST as i64])?;
        while let Some(row) = rows.next()? {
            if let Some(why) = Why::read(row, 1)? {
                why::key(&why.event, why.dated, &mut known.bytes);
                known.whys.insert(known.keys.of(&[&known.bytes]), row.get(0)?);
            }
        }
        Ok(known)
    }

    /// The ids of an event; what the file does not have yet is added.
    pub fn ids(&mut self, db: &Connection, event: &Event, dated: Dated) -> rusqlite::Result<Ids> {
        let host = match &*event.host {
            "" => None,
            host => Some(id(&mut self.hosts, self.keys.of(&[host.as_bytes()]), || schema::add_host(db, host))?),
        };
        let who = self.who(db, event)?;
        why::key(event, dated, &mut self.bytes);
        let why = id(&mut self.whys, self.keys.of(&[&self.bytes]), || schema::add_why(db, event, dated))?;
        Ok(Ids { who, host, why })
    }

    /// The id of who it was; `None` where nobody may be written down.
    pub fn who(&mut self, db: &Connection, event: &Event) -> rusqlite::Result<Option<i64>> {
        let Some(who) = &event.who else { return Ok(None) };
        why::who_key(who, &mut self.bytes);
        id(&mut self.whos, self.keys.of(&[&self.bytes]), || schema::add_who(db, who)).map(Some)
    }
}

fn id(known: &mut Keyed<i64>, key: u128, add: impl FnOnce() -> rusqlite::Result<i64>) -> rusqlite::Result<i64> {
    if let Some(id) = known.get(&key) {
        return Ok(*id);
    }
    let id = add()?;
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(key, id);
    Ok(id)
}
