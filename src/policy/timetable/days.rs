//! Which days are school days, in which week of the fortnight, and when the bell goes.

use crate::words::{Day, Moment};
use jiff::civil::Date;
use std::ops::Range;

/// Local minutes of the day that are school where nobody has written the term dates, or no bell times.
pub const SCHOOL_HOURS: Range<u16> = 8 * 60..16 * 60 + 30;

/// Minutes before a bell in which a teacher gets the next lesson ready.
const AHEAD_OF_BELL: u16 = 10;

/// Most days that are worked out ahead: a century. The configuration has no dates further apart.
const MOST_DAYS: i32 = 36_525;

/// A week of a two-week timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Fortnight {
    A,
    B,
}

impl Fortnight {
    fn after(self, weeks: usize) -> Self {
        if weeks.is_multiple_of(2) == (self == Self::A) { Self::A } else { Self::B }
    }
}

/// A lesson or a break between two bells, on school days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub name: String,
    /// Bit 0 is Monday.
    pub days: u8,
    /// Local minutes of the day, up to but not at `until`.
    pub from: u16,
    pub until: u16,
    /// Otherwise a break.
    pub lesson: bool,
}

impl Period {
    pub fn holds(&self, moment: &Moment) -> bool {
        self.days & (1 << moment.weekday()) != 0 && (self.from..self.until).contains(&moment.minute_of_day())
    }
}

/// What a day is to the school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Off,
    A,
    B,
    /// Of a school year without term dates: school is on in [`SCHOOL_HOURS`].
    AssumedA,
    AssumedB,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Off, Self::A, Self::B, Self::AssumedA, Self::AssumedB];

    /// The week of the fortnight; `None`: no school.
    pub fn week(self) -> Option<Fortnight> {
        match self {
            Self::Off => None,
            Self::A | Self::AssumedA => Some(Fortnight::A),
            Self::B | Self::AssumedB => Some(Fortnight::B),
        }
    }

    pub fn is_assumed(self) -> bool {
        matches!(self, Self::AssumedA | Self::AssumedB)
    }

    fn of(week: Fortnight, assumed: bool) -> Self {
        match (week, assumed) {
            (Fortnight::A, false) => Self::A,
            (Fortnight::B, false) => Self::B,
            (Fortnight::A, true) => Self::AssumedA,
            (Fortnight::B, true) => Self::AssumedB,
        }
    }
}

/// Which days are school days: Monday to Friday of a term, but for days off; of a school year (September to August) for which no
/// term is written, every Monday to Friday but for days off, in [`SCHOOL_HOURS`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchoolDays {
    /// First and last day of each term.
    pub terms: Vec<(Day, Day)>,
    /// Inset days, and bank holidays.
    pub off: Vec<Day>,
    /// How many of them are written, and first.
    pub days_off: usize,
    /// Days of which it is written in which week of the fortnight they are. From there A and B take turns, from week to week with
    /// a school day. None: every week is A.
    pub weeks: Vec<(Day, Fortnight)>,
    /// Bell times.
    pub periods: Vec<Period>,
}

impl SchoolDays {
    /// Whether it is a school day.
    pub fn contains(&self, moment: &Moment) -> bool {
        self.is_on(moment.day).is_some()
    }

    /// Whether it is lesson time: between the bells of a lesson, or without bell times in [`SCHOOL_HOURS`].
    pub fn is_lesson(&self, moment: &Moment) -> bool {
        let between = || self.periods.iter().any(|p| p.lesson && p.holds(moment));
        let in_hours = || SCHOOL_HOURS.contains(&moment.minute_of_day());
        (if self.periods.is_empty() { in_hours() } else { between() }) && self.contains(moment)
    }

    /// The bell that ends the period of this moment of a school day, in local minutes of the day; in the last minutes before it,
    /// and between two periods, the bell that ends the next.
    pub fn bell(&self, moment: &Moment) -> Option<u16> {
        let minute = moment.minute_of_day();
        let today = || self.periods.iter().filter(|p| p.days & (1 << moment.weekday()) != 0);
        let now = today().find(|p| p.holds(moment)).map(|p| p.until);
        let next = today().filter(|p| p.from > minute).min_by_key(|p| p.from);
        let ahead = next.filter(|p| now.is_none() || p.from - minute <= AHEAD_OF_BELL).map(|p| p.until);
        ahead.or(now)
    }

