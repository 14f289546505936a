//! `[[timetable]]` and the term dates: when a category is something else than the profile says.

use super::bank_holidays::{NATIONS, bank_holidays};
use super::categories::Categories;
use super::fault::{Fault, Place, Placed, Wrong, shown};
use super::file::Section;
use super::item::Item;
use super::known::Known;
use super::near::suggest;
use super::values;
use crate::policy::timetable::MAX_CELLS;
use crate::policy::{Act, Cell, Days, Fortnight, Period, SchoolDays, Times};
use crate::words::moment::BUILT_MS;
use crate::words::{Day, GroupId};

/// What `days` may say: each day as its bit.
const DAYS: &[(&str, u8)] =
    &[("school", 0), ("mon", 1), ("tue", 2), ("wed", 4), ("thu", 8), ("fri", 16), ("sat", 32), ("sun", 64)];

/// Ten years of half-terms and more.
const MAX_TERMS: usize = 100;

/// Bells of every day of a week, each of them another.
const MAX_PERIODS: usize = 100;

/// What a date of the school calendar may be: what lies further away is a slip, and every day between two is worked out ahead.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;

/// Years for which bank holidays are worked out past the last term, or from this version on, if there is none.
const HOLIDAY_YEARS: i16 = 10;

const WEEKS: &[(&str, Fortnight)] = &[("A", Fortnight::A), ("B", Fortnight::B)];

/// Monday to Friday, and every day.
const WEEKDAYS: u8 = 0b001_1111;

/// The same in full, which people write, too; Monday is bit 0.
const IN_FULL: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// All cells, in the order they are written.
pub(super) fn cells(
    root: &Section,
    categories: &Categories,
    groups: &Known<GroupId>,
    bells: &SchoolDays,
    whole: bool,
) -> Vec<Cell> {
    let sections = root.sections("timetable");
    if let Some(first) = sections.get(MAX_CELLS) {
        let wrong = Wrong::new(format!("there are more than {MAX_CELLS} cells in the timetable"), "this is the first too many");
        first.fault(wrong.help("cells that hold for every group need no `group`").at(first.place()));
    }
    let bells = Bells { days: bells, whole };
    sections.iter().filter_map(|section| cell(section, categories, groups, &bells)).take(MAX_CELLS).collect()
}

/// What the file of the term dates says, and whether it could be read whole.
struct Bells<'a> {
    days: &'a SchoolDays,
    whole: bool,
}

fn cell(section: &Section, categories: &Categories, groups: &Known<GroupId>, bells: &Bells) -> Option<Cell> {
    let title = "this cell is for a category that does not exist";
    let category = section.need("category", |item| categories.judged(item, title));
    let act = section.need("action", |item| item.word(&[("allow", Act::Allow), ("warn", Act::Warn), ("block", Act::Block)]));
    let group = section.value("group", |item| item.text());
    let of = group.as_ref().map(|g| groups.find(section, g, "this cell is for a group that does not exist"));
    let name = section.value("name", values::name);
    let days = days(section, bells);
    let times = times(section, days.map(|(_, bits)| bits), bells);
    section.end();

    let (category, act, (days, bits)) = (category?.value?, act?.value, days?);
    let times = times?;
    let group_name = group.map_or(String::new(), |g| format!(" for {}", g.value));
    let as_written = || format!("{}: {act}{group_name} {}", categories.id(category), times_text(days, bits, &times));
    Some(Cell {
        name: name.map_or_else(as_written, |n| n.value),
        category,
        act,
        // A group that is not known is a fault already: the cell never comes into force.
        group: of.flatten(),
        days,
        times,
    })
}

/// `from` and `until`, or the bell times of `periods`, on these days of the week.
fn times(section: &Section, days: Option<u8>, bells: &Bells) -> Option<Vec<Times>> {
    let periods = section.list("periods", |item| {
        let name = item.text()?;
        let known = || bells.days.periods.iter().map(|p| p.name.as_str());
        if !bells.whole || known().any(|n| n == name) {
            return Ok(name);
        }
        let none = "no `[[period]]` is written in the term dates";
        Err(Wrong::new(format!("there is no period {}", shown(name)), suggest(name, known(), none)))
    });
    let Some(periods) = periods else {
        let (from, until) = (section.need("from", values::minute), section.need("until", values::minute));
        let (from, until) = (from?, until?);
        if until.value <= from.value {
            section.fault(backwards(from.value, until));
            return None;
        }
        return Some(vec![Times { days: days?, from: from.value, until: until.value }]);
    };
    for key in ["from", "until"] {
        if let Some(written) = section.value(key, values::minute) {
            let wrong = Wrong::new(format!("a cell has `periods` or `{key}`, not both"), "delete one of them");
            section.fault(wrong.at(written.place).first(periods.place));
        }
    }
    let days = days?;
    let named = |p: &&Period| periods.items.iter().any(|n| n.value == p.name);
    let times = bells.days.periods.iter().filter(named).map(|p| Times { days: p.days & days, from: p.from, until: p.until });
    let times: Vec<_> = times.filter(|t| t.days != 0).collect();
    if times.is_empty() && bells.whole && (periods.empty || !periods.items.is_empty()) {
        section.fault(Wrong::new("this cell holds at no time", "periods that are on these days").at(periods.place));
        return None;
    }
    Some(times)
}

