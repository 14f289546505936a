//! What a week comes to, kept as events arrive: for every five minutes, everybody who asked for anything then, and every policy
//! version, one [`Cell`] of sums, and the seqs of the rows it is made of. A report reads these, and of the rows only those that it
//! tells of one by one; a search for a person finds their rows by them.
//!
//! Rows and cells are written in one transaction, and a row never changes: so the cells are the sums of the rows at every moment.

mod cell;
mod seqs;

pub use cell::{Cell, is_blocked, is_help, is_left_out};

use self::cell::{CELL, cell_of};
use self::seqs::{extend, read_seqs};
use super::event::Event;
use crate::policy::{Action, Step};
use crate::words::{Category, ClientAddr, DeviceId, PersonId, Who};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, HashSet};

/// Five minutes.
pub const SLOT_MS: i64 = 5 * 60 * 1000;

/// Names within this time of a block tell a widget from a visit. More than any reader goes by.
const NEAR_MS: i64 = 2_000;
/// How long after an event one may still come that happened before it: doors hand over several times a second.
const LATE_MS: i64 = 4_000;
/// How far back before the newest row of a file one may be that is remembered for that, when the file is opened again.
pub const RESUMED_MS: i64 = LATE_MS + NEAR_MS + 60_000;
/// Most attempts that are remembered for that: those of some seconds of a large school.
pub const MAX_RECENT: usize = 20_000;

/// Which cell: a slot of the file, who (0: nobody may be written down) and the policy version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub slot: i64,
    pub who: i64,
    pub version: u32,
}

/// By what something was let through that the school had opened: how often is counted by person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leave {
    Pass(u16),
    /// An entry of the school's own. `None`: it said none.
    Entry(Option<u32>),
}

impl Leave {
    fn stored(self) -> (u8, i64) {
        match self {
            Self::Pass(id) => (0, id.into()),
            Self::Entry(id) => (1, id.map_or(-1, i64::from)),
        }
    }

    fn of_stored(kind: u8, id: i64) -> Self {
        if kind == 0 { Self::Pass(u16::try_from(id).unwrap_or(u16::MAX)) } else { Self::Entry(u32::try_from(id).ok()) }
    }

    /// What let this one through.
    pub fn all_of(event: &Event) -> impl Iterator<Item = Self> {
        let own = event.step == Step::Own && event.action == Action::Allow;
        event.pass.map(Self::Pass).into_iter().chain(own.then_some(Self::Entry(event.rule)))
    }
}

/// Whose something is. A person only if we are sure enough to name them; else the device, else the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    Person(PersonId),
    Device(DeviceId),
    Address(ClientAddr),
}

impl Whose {
    pub fn of(who: &Who) -> Self {
        match (who.person, who.device) {
            (Some(person), _) if who.sure.may_name() => Self::Person(person),
            (_, Some(device)) => Self::Device(device),
            _ => Self::Address(who.client),
        }
    }
}

/// Whether a report tells of this row by itself, whatever else came then.
fn is_told(event: &Event) -> bool {
    is_blocked(event) || (event.theme.is_some() && event.intent.is_meant())
}

/// Whether the names around it say something of it: a block that may have been meant.
fn has_company(event: &Event) -> bool {
    is_blocked(event) && event.category != Some(Category::ADVERTS) && event.step != Step::Platform
}

/// An attempt that may be near a block.
#[derive(Debug, Clone, Copy)]
struct Recent {
    at_ms: i64,
    seq: u64,
    place: Place,
    whose: Whose,
    told: bool,
}

/// What one transaction adds to one cell.
#[derive(Debug, Default)]
struct Added {
    cell: Cell,
    seqs: Vec<u64>,
    told: Vec<u64>,
}

/// The cells of one week file, on their way into it: a transaction at a time.
#[derive(Default)]
pub struct Rollup {
    base_ms: i64,
    cells: BTreeMap<Place, Added>,
    uses: BTreeMap<(i64, u32, Leave), u64>,
    /// The attempts of this transaction, and those of the last seconds before it.
    recent: Vec<Recent>,
    /// Who was blocked when, in steps of [`NEAR_MS`].
    blocks: HashSet<(Whose, i64)>,
}

impl Rollup {
    pub fn new(base_ms: i64) -> Self {
        Self { base_ms, ..Self::default() }
    }

