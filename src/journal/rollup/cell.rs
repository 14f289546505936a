//! The sums of five minutes, and which of them an event counts in.

use crate::journal::event::{Decrypted, Door, Event, Intent};
use crate::policy::{Action, Step};
use crate::words::category::FIRST_OWN;
use crate::words::{Category, CategorySet};
use rusqlite::Row;

/// What events come to together. Counts are of events, not of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    pub events: u64,
    /// What a person may have asked for: not what machines need to work.
    pub names: u64,
    /// Searches among those.
    pub searches: u64,
    /// What those were that were not blocked.
    pub shown: CategorySet,
    /// What a pass let through.
    pub passed: CategorySet,
    /// The school's own categories, of anything.
    pub own: CategorySet,
    /// Blocked, or would have been; adverts among them.
    pub blocked: u64,
    pub would_block: u64,
    pub warned: u64,
    /// Blocked adverts.
    pub adverts: u64,
    /// Blocked hosts of education.
    pub teaching: u64,
    /// Let through by a pass.
    pub passes: u64,
    /// Visits to help: nobody's.
    pub help: u64,
    /// With a path.
    pub whole: u64,
    /// Within TLS that was looked into.
    pub decrypted: u64,
    /// Of who asked without end: no names are kept of these.
    pub sums: u64,
    /// A name was seen; a search was.
    pub named: bool,
    pub searched: bool,
}

/// What a row is not counted in at all: the gate's own questions, and tunnels of which each request has a row.
pub fn is_left_out(event: &Event) -> bool {
    event.door == Door::SelfTest || (event.method == "CONNECT" && event.decrypted == Decrypted::Yes)
}

/// A visit to help belongs to nobody; if ever one came with somebody, it must not be linked anywhere.
pub fn is_help(event: &Event) -> bool {
    event.step == Step::Help || event.categories.contains(Category::HELP)
}

/// Blocked, or written down as blocked where a network only watches.
pub fn is_blocked(event: &Event) -> bool {
    matches!(event.action, Action::Block | Action::WouldBlock)
}

impl Cell {
    /// What a row counts for. `None`: for nothing.
    pub fn of(event: &Event) -> Option<Self> {
        if is_left_out(event) {
            return None;
        }
        let count = u64::from(event.count.max(1));
        let if_so = |so: bool| if so { count } else { 0 };
        let cell = Self { events: count, ..Self::default() };
        if is_help(event) {
            return Some(Self { help: count, ..cell });
        }
        if event.who.is_none() {
            return Some(cell);
        }
        let (blocked, machine) = (is_blocked(event), event.step == Step::Platform);
        let named = if machine { CategorySet::EMPTY } else { event.categories };
        Some(Self {
            names: if_so(!machine),
            searches: if_so(!machine && event.intent == Intent::Search && event.has_search()),
            shown: if blocked { CategorySet::EMPTY } else { named },
            passed: if event.pass.is_some() { named } else { CategorySet::EMPTY },
            own: event.categories.without(CategorySet::from_bits((1 << FIRST_OWN) - 1)),
            blocked: if_so(blocked),
            would_block: if_so(event.action == Action::WouldBlock),
            warned: if_so(event.action == Action::Warn),
            adverts: if_so(blocked && event.category == Some(Category::ADVERTS)),
            teaching: if_so(blocked && event.categories.contains(Category::EDUCATION) && event.step != Step::Locked),
            passes: if_so(event.step == Step::Pass),
            whole: if_so(event.has_path()),
            decrypted: if_so(event.decrypted == Decrypted::Yes),
            sums: if_so(event.is_sum()),
            named: !event.host.is_empty() || event.step == Step::Locked,
            searched: event.intent == Intent::Search,
            ..cell
        })
    }

    pub fn add(&mut self, other: &Self) {
        let counts = [
            (&mut self.events, other.events),
            (&mut self.names, other.names),
            (&mut self.searches, other.searches),
            (&mut self.blocked, other.blocked),
            (&mut self.would_block, other.would_block),
            (&mut self.warned, other.warned),
            (&mut self.adverts, other.adverts),
            (&mut self.teaching, other.teaching),
            (&mut self.passes, other.passes),
            (&mut self.help, other.help),
            (&mut self.whole, other.whole),
            (&mut self.decrypted, other.decrypted),
            (&mut self.sums, other.sums),
        ];
        counts.into_iter().for_each(|(sum, more)| *sum = sum.saturating_add(more));
        self.shown = self.shown.or(other.shown);
        self.passed = self.passed.or(other.passed);
        self.own = self.own.or(other.own);
        self.named |= other.named;
        self.searched |= other.searched;
    }
}

/// The columns of a cell in the order of [`cell_of`].
pub const CELL: &str = "events, names, searches, shown, passed, own, blocked, would_block, warned, adverts, teaching, passes, help, \
                    whole, decrypted, sums, named, searched";

pub fn cell_of(row: &Row, at: usize) -> rusqlite::Result<Cell> {
    let count = |nth: usize| row.get::<_, i64>(at + nth).map(|n| u64::try_from(n).unwrap_or(0));
    let set = |nth: usize| row.get::<_, i64>(at + nth).map(|bits| CategorySet::from_bits(bits as u64));
    Ok(Cell {
        events: count(0)?,
        names: count(1)?,
        searches: count(2)?,
        shown: set(3)?,
        passed: set(4)?,
        own: set(5)?,
        blocked: count(6)?,
        would_block: count(7)?,
        warned: count(8)?,
        adverts: count(9)?,
        teaching: count(10)?,
        passes: count(11)?,
        help: count(12)?,
        whole: count(13)?,
        decrypted: count(14)?,
        sums: count(15)?,
        named: count(16)? > 0,
        searched: count(17)? > 0,
    })
}