fn backwards(from: u16, until: Placed<u16>) -> Fault {
    let wrong = if until.value == from {
        Wrong::new("this cell ends when it begins", "a later time")
    } else {
        Wrong::new("this cell crosses midnight", "at the latest \"24:00\"")
            .help(format!("write two cells: one until \"24:00\", one from \"00:00\" until \"{}\"", clock(until.value)))
    };
    wrong.at(until.place)
}

/// On which days, and which days of the week these are.
fn days(section: &Section, bells: &Bells) -> Option<(Days, u8)> {
    let week = section.value("week", |item| item.word(WEEKS));
    if let Some(week) = week.as_ref().filter(|_| bells.whole && bells.days.weeks.is_empty()) {
        let wrong = Wrong::new("nobody has written which weeks are A and which B", "`week_a = …` in the term dates, with a date");
        section.fault(wrong.at(week.place));
    }
    let days = section.need_list("days", day_of_week)?;
    let school = days.items.iter().find(|d| d.value == 0);
    let bits = days.items.iter().fold(0, |bits, d| bits | d.value);
    match school {
        None if days.items.is_empty() && !days.empty => None,
        None if days.empty => {
            section
                .fault(Wrong::new("this cell holds on no day", "\"school\", or days such as [\"mon\", \"tue\"]").at(days.place));
            None
        }
        None => Some((week.map_or(Days::Any, |w| Days::School(Some(w.value))), bits)),
        Some(_) if days.items.len() == 1 => Some((Days::School(week.map(|w| w.value)), WEEKDAYS)),
        Some(school) => {
            let wrong = Wrong::new("`school` is every school day already", "\"school\" alone, or only names of days");
            section.fault(wrong.at(school.place));
            None
        }
    }
}

/// A day's bit; none for `school`.
fn day_of_week(item: &Item) -> Result<u8, Wrong> {
    match IN_FULL.iter().position(|d| item.text() == Ok(d)) {
        Some(day) => Ok(1 << day),
        None => item.word(DAYS),
    }
}

/// Terms, days off, the weeks of the fortnight and the bells, of the file of the term dates.
pub(super) fn school_days(root: &Section) -> SchoolDays {
    let mut terms: Vec<Term> = Vec::new();
    // Days off of one term, and those at the top of the file, which are of any.
    let mut off_of_one = Vec::new();
    let off_of_any = days_off(root);
    let nation = root.value("bank_holidays", |item| item.word(NATIONS));
    let week_a = root.value("week_a", day);
    let sections = root.sections("term");
    if let Some(first) = sections.get(MAX_TERMS) {
        first.fault(Wrong::new(format!("there are more than {MAX_TERMS} terms"), "delete old ones").at(first.place()));
    }
    for section in sections.iter().take(MAX_TERMS) {
        let term = term(section);
        off_of_one.extend(days_off(section).into_iter().map(|day| (day, term)));
        section.end();
        let Some(term) = term else { continue };
        if let Some(other) = terms.iter().find(|t| term.first.value <= t.last && t.first.value <= term.last) {
            let wrong = Wrong::new("two terms share days", "begin after the other one ends");
            section.fault(wrong.at(term.first.place).beside(other.first.place, "the other one"));
        }
        terms.push(term);
    }
    let no_term = |day: &Placed<Day>| root.fault(Wrong::new("this day off is in no term", "a day of a term").at(day.place));
    off_of_one.iter().filter(|(day, of)| of.is_some_and(|term| !term.holds(day.value))).for_each(|(day, _)| no_term(day));
    off_of_any.iter().filter(|d| !terms.is_empty() && !terms.iter().any(|t| t.holds(d.value))).for_each(no_term);
    let mut off: Vec<Day> = off_of_any.iter().chain(off_of_one.iter().map(|(day, _)| day)).map(|day| day.value).collect();
    let days_off = off.len();
    if let Some(nation) = nation {
        off.extend(holiday_years(&terms).flat_map(|year| bank_holidays(nation.value, year)).map(values::day_of));
    }
    let of_terms = terms.iter().filter_map(|t| Some((t.first.value, t.week?)));
    SchoolDays {
        terms: terms.iter().map(|t| (t.first.value, t.last)).collect(),
        off,
        days_off,
        weeks: week_a.map(|day| (day.value, Fortnight::A)).into_iter().chain(of_terms).collect(),
        periods: periods(root),
    }
}