    /// Which cell an event of these falls in. `who`: an id of the file, 0 where nobody may be written down.
    fn place(&self, event: &Event, who: i64) -> Place {
        let slot = event.when_ms.wrapping_sub(self.base_ms).div_euclid(SLOT_MS);
        Place { slot, who, version: event.policy_version }
    }

    /// Takes in what an event comes to.
    pub fn sum(&mut self, event: &Event, who: i64) {
        for attempt in event.attempts() {
            if let Some(cell) = Cell::of(&attempt) {
                // A visit to help is nobody's, whatever the row says.
                let place = self.place(&attempt, if is_help(event) { 0 } else { who });
                self.cells.entry(place).or_default().cell.add(&cell);
            }
        }
        if event.who.is_some() && !is_left_out(event) && !is_help(event) {
            for opened in Leave::all_of(event) {
                *self.uses.entry((who, event.policy_version, opened)).or_default() += u64::from(event.count.max(1));
            }
        }
    }

    /// Takes a row in that the file did not have.
    pub fn add(&mut self, seq: u64, event: &Event, who: i64) {
        self.sum(event, who);
        if event.who.is_none() {
            return;
        }
        let added = self.cells.entry(self.place(event, who)).or_default();
        added.seqs.push(seq);
        if is_left_out(event) || is_help(event) {
            return;
        }
        if is_told(event) {
            added.told.push(seq);
        }
        self.remember(seq, event, who);
    }

    /// Keeps in mind for some seconds that this row is there: it may have company yet.
    pub fn remember(&mut self, seq: u64, event: &Event, who: i64) {
        let Some(whose) = event.who.as_ref().map(Whose::of) else { return };
        if event.step == Step::Platform || is_left_out(event) || is_help(event) {
            return;
        }
        let (place, told) = (self.place(event, who), is_told(event));
        for attempt in event.attempts() {
            if has_company(event) {
                self.blocks.insert((whose, attempt.when_ms.div_euclid(NEAR_MS)));
            }
            self.recent.push(Recent { at_ms: attempt.when_ms, seq, place, whose, told });
        }
    }

    /// Writes what was taken in. After a failure this is not to be used again.
    pub fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let Self { cells, recent, blocks, uses, .. } = self;
        for row in recent.iter_mut().filter(|row| !row.told) {
            let step = row.at_ms.div_euclid(NEAR_MS);
            if (step - 1..=step + 1).any(|step| blocks.contains(&(row.whose, step))) {
                row.told = true;
                cells.entry(row.place).or_default().told.push(row.seq);
            }
        }
        let newest = recent.iter().map(|row| row.at_ms).max().unwrap_or(0);
        recent.retain(|row| row.at_ms > newest.saturating_sub(LATE_MS + NEAR_MS));
        recent.drain(..recent.len().saturating_sub(MAX_RECENT));
        blocks.retain(|(_, step)| *step > newest.saturating_sub(LATE_MS + NEAR_MS).div_euclid(NEAR_MS) - 1);
        let mut stored =
            db.prepare_cached(&format!("SELECT {CELL}, told, seqs FROM slots WHERE slot = ?1 AND who = ?2 AND version = ?3"))?;
        let places: Vec<_> = (1..=23).map(|n| format!("?{n}")).collect();
        let mut write = db.prepare_cached(&format!(
            "INSERT OR REPLACE INTO slots (slot, who, version, {CELL}, told, seqs) VALUES ({})",
            places.join(", ")
        ))?;
        for (place, added) in std::mem::take(cells) {
            let before = stored.query_row(params![place.slot, place.who, place.version], |row| {
                Ok((cell_of(row, 0)?, row.get::<_, Option<Vec<u8>>>(18)?, row.get::<_, Option<Vec<u8>>>(19)?))
            });
            let (mut cell, told, seqs) = before.optional()?.unwrap_or_default();
            cell.add(&added.cell);
            let (told, seqs) = (extend(told, &added.told), extend(seqs, &added.seqs));
            let n = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            write.execute(params![
                place.slot,
                place.who,
                place.version,
                n(cell.events),
                n(cell.names),
                n(cell.searches),
                cell.shown.bits() as i64,
                cell.passed.bits() as i64,
                cell.own.bits() as i64,
                n(cell.blocked),
                n(cell.would_block),
                n(cell.warned),
                n(cell.adverts),
                n(cell.teaching),
                n(cell.passes),
                n(cell.help),
                n(cell.whole),
                n(cell.decrypted),
                n(cell.sums),
                u8::from(cell.named),
                u8::from(cell.searched),
                told,
                seqs,
            ])?;
        }
        let add = "INSERT INTO uses (who, version, kind, id, count) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET count = count + excluded.count";
        let mut add = db.prepare_cached(add)?;
        for ((who, version, opened), count) in std::mem::take(uses) {
            let (kind, id) = opened.stored();
            add.execute(params![who, version, kind, id, i64::try_from(count).unwrap_or(i64::MAX)])?;
        }
        Ok(())
    }
}

