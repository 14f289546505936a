//! When a group may: cells of the timetable, precomputed so that a decision reads one mask.

use super::Act;
use crate::words::moment::WEEK_MINUTES;
use crate::words::{Category, Day, GroupId, Moment};

/// A cell, by its place in [`Timetable::cells`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u16);

/// Most cells of one timetable: they share a 64-bit mask a minute.
pub const MAX_CELLS: usize = 64;

/// On which days a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Monday to Friday in term, but for days off.
    School,
    /// These days of the week, term or not: bit 0 is Monday.
    Week(u8),
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
    /// Local minutes of the day: from the first, up to but not at the second. A cell does not cross midnight.
    pub from: u16,
    pub until: u16,
}

/// Which days are school days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchoolDays {
    /// First and last day of each term. Empty: every Monday to Friday is a school day.
    pub terms: Vec<(Day, Day)>,
    /// Inset days and holidays within terms.
    pub off: Vec<Day>,
}

impl SchoolDays {
    /// Whether school is on: Monday to Friday, in a term, not a day off.
    pub fn contains(&self, moment: &Moment) -> bool {
        moment.weekday() < 5
            && (self.terms.is_empty() || self.terms.iter().any(|(first, last)| (*first..=*last).contains(&moment.day)))
            && !self.off.contains(&moment.day)
    }
}

/// All cells, and for each minute of the week the mask of those that may hold.
#[derive(Debug, Clone)]
pub struct Timetable {
    cells: Vec<Cell>,
    school_days: SchoolDays,
    by_minute: Box<[u64]>,
    /// The cells that hold on school days only.
    school_only: u64,
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
        let mut by_minute = vec![0; usize::from(WEEK_MINUTES)].into_boxed_slice();
        let mut school_only = 0;
        for (i, cell) in cells.iter().enumerate() {
            let days = match cell.days {
                Days::School => {
                    school_only |= 1 << i;
                    0b001_1111
                }
                Days::Week(days) => days,
            };
            for day in (0..7).filter(|d| days & (1 << d) != 0) {
                let midnight = day * 24 * 60;
                let minutes = usize::from(midnight + cell.from)..usize::from(midnight + cell.until.min(24 * 60));
                by_minute.get_mut(minutes).into_iter().flatten().for_each(|mask: &mut u64| *mask |= 1 << i);
            }
        }
        Self { cells, school_days, by_minute, school_only }
    }

    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub fn school_days(&self) -> &SchoolDays {
        &self.school_days
    }

    /// The mask of the cells that hold at this moment.
    pub fn at(&self, moment: &Moment) -> u64 {
        let mask = self.by_minute.get(usize::from(moment.minute_of_week)).copied().unwrap_or(0);
        if mask & self.school_only != 0 && !self.school_days.contains(moment) { mask & !self.school_only } else { mask }
    }

    /// The cells of a mask that [`Timetable::at`] gave.
    pub fn holding(&self, mask: u64) -> impl Iterator<Item = (CellId, &Cell)> {
        self.cells.iter().enumerate().filter(move |(i, _)| mask & (1 << i) != 0).map(|(i, c)| (CellId(i as u16), c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i32, weekday: u16, hour: u16, minute: u16) -> Moment {
        Moment { unix_ms: 0, day: Day(day), minute_of_week: weekday * 1440 + hour * 60 + minute }
    }

    fn lunch(days: Days) -> Cell {
        Cell {
            name: "lunch".into(),
            category: Category::SOCIAL_NETWORKING,
            act: Act::Allow,
            group: None,
            days,
            from: 12 * 60 + 30,
            until: 13 * 60 + 30,
        }
    }

    #[test]
    fn a_cell_holds_from_its_first_minute_up_to_its_last() {
        let timetable = Timetable::new(vec![lunch(Days::Week(0b100_0001))], SchoolDays::default());
        for (moment, holds) in [
            (at(0, 0, 12, 29), false),
            (at(0, 0, 12, 30), true),
            (at(0, 0, 13, 29), true),
            (at(0, 0, 13, 30), false),
            (at(0, 1, 12, 30), false),
            (at(0, 6, 12, 30), true),
        ] {
            assert_eq!(timetable.at(&moment) == 1, holds, "{moment}");
        }
    }

    #[test]
    fn a_school_day_is_a_weekday_in_term_and_not_off() {
        let days = SchoolDays { terms: vec![(Day(100), Day(120))], off: vec![Day(110)] };
        let timetable = Timetable::new(vec![lunch(Days::School)], days);
        for (day, weekday, holds) in
            [(100, 0, true), (99, 4, false), (120, 4, true), (121, 0, false), (110, 0, false), (105, 5, false)]
        {
            assert_eq!(timetable.at(&at(day, weekday, 12, 45)) == 1, holds, "day {day}");
        }
    }
}
