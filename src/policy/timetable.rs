//! When a group may: cells of the timetable, precomputed so that a decision reads one mask.
//!
//! - [`days`]  which days are school days, in which week of the fortnight, and when the bell goes

mod days;

pub use days::{Fortnight, Kind, Period, SCHOOL_HOURS, SchoolDays, school_year, september};

use super::Act;
use crate::words::moment::WEEK_MINUTES;
use crate::words::{Category, GroupId, Moment};
use days::Table;
use std::sync::Arc;

/// A cell, by its place in [`Timetable::cells`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u16);

/// Most cells of one timetable: they share a 64-bit mask a minute.
pub const MAX_CELLS: usize = 64;

/// On which days a cell holds, of those that its [`Times`] name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Term or not.
    Any,
    /// School days only; of one week of the fortnight, or of both.
    School(Option<Fortnight>),
}

/// Local minutes of some days of the week: from the first, up to but not at the second. They do not cross midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Bit 0 is Monday.
    pub days: u8,
    pub from: u16,
    pub until: u16,
}

/// One category, for one group or all, at some times: replaces the profile's cell of that category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// As written, for the log and `explain`.
    pub name: String,
    pub category: Category,
    pub act: Act,
    /// `None`: every group.
    pub group: Option<GroupId>,
    pub days: Days,
    pub times: Vec<Times>,
}

/// All cells, and for each minute of the week the mask of those that may hold. A clone shares them.
#[derive(Debug, Clone)]
pub struct Timetable(Arc<Made>);

#[derive(Debug)]
struct Made {
    cells: Vec<Cell>,
    school_days: SchoolDays,
    /// Empty without cells.
    by_minute: Box<[u64]>,
    /// The cells that hold on school days only.
    school_only: u64,
    /// For each [`Kind`] of a day, the cells that may hold on it.
    by_kind: [u64; Kind::ALL.len()],
    days: Table,
}

impl Default for Timetable {
    fn default() -> Self {
        Self::new(Vec::new(), SchoolDays::default())
    }
}

impl Timetable {
    /// Cells past [`MAX_CELLS`] are left out: the configuration refuses them before.
    pub fn new(mut cells: Vec<Cell>, school_days: SchoolDays) -> Self {
        cells.truncate(MAX_CELLS);
        let minutes = if cells.is_empty() { 0 } else { usize::from(WEEK_MINUTES) };
        let mut by_minute = vec![0; minutes].into_boxed_slice();
        let (mut school_only, mut not_in) = (0, [0; 2]);
        for (i, cell) in cells.iter().enumerate() {
            let bit = 1 << i;
            if let Days::School(week) = cell.days {
                school_only |= bit;
                not_in[0] |= if week == Some(Fortnight::B) { bit } else { 0 };
                not_in[1] |= if week == Some(Fortnight::A) { bit } else { 0 };
            }
            for times in &cell.times {
                for day in (0..7).filter(|d| times.days & (1 << d) != 0) {
                    let midnight = day * 24 * 60;
                    let minutes = usize::from(midnight + times.from)..usize::from(midnight + times.until.min(24 * 60));
                    by_minute.get_mut(minutes).into_iter().flatten().for_each(|mask: &mut u64| *mask |= bit);
                }
            }
        }
        let by_kind = Kind::ALL.map(|kind| match kind.week() {
            None => !school_only,
            Some(week) => !not_in[week as usize],
        });
        let days = Table::of(&school_days);
        Self(Arc::new(Made { cells, school_days, by_minute, school_only, by_kind, days }))
    }

    pub fn cells(&self) -> &[Cell] {
        &self.0.cells
    }

    pub fn school_days(&self) -> &SchoolDays {
        &self.0.school_days
    }

    /// What this day is. Where nobody has written the dates, school is not on outside of [`SCHOOL_HOURS`].
    pub fn kind(&self, moment: &Moment) -> Kind {
        let kind = self.0.days.kind(moment);
        let hours = || SCHOOL_HOURS.contains(&moment.minute_of_day());
        if kind.is_assumed() && !hours() { Kind::Off } else { kind }
    }

    /// The mask of the cells that hold at this moment. While the clock is not set nobody knows: all of them may, and a decision
    /// takes of each category the strictest of the profile and them.
    pub fn at(&self, moment: &Moment) -> u64 {
        let Made { by_minute, school_only, by_kind, .. } = &*self.0;
        let Some(&mask) = by_minute.get(usize::from(moment.minute_of_week)) else { return 0 };
        if !moment.is_set() {
            return u64::MAX;
        }
        if mask & school_only == 0 { mask } else { mask & by_kind[self.kind(moment) as usize] }
    }

    /// The cells of a mask that [`Timetable::at`] gave.
    pub fn holding(&self, mask: u64) -> impl Iterator<Item = (CellId, &Cell)> {
        self.0.cells.iter().enumerate().filter(move |(i, _)| mask & (1 << i) != 0).map(|(i, c)| (CellId(i as u16), c))
    }

    /// The bell that ends the lesson or break of this moment, in local minutes of the day: see [`SchoolDays::bell`]. `None`: no
    /// school, or no bell times.
    pub fn bell(&self, moment: &Moment) -> Option<u16> {
        (self.kind(moment) != Kind::Off).then(|| self.0.school_days.bell(moment)).flatten()
    }
}

#[cfg(test)]
mod tests;