/// Every cell of a file, in the order of their slots.
pub fn each_cell(db: &Connection, each: &mut dyn FnMut(Place, &Cell)) -> rusqlite::Result<()> {
    let mut all = db.prepare(&format!("SELECT slot, who, version, {CELL} FROM slots ORDER BY slot, who, version"))?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        each(Place { slot: row.get(0)?, who: row.get(1)?, version: row.get(2)? }, &cell_of(row, 3)?);
    }
    Ok(())
}

/// What was let through by what the school had opened: whose, by which policy version, how often.
pub fn uses(db: &Connection) -> rusqlite::Result<Vec<(i64, u32, Leave, u64)>> {
    let mut all = db.prepare("SELECT who, version, kind, id, count FROM uses ORDER BY version, who, kind, id")?;
    let read = |row: &Row| {
        let opened = Leave::of_stored(row.get(2)?, row.get(3)?);
        Ok((row.get(0)?, row.get(1)?, opened, row.get::<_, i64>(4)?.max(0) as u64))
    };
    all.query_map([], read)?.collect()
}

/// The rows that a report tells of one by one, in the order of their seqs; and the newest of all, which may be company to what is
/// not in the file yet.
pub fn told(db: &Connection) -> rusqlite::Result<Vec<u64>> {
    let mut seqs = seqs_where(db, "SELECT told FROM slots WHERE told IS NOT NULL", [])?;
    let newest = format!("SELECT seq, at FROM events ORDER BY seq DESC LIMIT {MAX_RECENT}");
    let mut statement = db.prepare(&newest)?;
    let mut rows = statement.query([])?;
    let mut newest_at = i64::MIN;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(1)?;
        newest_at = newest_at.max(at);
        if at < newest_at.saturating_sub(RESUMED_MS) {
            break;
        }
        seqs.push(row.get::<_, i64>(0)? as u64);
    }
    seqs.sort_unstable();
    seqs.dedup();
    Ok(seqs)
}

/// The most ids whose cells are asked for one by one; of more, all cells are gone through.
const FEW: usize = 24;

/// The rows of these, in the order of their seqs, in the slots from `since` on.
pub fn seqs_of(db: &Connection, whos: &[i64], since: i64) -> rusqlite::Result<Vec<u64>> {
    let range = "SELECT ifnull(min(slot), 0), ifnull(max(slot), -1) FROM slots WHERE slot >= ?1";
    let (from, until) = db.query_row(range, [since], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let mut found = Vec::new();
    if whos.len() <= FEW && (until - from) < 10_000 {
        let mut one = db.prepare_cached("SELECT seqs FROM slots WHERE slot = ?1 AND who = ?2")?;
        for slot in from..=until {
            for who in whos {
                let mut rows = one.query([slot, *who])?;
                while let Some(row) = rows.next()? {
                    read_seqs(row.get_ref(0)?.as_blob_or_null()?.unwrap_or_default(), &mut found);
                }
            }
        }
    } else {
        let list = whos.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        return seqs_where(db, &format!("SELECT seqs FROM slots WHERE slot >= ?1 AND who IN ({list})"), [since]);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn seqs_where<const N: usize>(db: &Connection, sql: &str, values: [i64; N]) -> rusqlite::Result<Vec<u64>> {
    let (mut statement, mut found) = (db.prepare(sql)?, Vec::new());
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        read_seqs(row.get_ref(0)?.as_blob_or_null()?.unwrap_or_default(), &mut found);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