    /// Whether no term is written for the school year of this day, so that it is not known when school is.
    pub fn is_unknown(&self, day: Day) -> bool {
        let year = school_year(day);
        !self.terms.iter().any(|(first, last)| school_year(*first) <= year && year <= school_year(*last))
    }

    /// Whether school is on: `Some(true)` if that is only assumed.
    fn is_on(&self, day: Day) -> Option<bool> {
        if weekday(day) >= 5 || self.off.contains(&day) {
            return None;
        }
        let in_term = self.terms.iter().any(|(first, last)| (*first..=*last).contains(&day));
        if in_term { Some(false) } else { self.is_unknown(day).then_some(true) }
    }
}

/// Every day's kind, worked out once.
#[derive(Debug)]
pub(super) struct Table {
    first: i32,
    kinds: Box<[Kind]>,
    /// The week of the fortnight of the week before the first day's. Past the table A and B take turns without a rest.
    before: Fortnight,
}

impl Table {
    /// From September before the first day that is written to August a year after the last.
    pub fn of(days: &SchoolDays) -> Self {
        let written = || {
            let terms = days.terms.iter().flat_map(|(first, last)| [*first, *last]);
            terms.chain(days.off.iter().copied()).chain(days.weeks.iter().map(|(day, _)| *day))
        };
        let (Some(first), Some(last)) = (written().min(), written().max()) else {
            return Self { first: 0, kinds: Box::default(), before: Fortnight::B };
        };
        let first = monday(september(school_year(first)).0);
        let last = september(school_year(last) + 2).0.min(first + MOST_DAYS);
        let on: Vec<Option<bool>> = (first..last).map(|day| days.is_on(Day(day))).collect();
        let weeks = weeks(&on, first, &days.weeks);
        let kind = |(i, on): (usize, &Option<bool>)| match (*on, weeks.get(i / 7)) {
            (Some(assumed), Some(week)) => Kind::of(*week, assumed),
            _ => Kind::Off,
        };
        let kinds = on.iter().enumerate().map(kind).collect();
        Self { first, kinds, before: weeks.first().map_or(Fortnight::B, |week| week.after(1)) }
    }

    pub fn kind(&self, moment: &Moment) -> Kind {
        let place = moment.day.0.wrapping_sub(self.first);
        if let Some(kind) = usize::try_from(place).ok().and_then(|i| self.kinds.get(i)) {
            return *kind;
        }
        if moment.weekday() >= 5 {
            return Kind::Off;
        }
        Kind::of(self.before.after(place.div_euclid(7).wrapping_add(1).rem_euclid(2) as usize), true)
    }
}

/// The week of the fortnight of each week, from the first Monday on.
fn weeks(on: &[Option<bool>], first: i32, written: &[(Day, Fortnight)]) -> Vec<Fortnight> {
    // How many weeks with a school day come before each.
    let mut taken = 0;
    let turns: Vec<usize> = on
        .chunks(7)
        .map(|week| {
            let turn = taken;
            taken += usize::from(week.iter().any(Option::is_some));
            turn
        })
        .collect();
    let mut written: Vec<(usize, Fortnight)> =
        written.iter().filter_map(|(day, week)| Some((usize::try_from((day.0 - first).div_euclid(7)).ok()?, *week))).collect();
    written.sort_unstable();
    let week = |(i, turn): (usize, &usize)| {
        let said = written.iter().rev().find(|(at, _)| *at <= i).or(written.first());
        said.map_or(Fortnight::A, |(at, week)| week.after(turn.abs_diff(turns.get(*at).copied().unwrap_or(taken))))
    };
    turns.iter().enumerate().map(week).collect()
}

/// 0 is Monday. 1 January 1970 was a Thursday.
fn weekday(day: Day) -> i32 {
    (day.0 + 3).rem_euclid(7)
}

fn monday(day: i32) -> i32 {
    day - weekday(Day(day))
}

/// The year in whose September the school year of a day begins.
pub fn school_year(day: Day) -> i16 {
    let date = epoch().saturating_add(jiff::Span::new().days(day.0.clamp(-700_000, 2_900_000)));
    if date.month() >= 9 { date.year() } else { date.year() - 1 }
}

/// Its first day.
pub fn september(year: i16) -> Day {
    let date = Date::new(year, 9, 1).unwrap_or(Date::MAX);
    Day(epoch().until((jiff::Unit::Day, date)).map_or(0, |span| span.get_days()))
}

fn epoch() -> Date {
    jiff::civil::date(1970, 1, 1)
}