/// The years whose bank holidays matter.
fn holiday_years(terms: &[Term]) -> std::ops::RangeInclusive<i16> {
    let year = |day: Day| values::date(day).year();
    let first = terms.iter().map(|t| year(t.first.value)).min();
    let last = terms.iter().map(|t| year(t.last)).max();
    let from = first.unwrap_or_else(|| year(Day((BUILT_MS / (24 * 60 * 60 * 1000)) as i32)));
    from..=last.unwrap_or(from).saturating_add(HOLIDAY_YEARS)
}

/// The bells. Two lessons at once would have two.
fn periods(root: &Section) -> Vec<Period> {
    let mut periods: Vec<(Period, Place)> = Vec::new();
    let sections = root.sections("period");
    if let Some(first) = sections.get(MAX_PERIODS) {
        first.fault(Wrong::new(format!("there are more than {MAX_PERIODS} periods"), "delete some").at(first.place()));
    }
    for section in sections.iter().take(MAX_PERIODS) {
        let name = section.need("name", values::name);
        let (from, until) = (section.need("from", values::minute), section.need("until", values::minute));
        let days = section.list("days", day_of_week);
        let lesson = section.value("lesson", Item::flag).is_none_or(|v| v.value);
        section.end();
        let bits =
            days.map_or(WEEKDAYS, |d| d.items.iter().fold(0, |bits, d| bits | if d.value == 0 { WEEKDAYS } else { d.value }));
        let (Some(name), Some(from), Some(until)) = (name, from, until) else { continue };
        if until.value <= from.value {
            section.fault(Wrong::new("this period ends before it begins", "a later time").at(until.place));
            continue;
        }
        let period = Period { name: name.value, days: bits, from: from.value, until: until.value, lesson };
        let meets = |p: &Period| p.days & period.days != 0 && p.from < period.until && period.from < p.until;
        if let Some((_, other)) = periods.iter().find(|(p, _)| meets(p)) {
            let wrong = Wrong::new("two periods are at the same time", "begin when the other one has ended");
            section.fault(wrong.at(from.place).beside(*other, "the other one"));
        }
        periods.push((period, from.place));
    }
    periods.into_iter().map(|(period, _)| period).collect()
}

/// A day of the school calendar.
fn day(item: &Item) -> Result<Day, Wrong> {
    let day = values::day(item)?;
    if YEARS.contains(&values::date(day).year()) {
        return Ok(day);
    }
    Err(Wrong::new("this date is too far away", format!("a year from {} to {}", YEARS.start(), YEARS.end())))
}

/// A term, and where its first day is written.
#[derive(Clone, Copy)]
struct Term {
    first: Placed<Day>,
    last: Day,
    /// Its first week, of the fortnight.
    week: Option<Fortnight>,
}

impl Term {
    fn holds(&self, day: Day) -> bool {
        (self.first.value..=self.last).contains(&day)
    }
}

fn term(section: &Section) -> Option<Term> {
    // The name is for whoever reads the file; the dates say the rest.
    section.value("name", values::name);
    let week = section.value("week", |item| item.word(WEEKS)).map(|w| w.value);
    let (first, last) = (section.need("first", day), section.need("last", day));
    let (first, last) = (first?, last?);
    if last.value < first.value {
        section.fault(Wrong::new("this term ends before it begins", "a later date").at(last.place));
        return None;
    }
    Some(Term { first, last: last.value, week })
}

fn days_off(section: &Section) -> Vec<Placed<Day>> {
    section.list("off", day).map_or(vec![], |l| l.items)
}

/// `HH:MM`.
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// When a cell holds: `12:30–13:30 on school days`.
pub(super) fn times_text(days: Days, bits: u8, times: &[Times]) -> String {
    let mut spans: Vec<_> = times.iter().map(|t| (t.from, t.until)).collect();
    spans.sort_unstable();
    spans.dedup();
    let spans: Vec<_> = spans.iter().map(|(from, until)| format!("{}–{}", clock(*from), clock(*until))).collect();
    let names = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];
    let named: Vec<_> = names.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, n)| *n).collect();
    let on = match days {
        Days::School(_) if bits == WEEKDAYS => "school days".to_owned(),
        _ => named.join(", "),
    };
    let week = match days {
        Days::School(Some(Fortnight::A)) => " of week A",
        Days::School(Some(Fortnight::B)) => " of week B",
        _ => "",
    };
    format!("{} on {on}{week}", spans.join(", "))
}
