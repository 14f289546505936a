//! `[[timetable]]` and the term dates: when a category is something else than the profile says.

use super::categories::Categories;
use super::fault::{Fault, Placed, Wrong};
use super::file::Section;
use super::item::Item;
use super::known::Known;
use super::values;
use crate::policy::timetable::MAX_CELLS;
use crate::policy::{Act, Cell, Days, SchoolDays};
use crate::words::{Day, GroupId};

/// What `days` may say: each day as its bit.
const DAYS: &[(&str, u8)] =
    &[("school", 0), ("mon", 1), ("tue", 2), ("wed", 4), ("thu", 8), ("fri", 16), ("sat", 32), ("sun", 64)];

/// Ten years of half-terms and more.
const MAX_TERMS: usize = 100;

/// The same in full, which people write, too; Monday is bit 0.
const IN_FULL: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// All cells, in the order they are written.
pub(super) fn cells(root: &Section, categories: &Categories, groups: &Known<GroupId>) -> Vec<Cell> {
    let sections = root.sections("timetable");
    if let Some(first) = sections.get(MAX_CELLS) {
        let wrong = Wrong::new(format!("there are more than {MAX_CELLS} cells in the timetable"), "this is the first too many");
        first.fault(wrong.help("cells that hold for every group need no `group`").at(first.place()));
    }
    sections.iter().filter_map(|section| cell(section, categories, groups)).take(MAX_CELLS).collect()
}

fn cell(section: &Section, categories: &Categories, groups: &Known<GroupId>) -> Option<Cell> {
    let title = "this cell is for a category that does not exist";
    let category = section.need("category", |item| categories.judged(item, title));
    let act = section.need("action", |item| item.word(&[("allow", Act::Allow), ("warn", Act::Warn), ("block", Act::Block)]));
    let group = section.value("group", |item| item.text());
    let of = group.as_ref().map(|g| groups.find(section, g, "this cell is for a group that does not exist"));
    let name = section.value("name", values::name);
    let days = days(section);
    let from = section.need("from", values::minute);
    let until = section.need("until", values::minute);
    section.end();

    let (category, act, days, from, until) = (category?.value?, act?.value, days?, from?, until?);
    if until.value <= from.value {
        section.fault(backwards(from.value, until));
        return None;
    }
    let group_name = group.map_or(String::new(), |g| format!(" for {}", g.value));
    let as_written = || {
        let id = categories.id(category);
        format!("{id}: {act}{group_name} {}–{} on {}", clock(from.value), clock(until.value), days_text(days))
    };
    Some(Cell {
        name: name.map_or_else(as_written, |n| n.value),
        category,
        act,
        // A group that is not known is a fault already: the cell never comes into force.
        group: of.flatten(),
        days,
        from: from.value,
        until: until.value,
    })
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

fn days(section: &Section) -> Option<Days> {
    let days = section.need_list("days", |item| match IN_FULL.iter().position(|d| item.text() == Ok(d)) {
        Some(day) => Ok(1 << day),
        None => item.word(DAYS),
    })?;
    let school = days.items.iter().find(|d| d.value == 0);
    match school {
        None if days.items.is_empty() && !days.empty => None,
        None if days.empty => {
            section
                .fault(Wrong::new("this cell holds on no day", "\"school\", or days such as [\"mon\", \"tue\"]").at(days.place));
            None
        }
        None => Some(Days::Week(days.items.iter().fold(0, |bits, d| bits | d.value))),
        Some(_) if days.items.len() == 1 => Some(Days::School),
        Some(school) => {
            let wrong = Wrong::new("`school` is every school day already", "\"school\" alone, or only names of days");
            section.fault(wrong.at(school.place));
            None
        }
    }
}

/// Terms and days off of the file of the term dates.
pub(super) fn school_days(root: &Section) -> SchoolDays {
    let mut terms: Vec<Term> = Vec::new();
    // Days off of one term, and those at the top of the file, which are of any.
    let mut off_of_one = Vec::new();
    let off_of_any = days_off(root);
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
    SchoolDays {
        terms: terms.iter().map(|t| (t.first.value, t.last)).collect(),
        off: off_of_any.iter().chain(off_of_one.iter().map(|(day, _)| day)).map(|day| day.value).collect(),
    }
}

/// A term, and where its first day is written.
#[derive(Clone, Copy)]
struct Term {
    first: Placed<Day>,
    last: Day,
}

impl Term {
    fn holds(&self, day: Day) -> bool {
        (self.first.value..=self.last).contains(&day)
    }
}

fn term(section: &Section) -> Option<Term> {
    // The name is for whoever reads the file; the dates say the rest.
    section.value("name", values::name);
    let (first, last) = (section.need("first", values::day), section.need("last", values::day));
    let (first, last) = (first?, last?);
    if last.value < first.value {
        section.fault(Wrong::new("this term ends before it begins", "a later date").at(last.place));
        return None;
    }
    Some(Term { first, last: last.value })
}

fn days_off(section: &Section) -> Vec<Placed<Day>> {
    section.list("off", |item: &Item| values::day(item)).map_or(vec![], |l| l.items)
}

/// `HH:MM`.
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

pub(super) fn days_text(days: Days) -> String {
    let Days::Week(bits) = days else { return "school days".to_owned() };
    let names = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];
    let named: Vec<_> = names.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, n)| *n).collect();
    named.join(", ")
}
