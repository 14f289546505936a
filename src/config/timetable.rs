//! `[[timetable]]` and the term dates: when a category is something else than the profile says.

use super::categories::Categories;
use super::fault::{Fault, Placed, Wrong};
use super::file::{Item, Section};
use super::known::Known;
use super::values;
use crate::policy::timetable::MAX_CELLS;
use crate::policy::{Act, Cell, Days, SchoolDays};
use crate::words::{Day, GroupId};

/// What `days` may say: each day by its name, short or long, as its bit.
const DAYS: &[(&str, u8)] = &[
    ("school", 0),
    ("mon", 1),
    ("tue", 2),
    ("wed", 4),
    ("thu", 8),
    ("fri", 16),
    ("sat", 32),
    ("sun", 64),
    ("monday", 1),
    ("tuesday", 2),
    ("wednesday", 4),
    ("thursday", 8),
    ("friday", 16),
    ("saturday", 32),
    ("sunday", 64),
];

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
    let days = section.need_list("days", |item| item.word(DAYS))?;
    let school = days.value.iter().find(|d| d.value == 0);
    match school {
        None if days.value.is_empty() => {
            section
                .fault(Wrong::new("this cell holds on no day", "\"school\", or days such as [\"mon\", \"tue\"]").at(days.place));
            None
        }
        None => Some(Days::Week(days.value.iter().fold(0, |bits, d| bits | d.value))),
        Some(_) if days.value.len() == 1 => Some(Days::School),
        Some(school) => {
            let wrong = Wrong::new("`school` is every school day already", "\"school\" alone, or only names of days");
            section.fault(wrong.at(school.place));
            None
        }
    }
}

/// Terms and days off of the file of the term dates.
pub(super) fn school_days(root: &Section) -> SchoolDays {
    let mut days = SchoolDays::default();
    let mut terms: Vec<(Placed<Day>, Day)> = Vec::new();
    let mut off: Vec<(Placed<Day>, Option<(Day, Day)>)> = Vec::new();
    off.extend(days_off(root).into_iter().map(|day| (day, None)));
    for section in root.sections("term") {
        // Read so that it may be written; the dates say the rest.
        section.value("name", values::name);
        let (first, last) = (section.need("first", values::day), section.need("last", values::day));
        let within = days_off(&section);
        section.end();
        let (Some(first), Some(last)) = (first, last) else { continue };
        if last.value < first.value {
            section.fault(Wrong::new("this term ends before it begins", "a later date").at(last.place));
            continue;
        }
        if let Some((other, _)) = terms.iter().find(|(f, l)| first.value <= *l && f.value <= last.value) {
            section
                .fault(Wrong::new("two terms share days", "begin after the other one ends").at(first.place).first(other.place));
        }
        off.extend(within.into_iter().map(|day| (day, Some((first.value, last.value)))));
        terms.push((first, last.value));
    }
    days.terms = terms.iter().map(|(first, last)| (first.value, *last)).collect();
    for (day, of) in off {
        let within = |(first, last): &(Day, Day)| (*first..=*last).contains(&day.value);
        let known = match &of {
            Some(term) => within(term),
            None => days.terms.is_empty() || days.terms.iter().any(within),
        };
        if !known {
            root.fault(Wrong::new("this day off is in no term", "a day of a term").at(day.place));
        }
        days.off.push(day.value);
    }
    days
}

fn days_off(section: &Section) -> Vec<Placed<Day>> {
    section.list("off", |item: &Item| values::day(item)).map_or(vec![], |l| l.value)
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
